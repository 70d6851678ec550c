/**
 * A pipeline with branches, each at its own rate:
 *
 *     source ─ buffer ─┬─ redness of the original, 50 a second
 *                      └─ red dyer ─┬─ red.mp4
 *                                   ├─ redness of the dyed, 60 a second
 *                                   └─ green dyer ─┬─ yellow.mp4
 *                                                  └─ snapshot-1.png …, one in 5 seconds
 *
 * `deno run -A examples/complex_pipeline.ts in.mp4 20 folder`: input, seconds, folder of the output. An empty input is
 * the test pattern. The fourth argument is the pacing, "realtime" or "asap".
 */

import { writeFile } from "node:fs/promises";
import process from "node:process";
import { PNG } from "npm:pngjs@7.0.0";
import {
  Codec,
  ColourSpace,
  type Observable,
  ObservableObserver,
  Observer,
  type Pacing,
  type VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../mod.ts";

const [input = "", seconds = "20", folder = ".", speed = "realtime"] = process.argv.slice(2);

/** Writes a frame as an image, with settings that are quick: meanwhile the dyers wait. */
async function saveImage(path: string, frame: VideoFrame): Promise<void> {
  const image = new PNG({ width: frame.width, height: frame.height });
  await frame.copyTo(image.data, { format: "RGBA" });
  await writeFile(path, PNG.sync.write(image, { filterType: 1, deflateLevel: 1 }));
}

/** Keeps the newest frame for a look at any time; hands all frames on as they are. */
class FrameBuffer extends ObservableObserver {
  newest: VideoFrame | undefined;

  override update(frame: VideoFrame): void {
    // A frame ends with its update: keep a copy, in the same memory each time.
    if (this.newest === undefined) this.newest = frame.clone();
    else this.newest.data().set(frame.data());
  }
}

/** Adds to one colour of each frame, in place. */
class Dyer extends ObservableObserver {
  readonly #colour: "R" | "G" | "B";
  readonly #amount: number;

  constructor(colour: "R" | "G" | "B", amount: number) {
    super();
    this.#colour = colour;
    this.#amount = amount;
  }

  override update(frame: VideoFrame): void {
    const pixels = frame.data();
    const { offset = 0, step = 1 } = frame.components().find(({ name }) => name === this.#colour) ?? {};
    for (let at = offset; at < pixels.length; at += step) {
      pixels[at] = Math.min(255, (pixels[at] ?? 0) + this.#amount);
    }
  }
}

/** Prints about once a second how red its frames are, by a histogram of ten bins. */
class Redness extends Observer {
  readonly #name: string;
  #nextAt = 0;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  override update(frame: VideoFrame): void {
    const pixels = frame.data();
    const bins = new Uint32Array(10);
    // The requests below ask for RGBA: red comes first.
    for (let at = 0; at < pixels.length; at += 4) {
      const bin = Math.floor((pixels[at] ?? 0) / 25.6);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const time = (frame.timestamp ?? 0) / 1e6;
    if (time < this.#nextAt) return;
    this.#nextAt = time + 1;
    const sum = bins.reduce((sum, count, bin) => sum + count * (bin + 0.5), 0);
    console.log(`${time.toFixed(1)} s: ${this.#name} is red by ${(sum * 400 / pixels.length / 10).toFixed(0)} %`);
  }
}

/** Saves each frame that it gets. */
class Snapshots extends Observer {
  #count = 0;

  // A promise is waited for: the next frame comes when this image is on the disk.
  override update(frame: VideoFrame): Promise<void> {
    return saveImage(`${folder}/snapshot-${++this.#count}.png`, frame);
  }
}

const [sources, targets] = [VideoSourceFactory.getInstance(), VideoTargetFactory.getInstance()];
const pacing = speed as Pacing;
const source = input === ""
  ? await sources.createTestPattern({ colour: ColourSpace.BGRA, width: 640, height: 480, pacing })
  : await sources.createFileReader(input, ColourSpace.BGRA, { pacing });
const createWriter = (name: string) =>
  targets.createFileWriter(Codec.HEVC, `${folder}/${name}`, source.getFrameRate(), { overwrite: true });
const [redWriter, yellowWriter] = [await createWriter("red.mp4"), await createWriter("yellow.mp4")];

const buffer = new FrameBuffer();
const red = new Dyer("R", 128);
const green = new Dyer("G", 64);

// "latest" never makes a source wait: frames that come too fast are skipped, natively.
const glance = { colour: ColourSpace.RGBA, width: 160, policy: "latest" } as const;
source.attach(buffer);
buffer.attach(new Redness("the original"), { ...glance, rate: 50 });
buffer.attach(red);
red.attach(redWriter);
red.attach(new Redness("the dyed"), { ...glance, rate: 60 });
red.attach(green); // below red: its frames are already red, and red.mp4 does not show what it adds
green.attach(yellowWriter);
green.attach(new Snapshots(), { colour: ColourSpace.RGBA, rate: { num: 1, den: 5 } });

// A failing observer stops no other one, so its errors must be listened for.
const observables: Observable[] = [source, buffer, red, green];
for (const observable of observables) {
  observable.addEventListener("error", ({ error }) => {
    console.error(error);
    process.exitCode = 1;
  });
}

// Closing a source lets everybody go, and is an end like any other.
const timer = setTimeout(() => source.close(), Number(seconds) * 1000);
await source.ended;
clearTimeout(timer);
await source.close();
for (const writer of [redWriter, yellowWriter]) {
  const { stats: { frames } } = await writer.close();
  console.log(
    `${writer.info.path}: ${frames.captured} frames captured, ${frames.written} written, ${frames.dropped} dropped`,
  );
}
if (buffer.newest !== undefined) await saveImage(`${folder}/last.png`, buffer.newest);
