/** Prints the brightness of a video, second by second: `deno run -A examples/watch_frames.ts in.mp4`. */

import { argv } from "node:process";
import { ColourSpace, VideoSourceFactory } from "../mod.ts";

const [input = "in.mp4"] = argv.slice(2);

// "asap": as fast as this loop looks at the frames.
const reader = await VideoSourceFactory.getInstance()
  .createFileReader(input, ColourSpace.I420, { pacing: "asap" });

// One small frame of each second; the others never leave native code. Each frame ends when the next is asked for.
for await (const frame of reader.frames({ rate: 1, width: 64 })) {
  // The first plane of I420 is the brightness of each pixel, from 16 (black) to 235 (white).
  const luma = frame.data().subarray(0, frame.width * frame.height);
  const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  console.log(`${((frame.timestamp ?? 0) / 1e6).toFixed(1)} s: brightness ${((mean - 16) / 219 * 100).toFixed(0)} %`);
}
await reader.close();
