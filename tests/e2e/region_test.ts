/** Sub-frames: the part of each frame that was asked for, to the sample, also while it plays and is recorded. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ColourSpace, type FrameDimensions, type VideoFrame, type VideoSource, VideoTargetFactory } from "../../mod.ts";
import { deferred } from "../../src/base/deferred.ts";
import { output } from "../helpers/command.ts";
import { withFolder } from "../helpers/folder.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { probe } from "../helpers/probe.ts";
import { assertRefusedNow } from "../helpers/refusal.ts";
import { watchedSources } from "../helpers/watched.ts";

const sources = watchedSources;
const targets = VideoTargetFactory.getInstance();

interface Region extends FrameDimensions {
  readonly x: number;
  readonly y: number;
}

const WHOLE: FrameDimensions = { width: 128, height: 64 };
const REGIONS: readonly Region[] = [
  { x: 32, y: 16, width: 64, height: 32 },
  { x: 0, y: 0, width: 128, height: 64 },
  { x: 0, y: 0, width: 1, height: 1 },
  { x: 127, y: 63, width: 1, height: 1 },
  { x: 31, y: 17, width: 33, height: 15 },
  { x: 2, y: 4, width: 97, height: 55 },
  { x: 1, y: 0, width: 2, height: 64 },
];
const PIXEL_FORMATS = { bgra: "bgra", i420: "yuv420p", uyvy: "uyvy422" } as const;

/** What FFmpeg's own crop gives of every frame of the file at `path`. */
async function cropped(path: string, format: string, { x, y, width, height }: Region): Promise<Uint8Array> {
  const filter = `crop=${width}:${height}:${x}:${y}:exact=1`;
  const args = ["-v", "error", "-i", `file:${path}`, "-vf", filter, "-pix_fmt", format, "-f", "rawvideo", "-"];
  const parts: Uint8Array[] = [];
  for await (const part of output("ffmpeg", args)) parts.push(part);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** What an observer sees of every frame of the file at `path`. */
async function observed(path: string, colour: ColourSpace, region: Region): Promise<Uint8Array> {
  const reader = await sources.createFileReader(path, colour, { pacing: "asap" });
  reader.setSubFrame(region.x, region.y, region.width, region.height);
  assert.deepEqual(reader.getFrameDimensions(), { width: region.width, height: region.height });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  reader.attach((frame) => {
    assert.deepEqual([frame.width, frame.height], [region.width, region.height]);
    parts.push(frame.data().slice() as Uint8Array<ArrayBuffer>);
  });
  await reader.ended;
  await reader.close();
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

describe("a sub-frame", () => {
  for (const [colour, format] of Object.entries(PIXEL_FORMATS)) {
    it(`shows the samples of FFmpeg's crop in ${colour}`, async () => {
      await withFolder(async (folder) => {
        // Stored as it is asked for, so that no conversion stands between the two.
        const path = join(folder, colour === "uyvy" ? "in.mov" : "in.mkv");
        const codec = colour === "uyvy" ? "rawvideo" : "ffv1";
        await makeFile(path, ...testPicture("128x64", 30, 0.2), "-pix_fmt", format, "-c:v", codec);
        for (const region of REGIONS) {
          // FFmpeg cannot cut a pair of UYVY pixels in two: it leaves its samples empty.
          if (colour === "uyvy" && (region.x % 2 === 1 || region.width % 2 === 1)) continue;
          const [theirs, ours] = [
            await cropped(path, format, region),
            await observed(path, colour as ColourSpace, region),
          ];
          const differs = ours.findIndex((value, index) => value !== theirs[index]);
          assert.deepEqual([ours.length, differs], [theirs.length, -1], JSON.stringify(region));
        }
      });
    });
  }

  it("that begins inside a pair of UYVY pixels keeps every luma sample and the chroma of its pair", async () => {
    const size = { width: 32, height: 16 };
    const whole = await sources.createTestPattern({ ...size, colour: ColourSpace.UYVY, pacing: "asap", frames: 1 });
    let picture = new Uint8Array();
    whole.attach((frame) => void (picture = frame.data().slice()));
    await whole.ended;
    await whole.close();
    const region = { x: 5, y: 3, width: 7, height: 4 };
    const part = await sources.createTestPattern({ ...size, colour: ColourSpace.UYVY, pacing: "asap", frames: 1 });
    part.setSubFrame(region.x, region.y, region.width, region.height);
    let seen = new Uint8Array();
    part.attach((frame) => void (seen = frame.data().slice()));
    await part.ended;
    await part.close();
    const luma = (bytes: Uint8Array, stride: number, x: number, y: number): number | undefined =>
      bytes[y * stride + x * 2 + 1];
    const chroma = (bytes: Uint8Array, stride: number, x: number, y: number): number[] => {
      const pair = y * stride + (x >> 1) * 4;
      return [bytes[pair] ?? NaN, bytes[pair + 2] ?? NaN];
    };
    for (let y = 0; y < region.height; y++) {
      for (let x = 0; x < region.width; x++) {
        const at = [region.x + x, region.y + y] as const;
        assert.equal(luma(seen, 16, x, y), luma(picture, 64, ...at), `${x},${y}`);
        const start = region.x - region.x % 2 + x - x % 2;
        assert.deepEqual(chroma(seen, 16, x, y), chroma(picture, 64, start, at[1]), `${x},${y}`);
      }
    }
  });

  it("that is not inside the frame is refused by its field, and the source plays on", async () => {
    const source = await sources.createTestPattern({ ...WHOLE, pacing: "asap", frames: 30 });
    const wrong: readonly (readonly [field: string, ...region: [number, number, number, number]])[] = [
      ["x", 128, 0, 1, 1],
      ["y", 0, 64, 1, 1],
      ["width", 64, 0, 65, 1],
      ["height", 0, 32, 1, 33],
      ["width", 0, 0, 0, 1],
      ["height", 0, 0, 1, 0],
      ["x", -1, 0, 1, 1],
      ["y", 0, 0.5, 1, 1],
      ["width", 0, 0, NaN, 1],
      ["height", 0, 0, 1, Infinity],
    ];
    let frames = 0;
    source.attach((frame) => {
      frames += 1;
      assert.deepEqual([frame.width, frame.height], [WHOLE.width, WHOLE.height]);
      if (frames > 1) return;
      for (const [field, ...region] of wrong) {
        assertRefusedNow(() => source.setSubFrame(...region), {
          is: RangeError,
          code: "invalid_argument",
          field,
          says: new RegExp(`Cannot use ${field} `),
        });
      }
    });
    await source.ended;
    assert.equal(frames, 30);
    assert.deepEqual(source.getFrameDimensions(), WHOLE);
    await source.close();
  });

  it("that changes while frames flow has its size from one frame to the next, and back", async () => {
    const source = await sources.createTestPattern({ ...WHOLE, pacing: "asap" });
    assert.deepEqual(await changeTwice(source), ["128x64", "64x32", "128x64"]);
    await source.close();
  });

  it("is scaled to the size of a writer that is running", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "scaled.mp4");
      const source = await sources.createTestPattern({ ...WHOLE, pacing: "asap" });
      const writer = await targets.createFileWriter("h264", path, 30);
      source.attach(writer);
      await changeTwice(source);
      await source.detach(writer);
      const { stats, segments } = await writer.close();
      await source.close();
      assertLedger(stats.frames);
      assert.ok(stats.frames.written >= 30 && stats.frames.dropped === 0, JSON.stringify(stats.frames));
      assert.equal(segments.length, 1);
      const file = await probe(path);
      assert.deepEqual([file.width, file.height], [WHOLE.width, WHOLE.height]);
    });
  });

  it("begins a new numbered file where the writer is asked for segments", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "part.mp4");
      const source = await sources.createTestPattern({ ...WHOLE, pacing: "asap" });
      const writer = await targets.createFileWriter("h264", path, 30, { onResize: "segment" });
      source.attach(writer);
      await changeTwice(source);
      await source.detach(writer);
      const { stats, segments } = await writer.close();
      await source.close();
      assertLedger(stats.frames);
      const { captured, written, dropped } = stats.frames;
      assert.ok(written === captured && dropped === 0, JSON.stringify(stats.frames));
      const sizes = await Promise.all(segments.map(async (segment) => {
        const file = await probe(segment.path);
        assert.deepEqual([file.width, file.height], [segment.width, segment.height]);
        return `${file.width}x${file.height}`;
      }));
      assert.deepEqual(sizes, ["128x64", "64x32", "128x64"]);
      assert.equal(segments.reduce((sum, segment) => sum + segment.frames, 0), written);
    });
  });
});

/** Asks for a part of the frames and for the whole again, ten frames each; gives the sizes as they follow each other. */
async function changeTwice(source: VideoSource): Promise<string[]> {
  const sizes: string[] = [];
  const done = deferred<void>();
  const seen = { whole: 0, part: 0, again: 0 };
  const observer = (frame: VideoFrame): void => {
    const size = `${frame.width}x${frame.height}`;
    if (size !== sizes.at(-1)) sizes.push(size);
    // A few frames may have been on their way when the part was asked for.
    if (sizes.length === 1 && ++seen.whole === 10) source.setSubFrame(32, 16, 64, 32);
    if (sizes.length === 2 && ++seen.part === 10) source.getFullFrame();
    if (sizes.length === 3 && ++seen.again === 10) done.resolve();
  };
  source.attach(observer);
  await done.promise;
  await source.detach(observer);
  return sizes;
}
