/** Records two cameras at once, each into its own file: `deno run -A examples/two_cameras.ts /dev/video0 /dev/video2 10`. */

import { argv } from "node:process";
import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";

const [left = "/dev/video0", right = "/dev/video2", seconds = "10"] = argv.slice(2);

const cameras = await Promise.all(
  [left, right].map((device) => VideoSourceFactory.getInstance().getDevice(device, ColourSpace.I420)),
);
const writers = await Promise.all(cameras.map((camera, index) =>
  VideoTargetFactory.getInstance()
    .createFileWriter(Codec.Xvid, `camera${index + 1}.avi`, camera.getFrameRate())
));
cameras.forEach((camera, index) => {
  const writer = writers[index];
  if (writer !== undefined) camera.attach(writer);
});
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
const reports = await Promise.all(writers.map((writer) => writer.close()));
await Promise.all(cameras.map((camera) => camera.close()));

// The wall clock at the first frame of each says how far apart they began.
for (const { target, stats, startedAt } of reports) {
  console.log(`${target.path}: ${stats.frames.written} frames from ${startedAt} on, ${stats.lost} lost`);
}
