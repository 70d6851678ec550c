/** Files as cameras, programs and accidents leave them: each frame that FFmpeg finds is there, in its place. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type ColourSpace, type FileReaderSettings, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { output, text } from "../helpers/command.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { presentationTimes, probe } from "../helpers/probe.ts";
import { recordPattern } from "../helpers/record.ts";

const sources = VideoSourceFactory.getInstance();
const SMALL = { width: 128, height: 64, frameRate: 25, pacing: "asap" } as const;

/** What an observer gets: the time of each frame in milliseconds, and its samples if they are kept. */
async function read(
  path: string,
  colour: ColourSpace,
  { most = Infinity, keeps = false, ...settings }: FileReaderSettings & { most?: number; keeps?: boolean } = {},
): Promise<{ times: number[]; samples: Uint8Array[] }> {
  const reader = await sources.createFileReader(path, colour, { pacing: "asap", ...settings });
  const times: number[] = [];
  const samples: Uint8Array[] = [];
  for await (const frame of reader.frames()) {
    times.push(Math.round((frame.timestamp ?? NaN) / 1000));
    if (keeps) samples.push(frame.data().slice());
    if (times.length >= most) break;
  }
  await reader.close();
  return { times, samples };
}

describe("an AVI file with its rows from the bottom up", () => {
  it("is shown as it is, in the very colour space that it has", () =>
    withFolder(async (folder) => {
      const [width, height] = [16, 8];
      const upright = await makeFile(
        join(folder, "upright.avi"),
        ...testPicture(`${width}x${height}`, 5, 1),
        ...["-c:v", "rawvideo", "-pix_fmt", "bgra"],
      );
      // FFmpeg writes a negative height, for rows from the top down: BITMAPINFOHEADER.biHeight.
      const file = await readFile(upright);
      const height4 = Uint8Array.of(256 - height, 255, 255, 255);
      let at = file.indexOf(height4);
      assert.ok(at > 0);
      for (; at > 0; at = file.indexOf(height4, at + 1)) file.writeInt32LE(height, at);
      const path = join(folder, "bottom_up.avi");
      await writeFile(path, file);
      const expected: Uint8Array[] = [];
      const raw = ["-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "bgra", "-"];
      for await (const chunk of output("ffmpeg", raw)) expected.push(chunk);
      const { samples } = await read(path, "bgra", { keeps: true });
      assert.equal(samples.length, 5);
      assert.ok(Buffer.concat(samples).equals(Buffer.concat(expected)));
    }));
});

describe("a stream that is cut in the middle", () => {
  it("is shown from its next key frame on, however far that is", () =>
    withFolder(async (folder) => {
      const gop = ["-g", "1200", "-keyint_min", "1200", "-sc_threshold", "0", "-bf", "0"];
      const whole = await makeFile(
        join(folder, "whole.ts"),
        ...testPicture("64x48", 50, 26),
        ...["-c:v", "libx264", "-preset", "ultrafast", ...gop],
      );
      const file = await readFile(whole);
      // Without the packets up to the second picture: 188 bytes each, of which bit 6 of the second begins a picture.
      const begins: number[] = [];
      for (let at = 0; at < file.length; at += 188) {
        const id = file.readUInt16BE(at + 1) & 0x1fff;
        if (id === 0x100 && ((file[at + 1] ?? 0) & 0x40) !== 0) begins.push(at);
      }
      const path = join(folder, "cut.ts");
      // The tables of the programme stand in front.
      await writeFile(path, Buffer.concat([file.subarray(0, 3 * 188), file.subarray(begins[1])]));
      assert.equal((await read(path, "i420")).times.length, 100);
    }));
});

describe("frames without a time", () => {
  it("in front of the first one that has a time move none of those after it together", () =>
    withFolder(async (folder) => {
      // FFmpeg gives no time to the frames of a Matroska file that are shown before 0.
      const path = await makeFile(
        join(folder, "negative.mkv"),
        ...testPicture("64x48", 25, 2),
        ...["-c:v", "libx264", "-bf", "3", "-output_ts_offset", "-1", "-avoid_negative_ts", "disabled"],
      );
      const { times } = await read(path, "i420");
      assert.deepEqual(times, Array.from({ length: 50 }, (_, index) => index * 40));
    }));
});

describe("a raw stream", () => {
  for (const codec of ["libx264", "libx265"]) {
    it(`of ${codec} is played again and again`, () =>
      withFolder(async (folder) => {
        const format = codec === "libx264" ? "h264" : "hevc";
        const quiet = codec === "libx265" ? ["-x265-params", "log-level=none"] : [];
        const path = await makeFile(
          join(folder, `a.${format}`),
          ...testPicture("96x80", 25, 1),
          ...["-c:v", codec, ...quiet, "-f", format],
        );
        const { times } = await read(path, "i420", { atEnd: "loop", most: 80 });
        assert.deepEqual(times, Array.from({ length: 80 }, (_, index) => index * 40));
      }));
  }
});

describe("a recording with reordered frames", () => {
  for (const extension of ["mp4", "mov"]) {
    it(`begins at 0 in ${extension} once it is closed`, () =>
      withFolder(async (folder) => {
        const path = join(folder, `a.${extension}`);
        const source = await sources.createTestPattern({ ...SMALL, frames: 50 });
        const writer = await VideoTargetFactory.getInstance()
          .createFileWriter("h264", path, 25, { profile: "quality" });
        source.attach(writer);
        await source.ended;
        assert.equal((await writer.close()).finalised, true);
        await source.close();
        const times = (await presentationTimes(path)).sort((a, b) => a - b);
        assert.deepEqual([times.length, times[0], times.at(-1)], [50, 0, 1.96]);
        const probed = ["-v", "error", "-show_entries", "format=start_time,duration", "-of", "csv=p=0", path];
        assert.equal((await text("ffprobe", probed)).trim(), "0.000000,2.000000");
      }));
  }
});

describe("a recording of an odd size", () => {
  const even = ["libx264", "libopenh264", "libx265", "libkvazaar", "libsvtav1"];
  for (const [codec, container] of [["h264", "mp4"], ["hevc", "mp4"], ["vp9", "webm"], ["av1", "mkv"]] as const) {
    it(`has every frame in ${codec}, in the size that the encoder can code`, () =>
      withFolder(async (folder) => {
        const path = join(folder, `a.${container}`);
        const report = await recordPattern(codec, path, 25, { width: 161, height: 121, frames: 10 });
        const more = even.includes(report.target.encoder) ? 1 : 0;
        const { width, height } = await probe(path);
        assert.deepEqual([width, height, report.stats.frames.written], [161 + more, 121 + more, 10]);
      }));
  }
});
