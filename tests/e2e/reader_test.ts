/**
 * Files as they come from other programs: reordered, odd, long-winded and damaged ones.
 *
 * What a reader gives is recorded losslessly and compared with what the `ffmpeg` command decodes.
 */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  ColourSpace,
  type FileReaderSettings,
  type RecordingReport,
  type VideoFileReader,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { fileArgument, output } from "../helpers/command.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { countFrames, packets, presentationTimes, probe } from "../helpers/probe.ts";
import { psnr } from "../helpers/psnr.ts";
import { Valve } from "../helpers/valve.ts";

const PICTURE = testPicture("160x120", 25, 2);
const FRAMES = 50;

interface Copy {
  readonly reader: VideoFileReader;
  readonly report: RecordingReport;
  readonly path: string;
}

/** Records all that a reader gives, or its first `frames`. */
async function copy(
  folder: string,
  path: string,
  settings: FileReaderSettings = {},
  { codec = "ffv1" as "ffv1" | "h264", frames = Infinity } = {},
): Promise<Copy> {
  const reader = await VideoSourceFactory.getInstance()
    .createFileReader(path, ColourSpace.I420, { pacing: "asap", ...settings });
  const target = join(folder, `copy.${codec}.mkv`);
  const writer = await VideoTargetFactory.getInstance()
    .createFileWriter(codec, target, reader.getFrameRate(), { overwrite: true });
  reader.attach(writer);
  if (frames === Infinity) {
    await reader.ended;
  } else {
    const valve = new Valve(reader);
    await Promise.race([valve.pass(frames), reader.ended.then(() => assert.fail("it has ended"))]);
    await reader.detach(writer);
    valve.open();
  }
  const report = await writer.close();
  await reader.close();
  assertLedger(report.stats.frames);
  assert.equal(await countFrames(target), report.stats.frames.written);
  return { reader, report, path: target };
}

describe("a reader gives every frame as FFmpeg decodes it", () => {
  const inputs: readonly [what: string, extension: string, args: readonly string[]][] = [
    ["B-frames", "mp4", ["-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p"]],
    ["open GOPs", "mp4", [
      "-c:v",
      "libx265",
      "-x265-params",
      "log-level=none:open-gop=1:keyint=10",
      "-pix_fmt",
      "yuv420p",
    ]],
    ["MPEG-1 in a program stream", "mpg", ["-c:v", "mpeg1video", "-q:v", "3"]],
    ["full range", "mp4", ["-c:v", "libx264", "-pix_fmt", "yuvj420p"]],
    ["motion JPEG", "avi", ["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"]],
    ["4:2:2", "mp4", ["-c:v", "libx264", "-pix_fmt", "yuv422p"]],
    ["an animated GIF", "gif", []],
    ["an interlaced flag", "mp4", ["-c:v", "libx264", "-flags", "+ilme+ildct", "-pix_fmt", "yuv420p"]],
    ["H.264 without a container", "h264", ["-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p"]],
    ["odd sizes", "webm", ["-vf", "scale=159:119", "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p"]],
  ];
  for (const [what, extension, args] of inputs) {
    it(`of a file with ${what}`, async () => {
      await withFolder(async (folder) => {
        const input = await makeFile(join(folder, `in.${extension}`), ...PICTURE, ...args);
        const { pixelFormat, frameRate } = await probe(input);
        const isHeld = pixelFormat === "yuv420p" || pixelFormat === "yuv422p";
        const { reader, report, path } = await copy(folder, input, {}, { codec: isHeld ? "ffv1" : "h264" });
        assert.equal(report.stats.frames.written, FRAMES);
        assert.equal(reader.info.pixelFormat, pixelFormat);
        assert.deepEqual(reader.getFrameRate(), frameRate);
        const { worst } = await psnr(path, input, pixelFormat === "yuv422p" ? "yuv422p" : "yuv420p");
        assert.ok(isHeld ? worst === Infinity : worst > 30, `${worst} dB`);
      });
    });
  }

  it("of a file with sound, and none of the sound", async () => {
    await withFolder(async (folder) => {
      const sound = ["-f", "lavfi", "-i", "sine=duration=4", "-c:v", "libx264", "-pix_fmt", "yuv420p"];
      // The sound is first, longer, and interleaved.
      const input = await makeFile(join(folder, "in.mp4"), ...PICTURE, ...sound, "-map", "1", "-map", "0");
      const { report, path } = await copy(folder, input);
      assert.equal(report.stats.frames.written, FRAMES);
      assert.equal((await psnr(path, input)).worst, Infinity);
    });
  });

  it("of a file with 10 bits, in 8", async () => {
    await withFolder(async (folder) => {
      const tenBits = ["-c:v", "libx264", "-pix_fmt", "yuv420p10le"];
      const input = await makeFile(join(folder, "in.mp4"), ...PICTURE, ...tenBits);
      const { reader, path } = await copy(folder, input, {}, { codec: "h264" });
      assert.equal(reader.info.pixelFormat, "yuv420p10le");
      assert.equal((await probe(path)).pixelFormat, "yuv420p");
      assert.ok((await psnr(path, input)).worst > 35);
    });
  });
});

