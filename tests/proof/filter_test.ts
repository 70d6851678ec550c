/** Filters in real time: on a machine that has the time, no frame is lost. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { Codec, createFilter, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";

it(
  "two filters between a live source and a writer lose no frame",
  proofOnly(`${QUIET}, for 5 s`),
  () =>
    withFolder((folder) =>
      inQuiet(async () => {
        const path = join(folder, "out.mp4");
        const source = await VideoSourceFactory.getInstance().createTestPattern({
          width: 320,
          height: 240,
          frames: 45,
        });
        const [first, second] = [await createFilter("vflip"), await createFilter("vflip")];
        try {
          const targets = VideoTargetFactory.getInstance();
          const writer = await targets.createFileWriter(Codec.H264, path, 30, { overwrite: true });
          source.attach(first);
          first.attach(second);
          second.attach(writer);
          await source.ended;
          const { stats } = await writer.close();
          assertLedger(stats.frames);
          assert.equal(stats.frames.written, 45);
          assert.deepEqual(await decodeIndices(path), inOrder(45));
        } finally {
          for (const each of [first, second, source]) await each.close();
        }
      })
    ),
);
