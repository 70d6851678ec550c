/**
 * Colours survive: observers and recordings have the colours that FFmpeg's accurate conversion makes of the same file.
 *
 * The judge is swscale with exact rounding and full chroma, which is given the matrix and the range of the samples. A
 * recording is decoded with nothing but its own tags.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  Codec,
  ColourSpace,
  createFilter,
  type FrameRequest,
  ObservableObserver,
  type VideoFileReader,
  type VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { ACCURATE, converted, ratio } from "../helpers/colours.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { type Probe, probe } from "../helpers/probe.ts";
import { isFullProof } from "../helpers/proof.ts";
import { assertRefused } from "../helpers/refusal.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const LEAST_DB = 40;

type Range = "limited" | "full";

/** What a file says of its colours, by FFmpeg's names. */
interface Colours {
  readonly name: string;
  /** Of the samples, as swscale calls it; by the size if there is none. */
  readonly matrix?: string;
  /** Tags of matrix, primaries and transfer; none where the file has none. */
  readonly tags?: readonly [matrix: string, primaries: string, transfer: string];
  readonly isGrey?: true;
}

const COLOURS: readonly Colours[] = [
  { name: "grey", isGrey: true },
  { name: "601 with 525 lines", matrix: "bt601", tags: ["smpte170m", "smpte170m", "smpte170m"] },
  { name: "601 with 625 lines", matrix: "bt601", tags: ["bt470bg", "bt470bg", "bt470bg"] },
  { name: "709", matrix: "bt709", tags: ["bt709", "bt709", "bt709"] },
  { name: "2020", matrix: "bt2020", tags: ["bt2020nc", "bt2020", "bt2020-10"] },
  { name: "FCC", matrix: "fcc", tags: ["fcc", "bt470m", "bt470m"] },
  { name: "240M", matrix: "smpte240m", tags: ["smpte240m", "smpte240m", "smpte240m"] },
  { name: "untagged" },
];
const RANGES: readonly Range[] = ["limited", "full"];
const SD = [320, 240] as const;
/** What names no matrix is HD by its rows or by its columns. */
const SIZES: Readonly<Record<string, readonly [width: number, height: number]>> = {
  SD,
  "HD by rows": [192, 720],
  "HD by columns": [1280, 128],
};

/** Transfers that the option `-color_trc` calls otherwise than FFmpeg's tags do. */
const TRANSFERS: Readonly<Record<string, string>> = { bt470bg: "gamma28", bt470m: "gamma22" };

/** Of some axes of the matrix a covering sample runs; `deno task proof` runs every cell. */
const isInSample = (cell: number): { readonly skip: string | false } => ({
  skip: isFullProof || cell % 4 === 0 ? false : "a sample of the matrix runs; `deno task proof` runs every cell",
});

/** An input and what is known of its samples. */
interface Input {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly colours: Colours;
  readonly range: Range;
  /** swscale's name of the matrix. */
  readonly matrix: string;
}

/** A smooth picture of vivid colours, coded without loss. */
async function inputIn(
  folder: string,
  colours: Colours,
  range: Range,
  [width, height]: readonly [number, number],
  pixelFormat = colours.isGrey ? "gray" : "yuv420p",
): Promise<Input> {
  // Players take what is as wide or as high as 720p for BT.709.
  const matrix = colours.matrix ?? (width >= 1280 || height >= 720 ? "bt709" : "bt601");
  const path = join(folder, "input.mkv");
  const ramp = `size=${width}x${height}:x0=0:y0=0:x1=${width}:y1=${height}:seed=3:speed=0.00001`;
  const vivid = `gradients=${ramp}:nb_colors=3:c0=0xE03020:c1=0x2050D0:c2=0x40C050:rate=5,format=gbrp`;
  // swscale makes grey of full range alone.
  const squeezed = range === "limited" ? ",lutyuv=y=round(16+val*219/255)" : "";
  const made = colours.isGrey
    ? `format=gray${squeezed},format=${pixelFormat}`
    : `scale=out_color_matrix=${matrix}:out_range=${range}:${ACCURATE},format=${pixelFormat}`;
  const [space, primaries, transfer] = colours.tags ?? [];
  const tags = space === undefined
    ? []
    : ["-colorspace", space, "-color_primaries", primaries, "-color_trc", TRANSFERS[transfer ?? ""] ?? transfer];
  const isRaw = ["nv12", "uyvy422", "yuyv422"].includes(pixelFormat);
  const coded = isRaw ? ["-c:v", "rawvideo", "-allow_raw_vfw", "1"] : ["-c:v", "ffv1", "-strict", "-2"];
  const all = ["-frames:v", "2", "-vf", made, ...coded, "-color_range", range === "full" ? "pc" : "tv", ...tags];
  await makeFile(path, "-f", "lavfi", "-i", vivid, ...all.flatMap((each) => each ?? []));
  const { pixelFormat: format, colour } = await probe(path);
  assert.deepEqual([format, colour.matrix, colour.range], [pixelFormat, space ?? null, range === "full" ? "pc" : "tv"]);
  return { path, width, height, colours, range, matrix };
}

