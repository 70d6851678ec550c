/** A recording that goes on in numbered files when the size of the frames changes. */

import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Codec, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { attempt, fileFlag } from "../helpers/attempt.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { probe } from "../helpers/probe.ts";
import { inOrder } from "../helpers/record.ts";
import { Valve } from "../helpers/valve.ts";

const WHOLE = { width: 320, height: 240 };
// The barcode stands in the upper third.
const UPPER = { width: 320, height: 160 };
const RATE = 60;

describe("a recording whose frames change their size", () => {
  for (const [codec, extension] of [["h264", "mp4"], ["hevc", "mkv"], ["vp9", "webm"]] as [Codec, string][]) {
    it(`goes on in numbered .${extension} files without losing a frame`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, `a.${extension}`);
        const factory = VideoTargetFactory.getInstance();
        const settings = { ...WHOLE, frameRate: RATE, pacing: "asap" } as const;
        const source = await VideoSourceFactory.getInstance().createTestPattern(settings);
        const writer = await factory.createFileWriter(codec, path, RATE, { onResize: "segment" });
        source.attach(writer);
        const valve = new Valve(source);
        const sizes = [WHOLE, UPPER, WHOLE];
        for (const [turn, size] of sizes.entries()) {
          if (turn > 0) source.setSubFrame(0, 0, size.width, size.height);
          await valve.pass(40);
        }
        await source.detach(writer);
        valve.open();
        const report = await writer.close();
        await source.close();
        assertLedger(report.stats.frames);
        assert.equal(report.stats.frames.written, report.stats.frames.captured);
        assert.ok(report.finalised && report.synced);
        const names = ["a", "a_002", "a_003"].map((name) => join(folder, `${name}.${extension}`));
        assert.deepEqual(report.segments.map((segment) => segment.path), names);
        assert.deepEqual((await readdir(folder)).map((name) => join(folder, name)).sort(), names);
        const seen: (number | null)[] = [];
        let end = 0;
        for (const [turn, segment] of report.segments.entries()) {
          const { width, height, durationSeconds } = await probe(segment.path);
          assert.deepEqual({ width, height }, sizes[turn]);
          assert.deepEqual({ width, height }, { width: segment.width, height: segment.height });
          assert.ok(Math.abs((durationSeconds ?? 0) - segment.durationSeconds) < 1 / RATE);
          assert.equal((await stat(segment.path)).size, segment.bytes);
          // One begins where the one before ends.
          assert.ok(Math.abs(segment.startSeconds - end) < 1e-6);
          end = segment.startSeconds + segment.durationSeconds;
          const indices = await decodeIndices(segment.path, { ...WHOLE });
          assert.equal(indices.length, segment.frames);
          seen.push(...indices);
        }
        assert.deepEqual(seen, inOrder(report.stats.frames.written));
        assert.ok(Math.abs(report.stats.durationSeconds - end) < 1e-6);
        assert.equal(report.stats.bytes, report.segments.reduce((sum, segment) => sum + segment.bytes, 0));
      });
    });
  }

  it("needs the folder to be allowed", async () => {
    await withFolder(async (folder) => {
      const read = await makeFile(join(folder, "in.mkv"), ...testPicture("128x96", 30, 0.3));
      const path = join(folder, "a.mkv");
      const write = { codec: "h264", path, settings: { onResize: "segment" } } as const;
      const { message, ...rest } = { message: "", ...attempt({ read, write }, { library: true, read, write: path }) };
      assert.deepEqual(rest, { name: "VideoTargetError", code: "permission_denied", field: "path" });
      assert.ok(message.endsWith(`add ${fileFlag("write", folder)}`), message);
      assert.deepEqual(attempt({ read, write }, { library: true, read, write: folder }), { frames: 9 });
    });
  });
});
