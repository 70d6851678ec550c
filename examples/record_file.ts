/** Records a video into another: `deno run -A examples/record_file.ts in.mp4 out.mp4`. */

import { argv } from "node:process";
import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";

const [input = "in.mp4", output = "out.mp4"] = argv.slice(2);

const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420);
const writer = await VideoTargetFactory.getInstance()
  .createFileWriter(Codec.HEVC, output, reader.getFrameRate());

reader.attach(writer);
await reader.ended;
const report = await writer.close();
await reader.close();

console.log(report);
