/**
 * Records the first 20 seconds of a video, or as many as the third argument says:
 * `deno run -A examples/record_20_seconds.ts in.mp4 out.mp4 20`.
 */

import { argv } from "node:process";
import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";

const [input = "in.mp4", output = "out.mp4", seconds = "20"] = argv.slice(2);

const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420);
const writer = await VideoTargetFactory.getInstance()
  .createFileWriter(Codec.HEVC, output, reader.getFrameRate());

reader.attach(writer);
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
await reader.detach(writer);
const report = await writer.close();
await reader.close();

console.log(`${report.stats.frames.written} frames, ${report.stats.durationSeconds} s`);
