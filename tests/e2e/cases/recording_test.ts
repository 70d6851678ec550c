/** Cases from people who do this job: recordings, each by the report that it stands for. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import {
  Codec,
  ColourSpace,
  VideoFrame,
  VideoSourceFactory,
  VideoTargetError,
  VideoTargetFactory,
} from "../../../mod.ts";
import type { WaitingOrder, WaitingOutcome } from "../../fixtures/waiting_child.ts";
import { runFixture } from "../../helpers/attempt.ts";
import { survivors } from "../../helpers/child.ts";
import { encoderFor, fastest } from "../../helpers/encoders.ts";
import { ENDINGS, endRecording } from "../../helpers/endings.ts";
import { ROOT } from "../../helpers/example.ts";
import { makeFile, testPicture } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { HANG_MS } from "../../helpers/hang.ts";
import { assertLedger } from "../../helpers/ledger.ts";
import { countFrames, presentationTimes, probe } from "../../helpers/probe.ts";
import { proofOnly } from "../../helpers/proof.ts";
import { recordPattern } from "../../helpers/record.ts";
import { assertRefused } from "../../helpers/refusal.ts";
import { onlyDeno } from "../../helpers/runtime.ts";
import { appendAt, atThirty, CONTAINERS, jumpsOf } from "../../helpers/appending.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

describe("appended frames", () => {
  for (const [codec, name] of CONTAINERS) {
    it(`whose clock steps back 60 s are all recorded, and it is said: ${name} (frigate#8376, ex_nvr#404)`, () =>
      withFolder(async (folder) => {
        const path = join(folder, name);
        const writer = await targets.createFileWriter(codec, path, 30);
        const jumps = jumpsOf(writer);
        await appendAt(writer, [...atThirty(60, 60_000), ...atThirty(60)]);
        const { stats } = await writer.close();
        assertLedger(stats.frames);
        assert.deepEqual([stats.frames.written, stats.frames.dropped, jumps.length], [120, 0, 1]);
        assert.equal(await countFrames(path), 120);
      }));

    it(`with and without a time, mixed, are all recorded: ${name} (mediamtx#4778, mediamtx#5239)`, () =>
      withFolder(async (folder) => {
        const path = join(folder, name);
        const writer = await targets.createFileWriter(codec, path, 30);
        const times = atThirty(60).map((time, index) => index % 3 === 1 ? undefined : time);
        await appendAt(writer, times);
        const { stats } = await writer.close();
        assertLedger(stats.frames);
        assert.deepEqual([stats.frames.written, await countFrames(path)], [60, 60]);
      }));
  }
});

describe("a long pause", () => {
  for (const [codec, name] of CONTAINERS) {
    it(`of an hour is in the recording with all frames: ${name} (frigate#3754, frigate#932)`, () =>
      withFolder(async (folder) => {
        const shown = ["-vf", "setpts='(N+if(gte(N,10),90000,0))/25/TB'", "-vsync", "passthrough", "-c:v", "libx264"];
        const input = await makeFile(join(folder, "in.mkv"), ...testPicture("96x64", 25, 0.8), ...shown);
        const path = join(folder, `copy.${name}`);
        const reader = await sources.createFileReader(input, ColourSpace.I420, { pacing: "asap" });
        const writer = await targets.createFileWriter(codec, path, 25);
        reader.attach(writer);
        await reader.ended;
        const { stats } = await writer.close();
        await reader.close();
        assertLedger(stats.frames);
        assert.deepEqual([stats.frames.written, stats.frames.failed], [20, 0]);
        const pause = (await presentationTimes(path)).at(-1) ?? 0;
        // What avi cannot express is left out, and told.
        const expected = name.endsWith("avi") ? [stats.discontinuities, 0.76] : [0, 3600.76];
        assert.deepEqual([stats.discontinuities, Math.round(pause * 100) / 100], expected);
        if (name.endsWith("avi")) assert.equal(stats.discontinuities, 1);
      }));
  }

  it("at an ugly average rate, beyond what its clock counts in mp4, costs no frame, and is told (frigate#3754)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const writer = await targets.createFileWriter("h264", path, { num: 1_000_003, den: 33_367 });
      const jumps = jumpsOf(writer);
      await appendAt(writer, [...atThirty(30), ...atThirty(30, 3_600_000)]);
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      assert.deepEqual([stats.frames.written, await countFrames(path)], [60, 60]);
      const { durationSeconds } = await probe(path);
      assert.ok(Math.abs((durationSeconds ?? 0) - stats.durationSeconds) < 0.1, `${durationSeconds} s`);
      assert.equal(jumps.length, stats.durationSeconds > 3000 ? 0 : 1);
    }));
});

describe("live", () => {
  // On a machine that really does something else for two seconds: tests/proof/load_spike_test.ts.
  it("frames of 2 s wait before any is lost, with the defaults (obs-studio#11499, obs-source-record#163, vrecord#863)", () =>
    withFolder((folder) => {
      const order: WaitingOrder = { path: join(folder, "a.mkv"), frameRate: 30 };
      const { waiting, reason } = runFixture("waiting_child.ts", order) as WaitingOutcome;
      assert.equal(reason, "encoder_overload");
      assert.ok(waiting >= 2 * 30 - 2, `${waiting} frames waited`);
    }));
});

describe("a rate that a recording cannot have is refused at the door", () => {
  const rows = [
    ["av1", "a.mp4", { num: 241, den: 1 }, "libsvtav1", "AV1 above 240 fps"],
    ["av1", "a.mkv", { num: 1, den: 1000 }, "libsvtav1", "AV1 at 1/1000"],
    ["h264", "a.ts", { num: 1, den: 2 }, undefined, ".ts below 1 fps"],
  ] as const;
  for (const [codec, name, rate, encoder, what] of rows) {
    it(what, async (test) => {
      if (codec === "av1" && (await encoderFor("av1")).name !== encoder) return test.skip(`${encoder} is not there`);
      await withFolder((folder) => {
        const settings = encoder === undefined ? {} : { encoder };
        return assertRefused(targets.createFileWriter(codec, join(folder, name), rate, settings), {
          is: RangeError,
          code: "invalid_argument",
          field: "frameRate",
          says: /^Cannot use frame rate/,
        });
      });
    });
  }

  it("or recorded by an encoder that takes it, and then at that rate: AV1 at 241", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mkv");
      const frameRate = { num: 241, den: 1 };
      const writer = await targets.createFileWriter("av1", path, frameRate).catch((error) => {
        assert.equal(error.field, "frameRate");
        return undefined;
      });
      if (writer === undefined) return;
      const pattern = await sources.createTestPattern({ width: 64, height: 64, frameRate, frames: 3, pacing: "asap" });
      pattern.attach(writer);
      await pattern.ended;
      await pattern.close();
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      assert.deepEqual([stats.frames.written, (await presentationTimes(path)).length], [3, 3]);
    }));
});

describe("right already", () => {
  it("a recording that is never closed (PyAV#1117)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const forget = ENDINGS.find(({ ending }) => ending === "forget") ?? assert.fail("there is no such ending");
      const { lines } = await endRecording(path, forget, 10);
      const { frames } = await survivors(path, lines);
      assert.ok(frames > 0);
      assert.equal((await probe(path)).indexedFrames, frames);
    }));

  it("HEVC has the tag hvc1 (frigate#10105)", () =>
    withFolder(async (folder) => {
      for (const name of ["a.mp4", "a.mov"]) {
        const path = join(folder, name);
        await recordPattern(Codec.HEVC, path, 30, { width: 128, height: 96, frames: 3 });
        assert.equal((await probe(path)).codecTag, "hvc1");
      }
    }));

  it(
    "the disk is full (HaishinKit#738)",
    { skip: process.getuid?.() === 0 ? false : "only root can mount a small one" },
    (test) =>
      withFolder(async (folder) => {
        const mount = ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder];
        if (spawnSync("mount", mount).status !== 0) return test.skip("mounting is not allowed here");
        try {
          writeFileSync(join(folder, "ballast"), new Uint8Array(1_600_000));
          const path = join(folder, "a.mkv");
          const pattern = await sources.createTestPattern({ width: 640, height: 360, pacing: "asap" });
          const writer = await targets.createFileWriter("ffv1", path, 30);
          const failed = new Promise((resolve) => writer.addEventListener("error", resolve));
          pattern.attach(writer);
          await failed;
          await pattern.close();
          const says = /the disk is full; free some space/;
          const error = await assertRefused(writer.close(), { is: VideoTargetError, code: "disk_full", says });
          const { stats } = (error as unknown as VideoTargetError).report ?? assert.fail("there is no report");
          assertLedger(stats.frames);
          assert.equal(await countFrames(path), stats.frames.written);
        } finally {
          spawnSync("umount", ["-l", folder]);
        }
      }),
  );

  it(
    "the sanitizers of `deno test` find nothing left (denoland/deno#22928)",
    onlyDeno("they are Deno's"),
    () =>
      withFolder(async (folder) => {
        const program = join(folder, "sanitized_test.ts");
        const module = JSON.stringify(pathToFileURL(join(ROOT, "mod.ts")).href);
        writeFileSync(
          program,
          `import { capabilities, VideoSourceFactory, VideoTargetFactory } from ${module};
         // The library stays open until the process ends, so it is opened before.
         await capabilities();
         Deno.test({ name: "records", sanitizeOps: true, sanitizeResources: true, sanitizeExit: true, fn: async () => {
           const pattern = await VideoSourceFactory.getInstance().createTestPattern({ frames: 5, pacing: "asap" });
           const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", ${
            JSON.stringify(join(folder, "a.mp4"))
          }, 30);
           pattern.attach(writer);
           for await (const frame of pattern.frames()) frame.data();
           await writer.close();
           await pattern.close();
         } });`,
        );
        const args = ["test", "-A", "--no-check", "--config", join(ROOT, "deno.json"), program];
        const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: HANG_MS });
        assert.equal(status, 0, stdout + stderr);
        assert.equal(await countFrames(join(folder, "a.mp4")), 5);
      }),
  );

  it("a file of more than 4 GB (srs#1694)", proofOnly("5 GB of disk and minutes"), () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const [width, height] = [1920, 1080];
      const settings = { ...await fastest("h264"), profile: "lossless" } as const;
      const writer = await targets.createFileWriter("h264", path, 30, settings);
      const data = new Uint8Array(width * height * 3 / 2);
      for (let at = 0; at < data.length; at += 65_536) crypto.getRandomValues(data.subarray(at, at + 65_536));
      const noise = VideoFrame.fromBuffer(data, { colour: "i420", width, height });
      let frames = 0;
      for (; writer.stats().bytes < 2 ** 32 + 2 ** 20; frames++) await writer.append(noise);
      const { stats, finalised } = await writer.close();
      assert.deepEqual([stats.frames.written, finalised], [frames, true]);
      assert.ok((await stat(path)).size > 2 ** 32);
      assert.equal((await probe(path)).indexedFrames, frames);
    }));
});
