/**
 * GIFT-Grab's pipelines T31-T33 and our cases C10-C12, C15, C16 and C18, by the ids of the tables of
 * knowledge/giftgrab.md §2.6 and §3.
 *
 * Where upstream looks only whether a file exists, the pixels in it are looked at.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Codec, ColourSpace, ObservableObserver, Observer, type VideoFrame, VideoTargetFactory } from "../../mod.ts";
import { deferred } from "../../src/base/deferred.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { output } from "../helpers/command.ts";
import { makeFile } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { watchedSources } from "../helpers/watched.ts";

const sources = watchedSources;
const targets = VideoTargetFactory.getInstance();
const SIZE = { width: 128, height: 96 };

/** Counts its calls. */
class Counter extends Observer {
  frames = 0;
  #goal = Infinity;
  #reached = deferred<void>();

  override update(_frame: VideoFrame): void {
    this.frames += 1;
    if (this.frames >= this.#goal) this.#reached.resolve();
  }

  /** Resolves when it has been called so often. */
  reached(frames: number): Promise<void> {
    this.#goal = frames;
    this.#reached = deferred();
    return this.#reached.promise;
  }
}

/** Exchanges the blue and the red of every pixel, as upstream's test does. */
class Swapper extends ObservableObserver {
  override update(frame: VideoFrame): void {
    const data = frame.data();
    for (let at = 0; at < data.length; at += 4) {
      const blue = data[at] ?? 0;
      data[at] = data[at + 2] ?? 0;
      data[at + 2] = blue;
    }
  }
}

/** Takes the mean of each pixel and its neighbours to the left and the right, some times over. */
class Smoother extends ObservableObserver {
  override update(frame: VideoFrame): void {
    const data = frame.data();
    for (let round = 0; round < 8; round++) {
      for (let at = 4; at < data.length - 4; at++) {
        data[at] = ((data[at - 4] ?? 0) + (data[at] ?? 0) + (data[at + 4] ?? 0)) / 3;
      }
    }
  }
}

/** Adds to one byte of every pixel. */
class Dyer extends ObservableObserver {
  readonly seen: number[] = [];
  readonly component: number;

  constructor(component: number) {
    super();
    this.component = component;
  }

