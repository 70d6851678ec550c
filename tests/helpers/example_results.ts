/** What the examples of pipelines say, and whether it is true. */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { example, run } from "./example.ts";
import { makeFile } from "./ffmpeg.ts";
import { countFrames } from "./probe.ts";

/** The numbers in a line. */
export function numbers(line: string): number[] {
  return (line.match(/\d+(\.\d+)?/g) ?? []).map(Number);
}

/** A recording of `complex_pipeline.ts`, by the line that it says of it. */
export interface PipelineRecording {
  readonly captured: number;
  readonly written: number;
  readonly line: string;
}

/** Asserts that what `complex_pipeline.ts` has said of its recordings in `folder` is true; returns it. */
export async function assertPipeline(said: readonly string[], folder: string): Promise<PipelineRecording[]> {
  const recordings: PipelineRecording[] = [];
  for (const name of ["red.mp4", "yellow.mp4"]) {
    const path = join(folder, name);
    const line = said.find((line) => line.startsWith(path)) ?? assert.fail(`nothing is said of ${name}`);
    const [captured = NaN, written = NaN, dropped = NaN] = numbers(line.slice(path.length));
    assert.equal(captured, written + dropped, line);
    // Without a frame there is no file, or still an earlier one.
    if (written > 0) assert.equal(await countFrames(path), written, line);
    recordings.push({ captured, written, line });
  }
  return recordings;
}

/** One analysis of `worker_analysis.ts`. */
export interface Motion {
  /** Seconds since the analysis before; 0 for the first one. */
  readonly gap: number;
  /** Pixels by which the picture has moved meanwhile, as the example says and as it is. */
  readonly distance: number;
  readonly expected: number;
}

/** What `worker_analysis.ts` makes of a video of 60 frames. */
export interface MotionAnalysis {
  readonly input: string;
  readonly recording: string;
  readonly written: number;
  readonly dropped: number;
  readonly motions: readonly Motion[];
  readonly said: string;
}

/** Runs `worker_analysis.ts` on a picture that moves; asserts that it counts its analyses. */
export async function analyseMotion(folder: string): Promise<MotionAnalysis> {
  // Grain that moves by half a pixel a frame, so by 7 or 8 in half a second.
  const grain = "nullsrc=size=320x240:rate=30,geq=lum='random(1)*255':cb=128:cr=128,trim=end_frame=1,gblur=sigma=3";
  const graph = `${grain},loop=loop=59:size=1,setpts=N/30/TB,scroll=h=${0.5 / 320}`;
  const codec = ["-c:v", "libx264", "-crf", "5", "-pix_fmt", "yuv420p"];
  const input = join(folder, "in.mp4");
  await makeFile(input, "-f", "lavfi", "-i", graph, "-frames:v", "60", ...codec);
  const recording = join(folder, "out.mp4");
  const said = await run(example("worker_analysis.ts"), folder, input, recording);
  const lines = said.trim().split("\n");
  const [written = NaN, dropped = NaN, analysed = NaN] = numbers(lines.pop() ?? "");
  assert.equal(lines.length, analysed, said);
  let before: number | undefined;
  const motions = lines.map(numbers).map(([time = NaN, distance = NaN]): Motion => {
    const gap = time - (before ?? time);
    before = time;
    return { gap, distance, expected: gap * 15 };
  });
  return { input, recording, written, dropped, motions, said };
}
