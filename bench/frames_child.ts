/**
 * The bench's jobs with this library: `frames_child.ts JOB TASK`.
 *
 * The peers' programs in `peers/` do the same jobs: only the library differs.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { Codec, ColourSpace, VideoFrame, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";

/** The jobs of a program. */
interface Task {
  /** The clip, or for `encode` raw BGRA pictures. */
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

const [job = "", text = "{}"] = process.argv.slice(2);
const { input, output, width, height, frames }: Task = JSON.parse(text);
const times = new Float64Array(frames + 1);
let seen = 0;
let checksum = 0;

const started = performance.now();
if (job === "encode") await encode();
else await decode(job === "bgra" ? ColourSpace.BGRA : ColourSpace.I420);
const ended = performance.now();
console.log(JSON.stringify({
  frames: seen,
  seconds: (ended - started) / 1000,
  steadySeconds: (ended - (times[30] ?? Number.NaN)) / 1000,
  steadyFrames: seen - 31,
  checksum,
}));

async function decode(colour: ColourSpace): Promise<void> {
  const points = pointsOf(colour);
  const reader = await VideoSourceFactory.getInstance().createFileReader(input, colour, { pacing: "asap" });
  reader.attach((frame: VideoFrame) => {
    const data = frame.data();
    for (const point of points) checksum += data[point] ?? 0;
    times[seen] = performance.now();
    seen += 1;
  });
  await reader.ended;
  await reader.close();
}

async function encode(): Promise<void> {
  const pictures = picturesOf(input);
  const writer = await VideoTargetFactory.getInstance().createFileWriter(Codec.H264, output, 30, {
    ...{ overwrite: true, preset: "ultrafast", quality: 23, gop: 30 },
  });
  while (seen < frames) {
    const picture = pictures[turn(seen, pictures.length)];
    if (picture === undefined) throw new Error(`Cannot encode: "${input}" holds no picture`);
    mark(picture, seen);
    const time = { pts: seen, timeBase: { num: 1, den: 30 } };
    await writer.append(VideoFrame.fromBuffer(picture, { colour: ColourSpace.BGRA, width, height, ...time }));
    times[seen] = performance.now();
    seen += 1;
  }
  const { stats: { frames: ledger } } = await writer.close();
  if (ledger.written !== frames) throw new Error(`Only ${ledger.written} of ${frames} frames written`);
}

/** 64 bytes spread over the frame: point k of an 8 × 8 grid in plane, or channel, k mod 3. */
function pointsOf(colour: ColourSpace): number[] {
  return Array.from({ length: 64 }, (_, point) => {
    const part = point % 3;
    const shift = colour === ColourSpace.I420 && part > 0 ? 1 : 0;
    const x = ((2 * (point % 8) + 1) * width) >> 4 >> shift;
    const y = ((2 * (point >> 3) + 1) * height) >> 4 >> shift;
    if (colour === ColourSpace.BGRA) return (y * width + x) * 4 + part;
    const start = part === 0 ? 0 : width * height + (part - 1) * (width / 2) * (height / 2);
    return start + y * (width >> shift) + x;
  });
}

/** The pictures of a file of raw BGRA, each a buffer of its own. */
function picturesOf(path: string): Uint8Array<ArrayBuffer>[] {
  const bytes = readFileSync(path);
  const size = width * height * 4;
  return Array.from(
    { length: bytes.length / size },
    (_, index) => new Uint8Array(bytes.subarray(index * size, (index + 1) * size)),
  );
}

/** To and fro through the pictures, so that the motion has no jump. */
function turn(index: number, count: number): number {
  const step = index % (2 * count - 2);
  return step < count ? step : 2 * count - 2 - step;
}

/** Draws a square whose grey depends on the frame's number. */
function mark(picture: Uint8Array, index: number): void {
  for (let row = 32; row < 96; row += 1) {
    const start = (row * width + 32) * 4;
    picture.fill((index * 37) & 255, start, start + 256);
  }
}