  override update(frame: VideoFrame): void {
    const data = frame.data();
    this.seen.push(data[this.component] ?? NaN);
    for (let at = this.component; at < data.length; at += 4) data[at] = 255;
  }
}

/** Every frame of a file as packed BGR. */
async function decoded(path: string): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const args = ["-v", "error", "-i", `file:${path}`, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"];
  for await (const part of output("ffmpeg", args)) parts.push(part as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

const mean = (values: Uint8Array, from: number, step: number): number => {
  let [sum, count] = [0, 0];
  for (let at = from; at < values.length; at += step) {
    sum += values[at] ?? 0;
    count += 1;
  }
  return sum / count;
};

/** Mean difference between horizontal neighbours. */
const roughness = (values: Uint8Array): number => {
  let sum = 0;
  for (let at = 3; at < values.length; at++) sum += Math.abs((values[at] ?? 0) - (values[at - 3] ?? 0));
  return sum / values.length;
};

describe("pipelines", () => {
  for (
    const [id, node, check] of [
      ["T31", () => new Swapper(), (before: Uint8Array, now: Uint8Array): void => {
        assert.ok(mean(before, 2, 3) - mean(before, 0, 3) > 60, "the input is red");
        assert.ok(mean(now, 0, 3) - mean(now, 2, 3) > 60, "the output is not blue");
      }],
      ["T32", () => new Smoother(), (before: Uint8Array, now: Uint8Array): void => {
        assert.ok(roughness(now) < roughness(before) * 0.75, `${roughness(now)} of ${roughness(before)}`);
      }],
    ] as const
  ) {
    it(`${id} records to Xvid what a node made of a file, at the file's own rate`, async () => {
      await withFolder(async (folder) => {
        const [input, path] = [join(folder, "in.mp4"), join(folder, "out.avi")];
        const picture = id === "T31" ? "color=c=0xE02010" : "testsrc2";
        await makeFile(
          input,
          "-f",
          "lavfi",
          "-i",
          `${picture}${id === "T31" ? ":" : "="}size=128x96:rate=20:duration=2`,
        );
        const reader = await sources.createFileReader(input, ColourSpace.BGRA, { pacing: "asap" });
        const writer = await targets.createFileWriter(Codec.Xvid, path, reader.getFrameRate(), { quality: 2 });
        const editor = node();
        reader.attach(editor);
        editor.attach(writer);
        await reader.ended;
        await editor.detach(writer);
        await reader.detach(editor);
        const { stats } = await writer.close();
        await reader.close();
        assertLedger(stats.frames);
        assert.equal(stats.frames.written, 40);
        assert.equal(await countFrames(path), 40);
        assert.ok(Math.abs((await probe(path)).frameRate.num / (await probe(path)).frameRate.den - 20) < 0.001);
        check(await decoded(input), await decoded(path));
      });
    });
  }

  it("C10 an observer attached twice is called once per frame", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 30 });
    const counter = new Counter();
    let calls = 0;
    const call = (): void => void (calls += 1);
    for (const observer of [counter, counter, call, call]) source.attach(observer);
    await source.ended;
    await source.close();
    assert.deepEqual([counter.frames, calls], [30, 30]);
  });

  it("C11 after detach has resolved the observer is never called again", async () => {
    const source = await sources.createTestPattern({ ...SIZE, frameRate: 200 });
    const [counter, other] = [new Counter(), new Counter()];
    source.attach(counter);
    source.attach(other);
    await counter.reached(5);
    await source.detach(counter);
    const before = counter.frames;
    await other.reached(other.frames + 20);
    assert.equal(counter.frames, before);
    await source.detach(new Counter());
    await source.close();
    const last = other.frames;
    // Frames of another source come by the same way, behind all that could still come of this one.
    const next = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 20 });
    next.attach(new Counter());
    await next.ended;
    await next.close();
    assert.equal(other.frames, last);
  });

  it("C12 frames pass nodes in series depth first; a writer sees them as they are where it is attached", async () => {
    await withFolder(async (folder) => {
      const frames = 30;
      const source = await sources.createTestPattern({ ...SIZE, colour: "bgra", pacing: "asap", frames });
      const open = (name: string): ReturnType<typeof targets.createFileWriter> =>
        targets.createFileWriter(Codec.FFV1, join(folder, name), 30, { profile: "lossless" });
      const [plain, once, twice] = await Promise.all(["plain.mkv", "once.mkv", "twice.mkv"].map(open));
      assert.ok(plain && once && twice);
      const order: string[] = [];
      const [blue, green] = [new Dyer(0), new Dyer(1)];
      const note = (name: string) => (frame: VideoFrame): void => void order.push(`${name}${frame.sequence}`);
      source.attach(plain);
      source.attach(blue);
      blue.attach(note("a"));
      blue.attach(once);
      blue.attach(green);
      green.attach(note("b"));
      green.attach(twice);
      blue.attach(note("c"));
      await source.ended;
      await source.close();
      for (const writer of [plain, once, twice]) {
        const { stats } = await writer.close();
        assertLedger(stats.frames);
        assert.equal(stats.frames.written, frames);
      }
      assert.deepEqual(order.slice(0, 6), ["a0", "b0", "c0", "a1", "b1", "c1"]);
      assert.ok(green.seen.every((value) => value !== 255), "the second node saw what nobody had drawn");
      assert.deepEqual(await decodeIndices(join(folder, "plain.mkv")), Array.from({ length: frames }, (_, n) => n));
      const means = async (name: string): Promise<number[]> => {
        const pixels = await decoded(join(folder, name));
        return [0, 1, 2].map((component) => mean(pixels, component, 3));
      };
      const [before, one, two] = [await means("plain.mkv"), await means("once.mkv"), await means("twice.mkv")];
      assert.deepEqual(one, [255, before[1], before[2]]);
      assert.deepEqual(two, [255, 255, before[2]]);
    });
  });

  for (const colour of Object.values(ColourSpace)) {
    it(`C15 at the end of a file truly black frames follow at its rate, if asked for, in ${colour}`, async () => {
      await withFolder(async (folder) => {
        const input = join(folder, "in.mp4");
        await makeFile(input, "-f", "lavfi", "-i", "color=c=white:size=64x48:rate=50:duration=0.2");
        const reader = await sources.createFileReader(input, colour, { atEnd: "black", pacing: "asap" });
        const black: VideoFrame[] = [];
        const times: number[] = [];
        const enough = new Promise<void>((resolve) =>
          reader.attach((frame) => {
            times.push(frame.timestamp ?? NaN);
            if ((frame.sequence ?? 0) >= 10) black.push(frame.clone());
            if (black.length === 10) resolve();
          })
        );
        await enough;
        await reader.close();
        for (const frame of black.slice(0, 10)) {
          for (
            const { name, width, height, at } of frame.components().map((part) => ({
              name: part.name,
              width: part.width,
              height: part.height,
              at: (x: number, y: number): number => part.at(x, y),
            }))
          ) {
            const expected = { Y: 16, U: 128, V: 128, A: 255 }[name] ?? 0;
            assert.deepEqual([at(0, 0), at(width - 1, height - 1)], [expected, expected], name);
          }
        }
        assert.deepEqual(times.slice(0, 20), Array.from({ length: 20 }, (_, index) => index * 20_000));
      });
    });
  }

  it("C15 by default the end of a file is an event and a promise", async () => {
    await withFolder(async (folder) => {
      const input = join(folder, "in.mp4");
      await makeFile(input, "-f", "lavfi", "-i", "color=c=white:size=64x48:rate=50:duration=0.2");
      const reader = await sources.createFileReader(input, ColourSpace.BGRA, { pacing: "asap" });
      let events = 0;
      reader.addEventListener("ended", () => events += 1);
      const counter = new Counter();
      reader.attach(counter);
      await reader.ended;
      assert.deepEqual([counter.frames, events], [10, 1]);
      await reader.close();
    });
  });

  // By the clock: tests/proof/rates_test.ts.
  for (const rate of [57, 28, 27, 22, 10]) {
    it(`C16 three observers get every frame of a source of ${rate} frames a second, each at its time`, async () => {
      const frames = Math.ceil(rate * 1.5);
      const source = await sources.createTestPattern({ ...SIZE, frameRate: rate, pacing: "asap", frames });
      const times: number[][] = [[], [], []];
      for (const list of times) source.attach((frame) => void list.push(frame.timestamp ?? NaN));
      await source.ended;
      await source.close();
      const expected = Array.from({ length: frames }, (_, index) => Math.round(index * 1e6 / rate));
      for (const list of times) assert.deepEqual(list.map(Math.round), expected);
    });
  }
});
