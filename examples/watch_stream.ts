/**
 * Records a network camera and measures its brightness meanwhile:
 * `deno run -A examples/watch_stream.ts rtsp://camera.local/stream stream.mp4 10`.
 */

import { argv } from "node:process";
import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";

const [url = "rtsp://127.0.0.1:8554/camera", output = "stream.mp4", seconds = "10"] = argv.slice(2);

const stream = await VideoSourceFactory.getInstance().connectNetworkSource(url, ColourSpace.I420);
const writer = await VideoTargetFactory.getInstance().createFileWriter(Codec.H264, output, "source");
stream.attach(writer);
setTimeout(() => stream.close(), Number(seconds) * 1000);

// Two small frames a second, the newest ones: a slow analysis never sees old frames, and costs the recording none.
for await (const frame of stream.frames({ rate: 2, width: 64, policy: "latest" })) {
  const luma = frame.data().subarray(0, frame.width * frame.height);
  const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  console.log(`brightness ${((mean - 16) / 219 * 100).toFixed(0)} %`);
}
const { stats } = await writer.close();

console.log(`${stats.frames.written} frames, ${stats.lost} lost on the way`);