/** The first frame of an input as the judge shows it. */
function judged(folder: string, input: Input, before = "null", size = ""): Promise<Uint8Array> {
  const { path, matrix, range, colours } = input;
  // swscale expands no grey of which it makes R'G'B': that of limited range is judged as the luma that it is.
  const luma = colours.isGrey && range === "limited" ? "scale=in_range=tv:out_range=tv,format=yuv444p," : "";
  const judge = `scale=${size}in_color_matrix=${matrix}:in_range=${range}:${ACCURATE}`;
  return converted(folder, path, `${before},${luma}${judge}`, "rgba");
}

/** The first frame of a recording by its own tags. */
const shown = (folder: string, recording: string): Promise<Uint8Array> =>
  converted(folder, recording, `scale=${ACCURATE}`, "rgba");

function assertNear(one: Uint8Array | undefined, other: Uint8Array, what: string): void {
  assert.ok(one !== undefined, `${what}: there is no frame`);
  const dB = ratio(one, other);
  assert.ok(dB >= LEAST_DB, `${what}: ${dB} dB`);
}

/** RGBA of a frame of four bytes a pixel. */
function rgba(frame: VideoFrame): Uint8Array {
  const data = frame.data().slice();
  if (frame.colour === ColourSpace.BGRA) {
    for (let at = 0; at < data.length; at += 4) {
      const blue = data[at] as number;
      data[at] = data[at + 2] as number;
      data[at + 2] = blue;
    }
  }
  return data;
}

type Crop = readonly [x: number, y: number, width: number, height: number];

async function open(input: string, subFrame?: Crop): Promise<VideoFileReader> {
  const reader = await sources.createFileReader(input, ColourSpace.RGBA, { pacing: "asap" });
  if (subFrame !== undefined) reader.setSubFrame(...subFrame);
  return reader;
}

/** Attaches an observer for each request; returns the first frame of each, in RGBA, once the reader has ended. */
function watch(reader: VideoFileReader, ...requests: readonly FrameRequest[]): (Uint8Array | undefined)[] {
  const seen: (Uint8Array | undefined)[] = requests.map(() => undefined);
  for (const [index, request] of requests.entries()) {
    reader.attach({ update: (frame) => void (seen[index] ??= rgba(frame)) }, request);
  }
  return seen;
}

/** Asserts that a recording has the tags of its input. */
function assertTags({ colours, range, matrix }: Input, { colour }: Probe, what: string): void {
  const [space, primaries = null, transfer = null] = colours.tags ?? [];
  // What its source does not name is named by the size of the source, as its samples are taken.
  const named = space ?? { bt601: "smpte170m", bt709: "bt709" }[matrix];
  const expected = { range: range === "full" ? "pc" : "tv", matrix: named, primaries, transfer };
  // Samples of limited range need no tag.
  assert.deepEqual({ ...colour, range: colour.range ?? "tv" }, expected, what);
}

let cell = 0;

