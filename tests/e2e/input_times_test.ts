/** A reader states the times, the rate and the streams that its file has, whatever the file is like. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ColourSpace, type Rational, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { joinedStreams, makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertTimes, shownOf } from "../helpers/reading.ts";

const sources = VideoSourceFactory.getInstance();

/** Numbers from 0 to below 1, from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An expression of FFmpeg that shows frame N at the N-th of `times`, in milliseconds. */
function shownAt(times: readonly number[]): string {
  return times.reduceRight((rest, time, index) => `if(eq(N,${index}),${time / 1000},${rest})`, "0");
}

describe("a file of a variable rate", () => {
  it("keeps the time of each frame: a screen that is still, then moves", () =>
    withFolder(async (folder) => {
      const still = "select='if(lt(t,4),not(mod(n,12)),1)'";
      const path = join(folder, "screen.mp4");
      const options = ["-vsync", "vfr", "-c:v", "libx264", "-video_track_timescale", "90000"];
      await makeFile(path, ...testPicture("160x120", 60, 8), "-vf", still, ...options);
      const times = await assertTimes(path);
      assert.ok(Math.abs((times.at(-1) ?? 0) - 479 / 60) < 0.001, `${times.at(-1)}`);
    }));

  for (const extension of ["mp4", "mkv", "webm", "mov"]) {
    it(`keeps random times: gaps, bursts and pauses in ${extension}`, () =>
      withFolder(async (folder) => {
        const random = randomFrom(extension.length * 7919 + extension.charCodeAt(0));
        for (let file = 0; file < 4; file++) {
          const times = [0];
          while (times.length < 25) {
            const [kind, size] = [random(), random()];
            const gap = kind < 0.5 ? 1 + size * 15 : kind < 0.9 ? 15 + size * 200 : 1000 + size * 19_000;
            times.push((times.at(-1) ?? 0) + Math.round(gap));
          }
          const path = join(folder, `${file}.${extension}`);
          const codec = extension === "webm" ? ["libvpx", "-deadline", "realtime"] : ["libx264", "-bf", "0"];
          await makeFile(
            path,
            ...testPicture("64x64", 25, 1),
            ...["-vf", `settb=1/1000,setpts='(${shownAt(times)})/TB'`, "-vsync", "passthrough"],
            ...["-enc_time_base", "1/1000", "-c:v", ...codec],
          );
          await assertTimes(path);
        }
      }));
  }
});

describe("a transport stream whose parts have clocks of their own", () => {
  const rows = [["an hour later", 3600, 0], ["an hour earlier", 0, 3600], ["the same again", 0, 0]] as const;
  for (const [what, second, first] of rows) {
    it(`goes on by one period: ${what}`, () =>
      withFolder(async (folder) => {
        const path = await joinedStreams(folder, 3, first, second);
        const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
        const jumps: number[] = [];
        reader.addEventListener("discontinuity", ({ atSeconds }) => jumps.push(atSeconds));
        const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", join(folder, "copy.mp4"), 25);
        reader.attach(writer);
        await reader.ended;
        const { stats } = await writer.close();
        const { discontinuities } = reader.stats();
        await reader.close();
        assert.deepEqual([stats.frames.written, stats.durationSeconds, stats.discontinuities], [150, 6, 0]);
        assert.equal(discontinuities, 1);
        assert.ok(jumps.length === 1 && Math.abs((jumps[0] ?? 0) - 3) < 0.05, `${jumps}`);
      }));
  }
});

describe("the rate of a file", () => {
  const rows: [string, string[], Rational][] = [
    ["high.mp4", ["-vf", "settb=1/2000,setpts=N", "-r", "2000", "-c:v", "libx264"], { num: 2000, den: 1 }],
    ["lapse.avi", ["-vf", "setpts=N/TB/(1/3600)", "-r", "1/3600", "-c:v", "mjpeg"], { num: 1, den: 3600 }],
    ["one.mkv", ["-frames:v", "1", "-c:v", "libx264"], { num: 25, den: 1 }],
  ];
  for (const [name, options, expected] of rows) {
    it(`is what it states, though no writer may take it: ${name}`, () =>
      withFolder(async (folder) => {
        const path = await makeFile(
          join(folder, name),
          ...testPicture("64x64", 25, 0.4),
          "-pix_fmt",
          "yuvj420p",
          ...options,
        );
        const { times, rate } = await shownOf(path);
        assert.deepEqual(rate, expected);
        assert.equal(times.length, name === "one.mkv" ? 1 : 10);
      }));
  }

  it("is that of its frames where the header names the clock of the camera", () =>
    withFolder(async (folder) => {
      const path = join(folder, "camera.avi");
      const options = ["-vf", "settb=1/600", "-enc_time_base", "1/600", "-vsync", "passthrough", "-c:v", "mjpeg"];
      // FFmpeg warns of such a header.
      await makeFile(
        path,
        "-v",
        "quiet",
        ...testPicture("64x64", 5, 4),
        ...options,
        "-pix_fmt",
        "yuvj420p",
        "-r",
        "600",
      );
      assert.deepEqual((await shownOf(path)).rate, { num: 5, den: 1 });
    }));
});

describe("streams", () => {
  it("of a file whose pictures begin late are found", () =>
    withFolder(async (folder) => {
      const path = join(folder, "late.flv");
      const sound = ["-f", "lavfi", "-i", "sine=d=12"];
      const late = ["-itsoffset", "8", ...testPicture("64x64", 25, 4)];
      await makeFile(path, ...sound, ...late, "-map", "0", "-map", "1", "-c:a", "mp3", "-ar", "44100", "-c:v", "flv1");
      assert.equal((await shownOf(path)).times.length, 100);
    }));

  it("may be many", () =>
    withFolder(async (folder) => {
      const path = join(folder, "many.mkv");
      const silent = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono"];
      const maps = Array.from({ length: 100 }, () => ["-map", "1"]).flat();
      const codecs = ["-t", "0.4", "-c:v", "libx264", "-c:a", "pcm_s16le"];
      await makeFile(path, ...testPicture("64x64", 25, 1), ...silent, "-map", "0", ...maps, ...codecs);
      assert.equal((await shownOf(path)).times.length, 10);
    }));

  it("of pictures that are not there are missed after a look that the refusal names", () =>
    withFolder(async (folder) => {
      const path = await makeFile(join(folder, "sound.mkv"), "-f", "lavfi", "-i", "sine=d=1");
      await assert.rejects(sources.createFileReader(path, ColourSpace.I420), {
        code: "no_video",
        message: /no video stream is in its first 60 seconds and 100 MB/,
      });
      await writeFile(path, new Uint8Array(10));
      await assert.rejects(sources.createFileReader(path, ColourSpace.I420), { code: "invalid_data" });
    }));
});
