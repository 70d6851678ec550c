/** Bar 5: whatever an observer does, a native writer of a live source loses no frame. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { ObserverOverloadEvent, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";
import { TROUBLES } from "../helpers/troubles.ts";

const FRAMES = 300;

describe("an observer of a live source that", proofOnly(`${QUIET}, for 50 s`), () => {
  for (const { name, update, fails } of TROUBLES) {
    it(`${name} costs a native writer no frame`, async () => {
      await withFolder((folder) =>
        inQuiet(async () => {
          const path = join(folder, "out.mp4");
          const source = await VideoSourceFactory.getInstance()
            .createTestPattern({ width: 320, height: 240, frames: FRAMES });
          const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, 30, { overwrite: true });
          const observer = { update };
          const overloads: unknown[] = [];
          source.addEventListener("overload", (event) => overloads.push(event));
          source.attach(observer);
          source.attach(writer);
          // A pending observer would hold its end back.
          for (let seen = 0; seen < FRAMES; await after(20)) {
            const { captured, missed } = source.stats();
            seen = captured + missed;
          }
          await source.detach(observer);
          await source.ended;
          const { stats: { frames } } = await writer.close();
          await source.close();
          assertLedger(frames);
          assert.equal(frames.written, FRAMES);
          assert.deepEqual(await decodeIndices(path), inOrder(FRAMES));
          if (fails) return;
          assert.ok(overloads.length > 0, "no overload was reported");
          assert.ok(overloads.every((event) => event instanceof ObserverOverloadEvent && event.observer === observer));
        })
      );
    });
  }
});
