/**
 * Records a camera, and goes on when it was unplugged and is back:
 * `deno run -A examples/record_camera.ts /dev/video0 camera.mp4 10`.
 */

import { argv } from "node:process";
import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";

const [device, output = "camera.mp4", seconds = "10"] = argv.slice(2);
const factory = VideoSourceFactory.getInstance();

// Without an argument the first camera that can be used. An id stays the same when it is plugged in again.
const id = device ?? (await factory.listDevices()).find(({ problem }) => problem === null)?.id;
if (id === undefined) throw new Error("No capture device can be used on this machine");

const camera = await factory.getDevice(id, ColourSpace.I420);
camera.addEventListener("lost", ({ at, error }) => console.log(`${at}: ${error?.message}`));
camera.addEventListener("resumed", ({ at, gap }) => console.log(`${at}: frames again after ${gap?.seconds} s`));

const writer = await VideoTargetFactory.getInstance()
  .createFileWriter(Codec.H264, output, camera.getFrameRate(), { onGap: "hold" });
camera.attach(writer);
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
const { stats, gaps } = await writer.close();
await camera.close();

console.log(`${stats.frames.written} frames, ${stats.lost} lost by the camera, ${gaps.length} times without frames`);
