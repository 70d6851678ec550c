/**
 * GIFT-Grab's file-reading tests T1-T8 and our cases C1-C5, by the ids of the tables of knowledge/giftgrab.md §2.
 *
 * C3's network addresses come with network sources. Sub-frames sample by sample are in tests/e2e/region_test.ts.
 *
 * Inputs are made as in §2.0: 15 frames at 30 fps, 128 x 64, HEVC with B-frames, Xvid and VP9.
 */

import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  ColourSpace,
  type RecordingReport,
  type VideoFileReader,
  type VideoFrame,
  VideoSourceError,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { deferred } from "../../src/base/deferred.ts";
import { makeFile } from "../helpers/ffmpeg.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { countFrames, packets, probe } from "../helpers/probe.ts";
import { psnr } from "../helpers/psnr.ts";
import { assertRefused, assertRefusedNow } from "../helpers/refusal.ts";
import { AHEAD, Valve } from "../helpers/valve.ts";
import { watchedSources } from "../helpers/watched.ts";

const COLOURS = Object.entries(ColourSpace).filter(([name]) => ["BGRA", "I420", "UYVY"].includes(name));
const [WIDTH, HEIGHT, FRAMES, RATE] = [128, 64, 15, 30];

/** Yellow to red beside green to blue, as FFmpeg expressions of the height. */
const fade = (from: string, to: string): string =>
  `gradients=size=64x64:c0=${from}:c1=${to}:x0=0:y0=0:x1=0:y1=63:duration=0.5:rate=${RATE}:speed=0.00001`;
const PICTURE = ["-f", "lavfi", "-i", `${fade("yellow", "red")}[l];${fade("green", "blue")}[r];[l][r]hstack`];

const INPUTS: readonly (readonly [codec: string, extension: string, args: readonly string[]])[] = [
  ["HEVC", "mp4", ["-c:v", "libx265", "-x265-params", "log-level=none:bframes=2:b-adapt=0"]],
  ["Xvid", "avi", ["-c:v", "mpeg4", "-vtag", "xvid", "-q:v", "2"]],
  ["VP9", "webm", ["-c:v", "libvpx-vp9", "-crf", "10", "-b:v", "0"]],
];

let folder = "";
let number = 0;
const inputPath = (extension: string): string => join(folder, `video_15frames_30fps.${extension}`);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "giftgrab-"));
  for (const [, extension, args] of INPUTS) {
    await makeFile(inputPath(extension), ...PICTURE, "-frames:v", String(FRAMES), "-pix_fmt", "yuv420p", ...args);
  }
});
after(() => rm(folder, { recursive: true, force: true }));

/** Bytes per pixel. */
const BYTES = { bgra: 4, rgba: 4, uyvy: 2, i420: 1.5, nv12: 1.5 } as const;

/** The sizes of the next frames that an observer gets, as many as the clip has. */
async function observedSizes(reader: VideoFileReader): Promise<Set<string>> {
  const sizes = new Set<string>();
  const seen = deferred<void>();
  let frames = 0;
  const observer = (frame: VideoFrame): void => {
    sizes.add(`${frame.cols}x${frame.rows}`);
    frames += 1;
    if (frames === FRAMES) seen.resolve();
  };
  reader.attach(observer);
  await seen.promise;
  await reader.detach(observer);
  return sizes;
}

/** Records what a reader gives without loss: all of it, or until `frames` of it have been seen. */
async function record(reader: VideoFileReader, frames?: number): Promise<RecordingReport> {
  const path = join(folder, `copy${number++}.mkv`);
  const writer = await VideoTargetFactory.getInstance().createFileWriter("ffv1", path, reader.getFrameRate());
  reader.attach(writer);
  if (frames === undefined) {
    await reader.ended;
  } else {
    const valve = new Valve(reader);
    await valve.pass(frames);
    await reader.detach(writer);
    valve.open();
  }
  const report = await writer.close();
  assertLedger(report.stats.frames);
  assert.equal(report.stats.frames.dropped, 0);
  return report;
}

