/**
 * Cases from people who do this job: rates and times that a recording keeps, each by the name of its input and its report.
 * All combinations: `../source_rate_test.ts`.
 */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  ColourSpace,
  type Rational,
  type RecordingReport,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../../mod.ts";
import { makeFile, testPicture } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { withoutTiming } from "../../helpers/h264.ts";
import { assertLedger, droppedFor } from "../../helpers/ledger.ts";
import { countFrames, packets, presentationTimes, probe } from "../../helpers/probe.ts";
import { shownOf } from "../../helpers/reading.ts";
import { onlyDeno } from "../../helpers/runtime.ts";
import { record } from "../../helpers/terminal.ts";

const H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];

/** Records the whole file at `input`; returns the report, and the messages of warnings. */
async function copy(
  input: string,
  path: string,
  frameRate: number | Rational | "source",
): Promise<{ report: RecordingReport; warnings: string[] }> {
  const reader = await VideoSourceFactory.getInstance()
    .createFileReader(input, ColourSpace.I420, { pacing: "asap" });
  const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, frameRate);
  const warnings: string[] = [];
  writer.addEventListener("warning", ({ error }) => warnings.push(error.message));
  reader.attach(writer);
  await reader.ended;
  const report = await writer.close();
  await reader.close();
  assertLedger(report.stats.frames);
  return { report, warnings };
}

/** A screen that is still, then moves. */
function screen(path: string): Promise<string> {
  const still = ["-vf", "select='if(lt(t,4),not(mod(n,12)),1)'", "-vsync", "vfr"];
  return makeFile(path, ...testPicture("96x64", 60, 8), ...still, ...H264, "-video_track_timescale", "90000");
}

describe("each frame at its own time", () => {
  it("01_vfr_screen.mp4, with the rate `source` (auto-editor#152, opencv#24000, QuickRecorder#206)", () =>
    withFolder(async (folder) => {
      const input = await screen(join(folder, "01_vfr_screen.mp4"));
      const path = join(folder, "copy.mp4");
      const { report } = await copy(input, path, "source");
      assert.deepEqual([report.stats.frames.written, report.stats.frames.dropped], [260, 0]);
      const [wanted, found] = [await presentationTimes(input), await presentationTimes(path)];
      assert.deepEqual(found.map((time) => Math.round(time * 1e4)), wanted.map((time) => Math.round(time * 1e4)));
      assert.ok(Math.abs(((await probe(path)).durationSeconds ?? 0) - 8) < 0.001);
    }));

  it(
    "01_vfr_screen.mp4, on the command line",
    onlyDeno("the command is a Deno program"),
    () =>
      withFolder(async (folder) => {
        await screen(join(folder, "01_vfr_screen.mp4"));
        const args = ["-i", "01_vfr_screen.mp4", "-o", "out.mp4", "--codec", "h264"];
        const { code, out, err } = await record(folder, ...args).ended;
        assert.equal(code, 0, out + err);
        const times = await presentationTimes(join(folder, "out.mp4"));
        assert.deepEqual([times.length, Math.round((times.at(-1) ?? 0) * 1000)], [260, 7983]);
      }),
  );

  it("01_vfr_screen.mp4, into a writer that is too slow for it: the surplus is told", () =>
    withFolder(async (folder) => {
      // The header states no rate, so nobody knows that fewer frames were asked for.
      const times = "if(lt(N,10),N*100,1000+(N-10)*5)";
      const shown = ["-vf", `settb=1/1000,setpts='${times}'`, "-vsync", "passthrough", "-enc_time_base", "1/1000"];
      const input = await makeFile(join(folder, "in.mkv"), ...testPicture("96x64", 25, 12.4), ...shown, ...H264);
      const { report, warnings } = await copy(input, join(folder, "copy.mp4"), 30);
      const dropped = droppedFor(report.stats.frames, "frame_rate");
      assert.ok(dropped > 100, JSON.stringify(report.stats.frames));
      assert.equal(warnings.length, 1, warnings.join());
      assert.match(warnings[0] ?? "", /were left out; use frame rate "source", or one of at least \d+$/);
    }));

  it("03_hold.gif: the last frame is shown for 5 s (mpv#3924)", () =>
    withFolder(async (folder) => {
      const input = await makeFile(join(folder, "03_hold.gif"), ...testPicture("96x64", 10, 1), "-final_delay", "500");
      const { durationSeconds, times } = await shownOf(input);
      assert.deepEqual([times.length, Math.round(durationSeconds * 1000)], [10, 5900]);
      for (const rate of ["source", 10] as const) {
        for (const name of ["a.mp4", "a.mkv"]) {
          const path = join(folder, `${rate}.${name}`);
          const { report } = await copy(input, path, rate);
          const { durationSeconds } = await probe(path);
          assert.ok(Math.abs((durationSeconds ?? 0) - 5.9) < 0.02, `${path}: ${durationSeconds} s`);
          assert.ok(Math.abs(report.stats.durationSeconds - 5.9) < 0.02, `${report.stats.durationSeconds} s`);
        }
      }
    }));

  const rates = [
    ["15_fast2000.mp4", ["-vf", "setpts=N/TB/2000", "-r", "2000", ...H264]],
    ["15b_lapse.avi", ["-vf", "setpts=N/TB/(1/3600)", "-r", "1/3600", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]],
  ] as const;
  for (const [name, options] of rates) {
    it(`${name}: no grid fits, and its times are kept (flowframes#1, tech-news#16339)`, () =>
      withFolder(async (folder) => {
        const input = await makeFile(join(folder, name), ...testPicture("96x64", 25, 1), ...options);
        const path = join(folder, "copy.mp4");
        const { report } = await copy(input, path, "source");
        assert.equal(report.stats.frames.written, await countFrames(input));
        const [first = 0, ...wanted] = await presentationTimes(input);
        const [, ...found] = await presentationTimes(path);
        assert.deepEqual(
          found.map((time) => Math.round(time * 1e4)),
          wanted.map((time) => Math.round((time - first) * 1e4)),
        );
      }));
  }

  it("14_pi600.avi: a key frame comes each second, whatever the rate says (libcamera#55)", () =>
    withFolder(async (folder) => {
      const clock = ["-vf", "settb=1/600", "-enc_time_base", "1/600", "-vsync", "passthrough", "-r", "600"];
      const coded = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", ...clock];
      const input = join(folder, "14_pi600.avi");
      await makeFile(input, "-v", "quiet", ...testPicture("96x64", 5, 6), ...coded);
      const path = join(folder, "copy.mp4");
      await copy(input, path, 600);
      const keys = (await packets(path)).filter(({ isKeyFrame }) => isKeyFrame).map(({ pts }) => pts ?? NaN);
      assert.ok(keys.length >= 5, `${keys}`);
      for (const [index, key] of keys.entries()) assert.ok((keys[index + 1] ?? 6) - key <= 1.2, `${keys}`);
    }));
});

