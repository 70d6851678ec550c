/**
 * Analyses a video in a worker, as slowly as it takes, while every frame is recorded:
 * `deno run -A examples/worker_analysis.ts in.mp4 out.mp4`.
 */

import { once } from "node:events";
import { argv } from "node:process";
import { Worker } from "node:worker_threads";
import { Codec, ColourSpace, type VideoFrame, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";
import type { Motion, Picture } from "./motion_worker.ts";

const [input = "in.mp4", output = "out.mp4"] = argv.slice(2);

const worker = new Worker(new URL("./motion_worker.ts", import.meta.url));
let analysed = 0;

/** Lets the worker analyse a frame; the next one comes when its answer is there. */
async function analyse(frame: VideoFrame): Promise<void> {
  const [pixels, seconds] = [frame.data(), (frame.timestamp ?? 0) / 1e6];
  const picture: Picture = { width: frame.width, height: frame.height, luma: pixels };
  const answer = once(worker, "message");
  // The frame's memory itself moves to the worker, without a copy; the library replaces it.
  worker.postMessage(picture, [pixels.buffer]);
  const [{ distance, milliseconds }] = await answer as [Motion];
  analysed++;
  console.log(`${seconds.toFixed(1)} s: moved by ${distance} pixels; known after ${milliseconds.toFixed(0)} ms`);
}

const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420);
const writer = await VideoTargetFactory.getInstance()
  .createFileWriter(Codec.HEVC, output, reader.getFrameRate());

// The writer gets every frame natively. The analysis gets two a second, small ones, and never delays the recording.
reader.attach(writer);
reader.attach(analyse, { rate: 2, width: 320, policy: "latest" });
reader.addEventListener("error", ({ error }) => console.error(error));

await reader.ended;
const { stats: { frames } } = await writer.close();
await reader.close();
await worker.terminate();

console.log(`${frames.written} frames recorded, ${frames.dropped} dropped; ${analysed} analysed`);