describe("the colours of a file, by observers and by its recording", () => {
  for (const colours of COLOURS) {
    for (const range of RANGES) {
      for (const [size, [width, height]] of Object.entries(SIZES)) {
        if (colours.name !== "untagged" && size === "HD by columns") continue;
        const name = `${colours.name}, ${range} range, ${size}`;
        cell += 1;

        it(`${name}, full frame`, () =>
          withFolder(async (folder) => {
            const input = await inputIn(folder, colours, range, [width, height]);
            const wanted = await judged(folder, input);
            const reader = await open(input.path);
            const copy = join(folder, "copy.mp4");
            const writer = await targets.createFileWriter(Codec.H264, copy, 5);
            const seen = watch(reader, {}, { colour: ColourSpace.BGRA });
            reader.attach(writer);
            await reader.ended;
            assertLedger((await writer.close()).stats.frames);
            await reader.close();
            assertNear(seen[0], wanted, "RGBA");
            assertNear(seen[1], wanted, "BGRA");
            assertNear(await shown(folder, copy), wanted, "the recording");
            // H.264 has no grey here: it is coded as Y'CbCr of limited range, as most players want it.
            assertTags(colours.isGrey ? { ...input, range: "limited" } : input, await probe(copy), "the recording");
          }));

        it(`${name}, sub-frame`, isInSample(cell), () =>
          withFolder(async (folder) => {
            const input = await inputIn(folder, colours, range, [width, height]);
            const wanted = await judged(folder, input, "crop=128:96:32:16");
            const reader = await open(input.path, [32, 16, 128, 96]);
            const copy = join(folder, "copy.mkv");
            const writer = await targets.createFileWriter(Codec.FFV1, copy, 5);
            const seen = watch(reader, {}, { width: 64, height: 48 });
            reader.attach(writer);
            await reader.ended;
            assertLedger((await writer.close()).stats.frames);
            await reader.close();
            assertNear(seen[0], wanted, "RGBA");
            assertNear(seen[1], await judged(folder, input, "crop=128:96:32:16", "64:48:"), "RGBA, scaled too");
            const probed = await probe(copy);
            if (!colours.isGrey) {
              assert.equal(ratio(await shown(folder, copy), wanted), Infinity, "the recording");
              assertTags(input, probed, "the recording");
            } else {
              // As swscale does not expand it either, its samples are compared.
              const samples = await converted(folder, input.path, "crop=128:96:32:16", "gray");
              assert.deepEqual(await converted(folder, copy, "null", "gray"), samples);
              assert.deepEqual([probed.pixelFormat, probed.colour.range], ["gray", range === "full" ? "pc" : "tv"]);
            }
          }));

        it(`${name}, scaled`, isInSample(cell + 1), () =>
          withFolder(async (folder) => {
            const input = await inputIn(folder, colours, range, [width, height]);
            const copy = join(folder, "copy.mkv");
            const writer = await targets.createFileWriter(Codec.FFV1, copy, 5);
            // The first frame fixes the size of the recording; the frames of the second reader, which have the same
            // proportions, are scaled to it.
            const small = await open(input.path, [0, 0, width / 4, height / 4]);
            small.attach(writer);
            await small.ended;
            await small.close();
            const whole = await open(input.path);
            const seen = watch(whole, { width: 96, height: 64 }, { width: width + 40, height: height + 30 });
            whole.attach(writer);
            await whole.ended;
            assertLedger((await writer.close()).stats.frames);
            await whole.close();
            assertNear(seen[0], await judged(folder, input, "null", "96:64:"), "smaller");
            assertNear(seen[1], await judged(folder, input, "null", `${width + 40}:${height + 30}:`), "larger");
            // The recording of a grey source is grey, with its range: see the sub-frame.
            const luma = colours.isGrey && range === "limited" ? "scale=out_range=tv,format=yuv444p," : "";
            const last = `select=gte(n\\,2),${luma}scale=${ACCURATE}`;
            const fitted = await judged(folder, input, "null", `${width / 4}:${height / 4}:`);
            assertNear(await converted(folder, copy, last, "rgba"), fitted, "the recording");
          }));
      }
    }
  }
});

/** Hands every frame on as it came. */
class Passer extends ObservableObserver {}