describe("13_pi.h264: raw, no timing, filmed at 30 (picamera#500, rpicam-apps#290)", () => {
  async function raw(folder: string): Promise<string> {
    const coded = [...H264, "-bf", "0", "-refs", "1", "-g", "30"];
    const timed = await makeFile(join(folder, "timed.h264"), ...testPicture("320x240", 30, 1), ...coded);
    const path = join(folder, "13_pi.h264");
    await writeFile(path, withoutTiming(await readFile(timed)));
    // The judge has nothing but its own guess, and each frame.
    assert.deepEqual([(await probe(path)).averageFrameRate, await countFrames(path)], [{ num: 25, den: 1 }, 30]);
    return path;
  }

  it("who does not say is told that 25 is a guess", () =>
    withFolder(async (folder) => {
      const { info, durationSeconds } = await shownOf(await raw(folder));
      assert.deepEqual([info.frameRate, info.isFrameRateGuessed, durationSeconds], [{ num: 25, den: 1 }, true, 1.2]);
    }));

  it("who says 30 gets 30", () =>
    withFolder(async (folder) => {
      const path = await raw(folder);
      for (const frameRate of [30, { num: 30, den: 1 }]) {
        const { info, times, durationSeconds } = await shownOf(path, { frameRate });
        assert.deepEqual([info.frameRate, info.isFrameRateGuessed], [{ num: 30, den: 1 }, false]);
        assert.deepEqual([times.length, Math.round(durationSeconds * 1000)], [30, 1000]);
      }
    }));

  it(
    "on the command line: a warning, and --input-rate",
    onlyDeno("the command is a Deno program"),
    () =>
      withFolder(async (folder) => {
        const input = await raw(folder);
        const guessed = await record(folder, "-i", input, "-o", "a.mp4", "--codec", "h264").ended;
        assert.equal(guessed.code, 0, guessed.err);
        assert.match(guessed.err, /states no frame rate, and 25 is a guess; --input-rate sets it/);
        const said = await record(folder, "-i", input, "--input-rate", "30", "-o", "b.mp4", "--codec", "h264").ended;
        assert.deepEqual([said.code, /guess/.test(said.err)], [0, false], said.err);
        const { frameRate, durationSeconds } = await probe(join(folder, "b.mp4"));
        assert.deepEqual([frameRate, durationSeconds], [{ num: 30, den: 1 }, 1]);
      }),
  );
});
