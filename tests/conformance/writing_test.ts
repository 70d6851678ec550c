/**
 * GIFT-Grab's file-writing tests T9-T14 and T16-T19 and our cases C6-C8, by the ids of the tables of
 * knowledge/giftgrab.md §2.
 *
 * Where GIFT-Grab appends frames, a test pattern of as many frames is attached here; T14-T18 by appended frames are in
 * tests/e2e/append_test.ts, T15 (a frame of another colour than the first) among them. GIFT-Grab's Xvid takes only BGRA;
 * ours takes every colour space.
 */

import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Codec, ColourSpace, VideoTargetError, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { inOrder, recordPattern } from "../helpers/record.ts";
import { assertRefused } from "../helpers/refusal.ts";

/** The codecs of GIFT-Grab with the extension that it gives each. */
const CODECS: readonly (readonly [name: string, codec: Codec, extension: string])[] = [
  ["HEVC", Codec.HEVC, "mp4"],
  ["Xvid", Codec.Xvid, "avi"],
  ["VP9", Codec.VP9, "webm"],
];
const COLOURS = Object.entries(ColourSpace).filter(([name]) => ["BGRA", "I420", "UYVY"].includes(name));
const RATE = 59.94;
const targets = VideoTargetFactory.getInstance();

describe("the factory of writers", () => {
  it("T9 is one", () => {
    assert.equal(VideoTargetFactory.getInstance(), targets);
  });

  for (const [name, codec, extension] of CODECS) {
    it(`T10 C6 makes a ${name} writer that can be closed without a frame and leaves no file`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, `a.${extension}`);
        const writer = await targets.createFileWriter(codec, path, 30);
        const report = await writer.close();
        assert.deepEqual([report.exists, report.stats.frames.captured], [false, 0]);
        await assert.rejects(stat(path), { code: "ENOENT" });
      });
    });

    it(`T11 C6 refuses an invalid path for ${name}, by its extension or by its folder`, async () => {
      const bad = { is: VideoTargetError, field: "path" } as const;
      await assertRefused(targets.createFileWriter(codec, "/this/file/should/never/exist.extension", 30), {
        ...bad,
        code: "container_mismatch",
        says: /\.extension names no container; use /,
      });
      await assertRefused(targets.createFileWriter(codec, `/this/file/should/never/exist.${extension}`, 30), {
        ...bad,
        code: "not_found",
        says: /folder "\/this\/file\/should\/never" does not exist/,
      });
    });

    for (const [id, wrong] of [["T12", "invalidextension"], ["T19", "rrr"]] as const) {
      it(`${id} C6 refuses .${extension}.${wrong} for ${name}`, async () => {
        await assertRefused(targets.createFileWriter(codec, `/tmp/a.${extension}.${wrong}`, 30), {
          is: VideoTargetError,
          code: "container_mismatch",
          field: "path",
          says: new RegExp(`\\.${wrong} names no container; use .*\\.${extension}`),
        });
      });
    }

    // GIFT-Grab throws a VideoTargetError; here bad arguments are RangeErrors that name the field.
    it(`T13 C6 refuses the frame rates -30 and 0 for ${name}`, async () => {
      for (const rate of [-30, 0]) {
        await assertRefused(targets.createFileWriter(codec, `/tmp/a.${extension}`, rate), {
          is: RangeError,
          code: "invalid_argument",
          field: "frameRate",
          says: /must be a positive number/,
        });
      }
    });

    for (const [colourName, colour] of COLOURS) {
      it(`T14 C6 writes one 1920x1080 ${colourName} frame in ${name}`, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, `a.${extension}`);
          await assert.rejects(stat(path), { code: "ENOENT" });
          const pattern = { width: 1920, height: 1080, colour, frames: 1 };
          const report = await recordPattern(codec, path, 30, pattern);
          assert.equal(report.exists, true);
          assert.ok((await stat(path)).isFile());
          assert.deepEqual(await decodeIndices(path), [0]);
        });
      });

      it(`T16 writes 10 ${colourName} frames in ${name} at exactly 59.94 fps`, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, `a.${extension}`);
          await recordPattern(codec, path, RATE, { width: 400, height: 640, colour, frames: 10 });
          const { num, den } = (await probe(path)).frameRate;
          if (extension === "avi") assert.ok(Math.abs(num / den - RATE) < 0.001, `${num}/${den}`);
          else assert.deepEqual([num, den], [2997, 50]);
        });
      });

      it(`T17 C8 writes 10 ${colourName} frames in ${name} at 1920x1080`, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, `a.${extension}`);
          await recordPattern(codec, path, RATE, { width: 1920, height: 1080, colour, frames: 10 });
          const { width, height } = await probe(path);
          assert.deepEqual([width, height], [1920, 1080]);
        });
      });

      it(`T18 C7 writes all of 180 ${colourName} frames in ${name} at 59.94 fps`, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, `a.${extension}`);
          const frames = 3 * Math.ceil(RATE);
          const report = await recordPattern(codec, path, RATE, { width: 400, height: 640, colour, frames });
          assert.equal(report.stats.frames.written, frames);
          assert.equal(await countFrames(path), frames);
          assert.deepEqual(await decodeIndices(path), inOrder(frames));
        });
      });
    }
  }
});