describe("colours on their way through nodes", () => {
  const ways = COLOURS.filter(({ name }) => ["709", "2020", "untagged"].includes(name)).flatMap((colours) =>
    RANGES.map((range) => ({ colours, range }))
  );
  for (const { colours, range } of ways) {
    for (const colour of [ColourSpace.I420, ColourSpace.NV12, ColourSpace.UYVY, ColourSpace.BGRA, ColourSpace.RGBA]) {
      it(
        `${colours.name}, ${range} range, handed on by JavaScript as ${colour}`,
        isInSample(cell++),
        () =>
          withFolder(async (folder) => {
            const input = await inputIn(folder, colours, range, [192, 720]);
            const copy = join(folder, "copy.mkv");
            const reader = await sources.createFileReader(input.path, colour, { pacing: "asap" });
            const writer = await targets.createFileWriter(Codec.FFV1, copy, 5);
            const node = new Passer();
            reader.attach(node);
            node.attach(writer);
            await reader.ended;
            assertLedger((await writer.close()).stats.frames);
            await reader.close();
            assertNear(await shown(folder, copy), await judged(folder, input), "the recording");
          }),
      );
    }

    for (const filter of ["hflip", "format=yuv444p,hflip", "format=rgb24,hflip", "scale=96:64"]) {
      it(
        `${colours.name}, ${range} range, through the filter ${filter}`,
        isInSample(cell++),
        () =>
          withFolder(async (folder) => {
            const input = await inputIn(folder, colours, range, [192, 720]);
            const copy = join(folder, "copy.mp4");
            const reader = await open(input.path);
            const writer = await targets.createFileWriter(Codec.H264, copy, 5);
            const node = await createFilter(filter);
            const ended = new Promise((resolve) => node.addEventListener("ended", resolve));
            const seen: Uint8Array[] = [];
            node.attach({ update: (frame) => void seen.push(rgba(frame)) }, { colour: ColourSpace.RGBA });
            node.attach(writer);
            reader.attach(node);
            await reader.ended;
            await ended;
            assertLedger((await writer.close()).stats.frames);
            await reader.close();
            const isScaled = filter.startsWith("scale");
            const wanted = await judged(folder, input, isScaled ? "null" : "hflip", isScaled ? "96:64:" : "");
            assertNear(seen[0], wanted, "RGBA");
            assertNear(await shown(folder, copy), wanted, "the recording");
          }),
      );
    }
  }
});

describe("colours of every kind of samples", () => {
  const bt709 = COLOURS.find(({ name }) => name === "709") as Colours;
  const kinds = ["yuv411p", "yuv422p", "yuv440p", "yuv444p", "nv12", "uyvy422", "yuyv422", "yuva420p", "yuva444p10le"];
  for (const kind of [...kinds, "yuv420p10le", "yuv422p10le", "yuv444p12le"]) {
    for (const range of RANGES) {
      it(
        `${kind}, ${range} range`,
        isInSample(Math.floor(cell++ / 2) + (range === "full" ? 1 : 0)),
        () =>
          withFolder(async (folder) => {
            const input = await inputIn(folder, bt709, range, SD, kind);
            const copy = join(folder, "copy.mp4");
            const reader = await open(input.path);
            const writer = await targets.createFileWriter(Codec.H264, copy, 5);
            const seen = watch(reader, {}, { width: 96, height: 64 });
            reader.attach(writer);
            await reader.ended;
            assertLedger((await writer.close()).stats.frames);
            await reader.close();
            const wanted = await judged(folder, input);
            assertNear(seen[0], wanted, "RGBA");
            assertNear(seen[1], await judged(folder, input, "null", "96:64:"), "smaller");
            assertNear(await shown(folder, copy), wanted, "the recording");
            assertTags(input, await probe(copy), "the recording");
          }),
      );
    }
  }
});

describe("colours that no matrix turns into red, green and blue", () => {
  for (const matrix of ["ycgco", "bt2020c", "smpte2085", "chroma-derived-c", "ictcp", "chroma-derived-nc"]) {
    it(`are refused by observers that ask for these, and kept by the others and by recordings: ${matrix}`, () =>
      withFolder(async (folder) => {
        const [path, copy] = [join(folder, "in.mkv"), join(folder, "copy.mkv")];
        const tagged = ["-pix_fmt", "yuv420p", "-colorspace", matrix, "-c:v", "ffv1"];
        await makeFile(path, ...testPicture("320x240", 5, 0.4), ...tagged);
        for (const colour of [ColourSpace.RGBA, ColourSpace.BGRA]) {
          const reader = await sources.createFileReader(path, colour, { pacing: "asap" });
          reader.addEventListener("error", () => {});
          reader.attach({ update: () => assert.fail("a frame is shown") });
          const says = new RegExp(`^Cannot convert yuv420p to ${colour}: its colours are ${matrix}, .* use "i420"`);
          await assertRefused(reader.ended, { is: RangeError, code: "invalid_argument", field: "colour", says });
          await reader.close();
        }
        const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
        const writer = await targets.createFileWriter(Codec.FFV1, copy, 5);
        const seen: Uint8Array[] = [];
        reader.attach({ update: (frame) => void seen.push(frame.data().slice()) });
        reader.attach(writer);
        await reader.ended;
        await writer.close();
        await reader.close();
        assert.deepEqual(seen[0], new Uint8Array(await converted(folder, path, "null", "yuv420p")));
        assert.equal((await probe(copy)).colour.matrix, matrix);
      }));
  }
});