describe("a reader keeps the time of the file", () => {
  it("where frames are not evenly spaced", async () => {
    await withFolder(async (folder) => {
      // Frames 10 to 29 of 50 are missing.
      const gap = ["-vf", "select='not(between(n,10,29))'", "-vsync", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p"];
      const input = await makeFile(join(folder, "in.mkv"), ...PICTURE, ...gap);
      const reader = await VideoSourceFactory.getInstance().createFileReader(input, "i420", { pacing: "asap" });
      const path = join(folder, "copy.mkv");
      const writer = await VideoTargetFactory.getInstance().createFileWriter("ffv1", path, 25);
      reader.attach(writer);
      await reader.ended;
      const report = await writer.close();
      await reader.close();
      assertLedger(report.stats.frames);
      assert.equal(report.stats.frames.written, 30);
      const times = await presentationTimes(path);
      const wanted = [...Array(50).keys()].filter((n) => n < 10 || n > 29).map((n) => n / 25);
      assert.deepEqual(times.map((time) => Math.round(time * 25)), wanted.map((time) => Math.round(time * 25)));
    });
  });

  it("from the first frame on, wherever the file's clock begins", async () => {
    await withFolder(async (folder) => {
      for (const offset of ["-3", "100"]) {
        const shift = ["-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-output_ts_offset", offset];
        const input = await makeFile(join(folder, `in${offset}.mkv`), ...PICTURE, ...shift, "-avoid_negative_ts", "0");
        const { report, path } = await copy(folder, input);
        assert.equal(report.stats.frames.written, FRAMES);
        assert.equal((await presentationTimes(path))[0], 0);
        assert.ok(Math.abs(report.stats.durationSeconds - 2) < 0.001);
      }
    });
  });
});

describe("a reader whose file changes on the way", () => {
  it("scales pictures of another size to the first one's", async () => {
    await withFolder(async (folder) => {
      const args = ["-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p"];
      const small = await makeFile(join(folder, "a.ts"), ...PICTURE, ...args);
      const large = await makeFile(
        join(folder, "b.ts"),
        ...testPicture("320x240", 25, 2),
        ...args,
        "-output_ts_offset",
        "2",
      );
      const input = join(folder, "both.ts");
      await writeFile(input, new Uint8Array([...await readFile(small), ...await readFile(large)]));
      const { report, path } = await copy(folder, input);
      assert.equal(report.stats.frames.written, 2 * FRAMES);
      const { width, height } = await probe(path);
      assert.deepEqual([width, height], [160, 120]);
    });
  });

  it("gives pictures as they are stored, whatever rotation the container asks for", async () => {
    await withFolder(async (folder) => {
      const upright = await makeFile(join(folder, "in.mp4"), ...PICTURE, "-c:v", "libx264", "-pix_fmt", "yuv420p");
      const turned = join(folder, "turned.mp4");
      await makeFile(turned, "-i", fileArgument(upright), "-c", "copy", "-metadata:s:v", "rotate=90");
      const { reader, path } = await copy(folder, turned);
      assert.deepEqual(reader.getFrameDimensions(), { width: 160, height: 120 });
      // The upright file has the same pictures without the wish to be turned.
      assert.equal((await psnr(path, upright)).worst, Infinity);
    });
  });
});

describe("a reader at the end of its file", () => {
  it("begins again with `atEnd: loop`, and time runs on", async () => {
    await withFolder(async (folder) => {
      const inputs = {
        mp4: "libx264",
        mkv: "libx264",
        ts: "libx264",
        webm: "libvpx-vp9",
        avi: "mpeg4",
        mpg: "mpeg1video",
      };
      for (const [extension, codec] of Object.entries(inputs)) {
        const input = await makeFile(join(folder, `in.${extension}`), ...PICTURE, "-c:v", codec, "-pix_fmt", "yuv420p");
        const { path } = await copy(folder, input, { atEnd: "loop" }, { frames: 120 });
        const times = await packets(path);
        assert.ok(times.length >= 120);
        times.forEach(({ pts }, n) => assert.equal(Math.round((pts ?? NaN) * 25), n));
        // The second round shows the same pictures as the first.
        const one = await hashes(path);
        assert.deepEqual(one.slice(FRAMES, 2 * FRAMES), one.slice(0, FRAMES));
      }
    });
  });

  it("goes on in true black with `atEnd: black`", async () => {
    await withFolder(async (folder) => {
      const input = await makeFile(join(folder, "in.mp4"), ...PICTURE, "-c:v", "libx264", "-pix_fmt", "yuv420p");
      const { path } = await copy(folder, input, { atEnd: "black" }, { frames: 60 });
      const samples: number[][] = [];
      const [luma, chroma] = [160 * 120, 80 * 60];
      for (const frame of await rawFrames(path, luma + 2 * chroma)) {
        const values = (from: number, to: number): Set<number> => new Set(frame.subarray(from, to));
        samples.push([...values(0, luma)].slice(0, 2), [...values(luma, frame.length)].slice(0, 2));
      }
      assert.ok(samples.length >= 120);
      assert.notDeepEqual(samples.slice(98, 100), [[16], [128]]);
      for (let n = 2 * FRAMES; n < samples.length; n += 2) assert.deepEqual(samples.slice(n, n + 2), [[16], [128]]);
    });
  });
});

async function rawFrames(path: string, size: number): Promise<Uint8Array[]> {
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-vsync", "passthrough", "-f", "rawvideo", "-"];
  const frames: Uint8Array[] = [];
  let rest = new Uint8Array();
  for await (const chunk of output("ffmpeg", args)) {
    const joined = new Uint8Array(rest.length + chunk.length);
    joined.set(rest);
    joined.set(chunk, rest.length);
    let at = 0;
    for (; at + size <= joined.length; at += size) frames.push(joined.slice(at, at + size));
    rest = joined.slice(at);
  }
  return frames;
}

async function hashes(path: string): Promise<string[]> {
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-vsync", "passthrough", "-f", "framemd5", "-"];
  let all = "";
  for await (const chunk of output("ffmpeg", args)) all += new TextDecoder().decode(chunk);
  return all.split("\n").filter((line) => /^\d/.test(line)).map((line) => line.split(",").at(-1)?.trim() ?? "");
}