async function assertComplete(path: string, colour: ColourSpace): Promise<void> {
  const reader = await VideoSourceFactory.getInstance().createFileReader(path, colour, { pacing: "asap" });
  assert.equal(reader.colour, colour);
  assert.deepEqual(reader.getFrameRate(), { num: RATE, den: 1 });
  assert.deepEqual(reader.getFrameDimensions(), { width: WIDTH, height: HEIGHT });
  const report = await record(reader);
  await reader.close();
  const observed = await watchedSources.createFileReader(path, colour, { pacing: "asap" });
  const lengths: number[] = [];
  observed.attach((frame) => {
    assert.deepEqual([frame.colour, frame.cols, frame.rows], [colour, WIDTH, HEIGHT]);
    lengths.push(frame.dataLength());
    assert.equal(frame.data().length, frame.dataLength());
  });
  await observed.ended;
  await observed.close();
  assert.deepEqual(lengths, Array.from({ length: FRAMES }, () => BYTES[colour] * WIDTH * HEIGHT));
  assert.equal(report.stats.frames.written, FRAMES);
  const copy = await probe(report.target.path);
  assert.deepEqual([copy.width, copy.height, copy.frameRate], [WIDTH, HEIGHT, { num: RATE, den: 1 }]);
  assert.equal(await countFrames(report.target.path), FRAMES);
  // Every frame as the `ffmpeg` command decodes it, in the same order.
  assert.equal((await psnr(report.target.path, path)).worst, Infinity);
}

for (const [codec, extension] of INPUTS) {
  describe(`reading ${codec}`, () => {
    for (const [name, colour] of COLOURS) {
      it(`T1 T4 C1 reads 15 frames of a 30 fps 128x64 clip in ${name}`, async () => {
        await assertComplete(inputPath(extension), colour);
      });

      it(`T7 C4 gives observers a sub-frame that was set before they came, in ${name}`, async () => {
        const settings = { atEnd: "loop", pacing: "asap" } as const;
        const reader = await VideoSourceFactory.getInstance().createFileReader(inputPath(extension), colour, settings);
        reader.setSubFrame(WIDTH / 4, HEIGHT / 4, WIDTH / 2, HEIGHT / 2);
        assert.deepEqual([...await observedSizes(reader)], ["64x32"]);
        await reader.close();
      });

      it(`T8 C4 gives the full frame again when the sub-frame is given up, in ${name}`, async () => {
        const settings = { atEnd: "loop", pacing: "asap" } as const;
        const reader = await VideoSourceFactory.getInstance().createFileReader(inputPath(extension), colour, settings);
        reader.setSubFrame(WIDTH / 4, HEIGHT / 4, WIDTH / 2, HEIGHT / 2);
        await observedSizes(reader);
        reader.getFullFrame();
        assert.deepEqual([...await observedSizes(reader)], ["128x64"]);
        await reader.close();
      });

      it(`T2 T5 C2 reads the clip again after closing it half-way in ${name}`, async () => {
        const path = inputPath(extension);
        const reader = await VideoSourceFactory.getInstance().createFileReader(path, colour, { pacing: "asap" });
        const { written } = (await record(reader, 5)).stats.frames;
        assert.ok(written >= 5 && written <= 5 + AHEAD, `${written} frames when 5 were seen`);
        await reader.close();
        await assertComplete(path, colour);
      });
    }
  });
}

describe("reading", () => {
  it("T1 has a clip with reordered frames among its inputs", async () => {
    const times = (await packets(inputPath("mp4"))).map(({ pts }) => pts);
    assert.notDeepEqual(times, times.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  });

  it("C5 refuses a sub-frame out of range, and goes on with the frames as they were", async () => {
    const reader = await VideoSourceFactory.getInstance().createFileReader(inputPath("mp4"), "i420", {
      pacing: "asap",
    });
    assertRefusedNow(() => reader.setSubFrame(100, 0, 64, 32), {
      is: RangeError,
      code: "invalid_argument",
      field: "width",
      says: /128x64/,
    });
    assert.deepEqual([...await observedSizes(reader)], ["128x64"]);
    await reader.close();
  });

  for (const [name, colour] of COLOURS) {
    it(`T3 T6 C3 refuses an invalid path in ${name}`, async () => {
      const path = "/this/path/should/never/exist.video";
      await assertRefused(VideoSourceFactory.getInstance().createFileReader(path, colour), {
        is: VideoSourceError,
        code: "not_found",
        field: "path",
        says: /exist\.video": it does not exist/,
      });
      await assert.rejects(stat(path), { code: "ENOENT" });
    });
  }
});
