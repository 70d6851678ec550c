/**
 * Smooths a video with OpenCV on its way to the recording:
 * `deno run -A examples/gaussian_smoothing.ts in.mp4 out.mp4 5`.
 *
 * The third argument is the width of the Gaussian in pixels, an odd number; 5 takes 10 to 20 ms a frame at 720p. The
 * fourth is the pacing: "asap" waits for the smoothing, "realtime" drops and counts frames that come too fast.
 */

import { argv } from "node:process";
import { loadOpenCV, type OpenCV } from "npm:@opencvjs/web@5.0.0-release.2";
import {
  Codec,
  ColourSpace,
  ObservableObserver,
  type Pacing,
  type VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../mod.ts";

const [input = "in.mp4", output = "out.mp4", width = "5", pacing = "asap"] = argv.slice(2);

const cv = await loadOpenCV();

/** Smooths each frame in place; its own observers see smooth frames. */
class Smoother extends ObservableObserver {
  // OpenCV's WebAssembly sees only its own memory, which is not garbage-collected: one image serves all frames.
  readonly #image = new cv.Mat();
  readonly #size: OpenCV.Size;

  constructor(width: number) {
    super();
    this.#size = new cv.Size(width, width);
  }

  override update(frame: VideoFrame): void {
    const pixels = frame.data();
    this.#image.create(frame.height, frame.width, cv.CV_8UC4); // only the first time, or when the size changes
    this.#image.data.set(pixels);
    cv.GaussianBlur(this.#image, this.#image, this.#size, 0);
    pixels.set(this.#image.data); // `data` anew: OpenCV's memory may have moved
  }

  free(): void {
    this.#image.delete();
  }
}

const reader = await VideoSourceFactory.getInstance()
  .createFileReader(input, ColourSpace.BGRA, { pacing: pacing as Pacing });
const smoother = new Smoother(Number(width));
const writer = await VideoTargetFactory.getInstance()
  .createFileWriter(Codec.H264, output, reader.getFrameRate());

// A failing observer stops no other one, so its errors must be listened for: the reader reports those of the smoother,
// the smoother those of the writer.
reader.addEventListener("error", ({ error }) => console.error(error));
smoother.addEventListener("error", ({ error }) => console.error(error));

reader.attach(smoother);
smoother.attach(writer);
await reader.ended;
const report = await writer.close();
await reader.close();
smoother.free();

console.log(report.stats.frames);
