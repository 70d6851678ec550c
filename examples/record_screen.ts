/** Records the screen of X11: `deno run -A examples/record_screen.ts screen.mp4 10`. */

import { argv } from "node:process";
import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";

const [output = "screen.mp4", seconds = "10"] = argv.slice(2);

const screen = await VideoSourceFactory.getInstance().createScreenSource(ColourSpace.I420, { frameRate: 30 });
const writer = await VideoTargetFactory.getInstance().createFileWriter(Codec.H264, output, screen.getFrameRate());
screen.attach(writer);
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
const { stats } = await writer.close();
await screen.close();

console.log(`${stats.frames.written} frames, ${stats.durationSeconds} s`);
