/** Pixel shape, rotation, mirroring and field order: carried into every file that can say them, else reported. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  Codec,
  CODECS,
  ColourSpace,
  createFilter,
  type EncodedCodec,
  type FileReaderSettings,
  type FileWriterSettings,
  ObservableObserver,
  type RecordingReport,
  VideoFrame,
  type VideoSource,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import {
  decoded,
  joined,
  type Matrix,
  numbersOf,
  psnrOf,
  type Shown,
  shownBy,
  TURNS,
  withMatrix,
} from "../helpers/geometry.ts";
import { fileArgument, text } from "../helpers/command.ts";
import { encoderFor, fastest } from "../helpers/encoders.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { isFullProof } from "../helpers/proof.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

const ASPECTS = ["1/1", "4/3", "64/45"] as const;
const VP8 = ["-c:v", "libvpx", "-b:v", "4M"];
const LOSSLESS = ["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast"];

/** A clip of three frames with pixels of this shape. */
function clip(path: string, aspect: string, size = "128x96", more: readonly string[] = LOSSLESS): Promise<string> {
  return makeFile(path, ...testPicture(size, 10, 0.3), "-vf", `setsar=${aspect}`, "-pix_fmt", "yuv420p", ...more);
}

interface Recording {
  readonly report: RecordingReport;
  /** Messages of the events `warning` of the writer. */
  readonly warnings: readonly string[];
}

/** Records the file at `from` as fast as it goes, through the nodes that `through` attaches, if any. */
async function record(
  from: string,
  codec: EncodedCodec,
  path: string,
  settings: FileWriterSettings = {},
  reading: FileReaderSettings = {},
  through: (source: VideoSource) => Pick<VideoSource, "attach"> = (source) => source,
): Promise<Recording> {
  const source = await sources.createFileReader(from, ColourSpace.I420, { pacing: "asap", ...reading });
  try {
    const quick = await fastest(codec);
    const writer = await targets.createFileWriter(codec, path, source.getFrameRate(), { ...quick, ...settings });
    const warnings: string[] = [];
    writer.addEventListener("warning", ({ error }) => warnings.push(error.message));
    // In one turn: the source starts at the end of it.
    through(source).attach(writer);
    await source.ended;
    const report = await writer.close();
    assertLedger(report.stats.frames);
    assert.ok(report.stats.frames.written > 0);
    assert.equal(report.stats.frames.written, report.stats.frames.captured);
    return { report, warnings };
  } finally {
    await source.close();
  }
}

/** The warnings about geometry: others are about samples. */
function lossesOf({ warnings }: RecordingReport): RecordingReport["warnings"] {
  return warnings.filter(({ code }) => code === "geometry_lost");
}

/** The words by which a warning names each property that ffprobe does not find in the copy. */
const WORDS = { pixelAspect: /pixel aspect/, matrix: /rotation|mirroring/, fieldOrder: /field order/ } as const;

/** Asserts that ffprobe says the same of both, and that the report names exactly what it does not say. */
function assertCarried(input: Shown, copy: Shown, { report, warnings }: Recording, what: string): void {
  const lost = lossesOf(report);
  for (const [property, words] of Object.entries(WORDS) as [keyof typeof WORDS, RegExp][]) {
    const named = lost.filter(({ message }) => words.test(message));
    const expected = input[property] === copy[property] ? 0 : 1;
    const says = `${input[property]} became ${copy[property]}; ${JSON.stringify(report.warnings)}`;
    assert.equal(named.length, expected, `${what}: ${property} ${says}`);
    for (const { message } of named) assert.ok(warnings.includes(message), what);
  }
}

/** The containers of a codec with their place in the list. */
const containersOf = (codec: EncodedCodec): [number, string][] => [...CODECS[codec].containers.entries()];

/** The translation that brings what is shown back to where the picture began: phones write it, FFmpeg from 6 on does not. */
function inPlace([a, b, c, d]: Matrix, [width, height]: readonly [number, number]): [x: number, y: number] {
  return [-Math.min(0, a * width) - Math.min(0, c * height), -Math.min(0, b * width) - Math.min(0, d * height)];
}

describe("the shape of pixels and the orientation of pictures", () => {
  let folder: string;
  /** Inputs by turn, pixel aspect and whether their matrix has a translation. */
  const inputs = new Map<string, string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "giftgrab-geometry-"));
    for (const [index, aspect] of ASPECTS.entries()) {
      const coded = await clip(join(folder, `coded${index}.mp4`), aspect);
      for (const [place, { matrix }] of TURNS.entries()) {
        for (const [n, moves] of [inPlace(matrix, [128, 96]), undefined].entries()) {
          const path = join(folder, `in${place}_${index}_${n}.mp4`);
          inputs.set(`${place} ${index} ${n}`, await withMatrix(coded, path, matrix, moves));
        }
      }
    }
  });

  after(() => rm(folder, { recursive: true }));

  for (const codec of Object.keys(CODECS) as EncodedCodec[]) {
    for (const [number, container] of containersOf(codec)) {
      it(`of a file are in its copy as ${codec} in .${container}, or a warning says that they are not`, async (test) => {
        try {
          await encoderFor(codec);
        } catch (error) {
          return test.skip((error as Error).message);
        }
        const isFragmented = container === "mp4" || container === "mov";
        let count = 0;
        for (const [place, turn] of TURNS.entries()) {
          for (const [index, aspect] of ASPECTS.entries()) {
            count++;
            // Three of 24 in the sample: each pixel aspect, turns that alternate, one of them mirrored.
            const offset = number + Object.keys(CODECS).indexOf(codec);
            if (!isFullProof && (place + offset) % 8 !== index * 3) continue;
            const input = inputs.get(`${place} ${index} ${count % 2}`) ?? "";
            for (const finalise of isFragmented ? [true, false] : [true]) {
              const what = `${turn.rotation} ${turn.flip} ${aspect} finalise ${finalise}`;
              const path = join(folder, `${codec}${place}_${index}_${finalise}.${container}`);
              const recording = await record(input, codec, path, { finalise });
              assert.equal(recording.report.finalised, finalise || !isFragmented, what);
              const [before, after] = [await shownBy(input), await shownBy(path)];
              assert.equal(before.matrix === "", turn.rotation === 0 && !turn.flip, what);
              assert.equal(before.pixelAspect, aspect.replace("/", ":"), what);
              assertCarried(before, after, recording, what);
              // These must say it; the others may.
              if (isFragmented) assert.deepEqual(after, before, what);
              if (container === "mkv") assert.equal(after.pixelAspect, before.pixelAspect, what);
            }
          }
        }
      });
    }
  }

  it("that is stated by the container alone, or by the stream alone, is kept", () =>
    withFolder(async (folder) => {
      const plain = await clip(join(folder, "plain.mp4"), "1/1");
      const stated = ["-c", "copy", "-aspect", "16:9"];
      const inputs = [
        await makeFile(join(folder, "container.mkv"), "-i", plain, ...stated),
        await makeFile(join(folder, "container.mp4"), "-i", plain, ...stated),
        await clip(join(folder, "stream.h264"), "64/45"),
        await clip(join(folder, "prores.mov"), "64/45", "128x96", ["-c:v", "prores"]),
        await clip(join(folder, "vp9.webm"), "4/3", "128x96", ["-c:v", "libvpx-vp9", "-cpu-used", "8"]),
      ];
      for (const [index, input] of inputs.entries()) {
        for (const [codec, extension] of [[Codec.H264, "mp4"], [Codec.VP9, "mp4"], [Codec.FFV1, "mkv"]] as const) {
          const path = join(folder, `${index}${codec}.${extension}`);
          const { report } = await record(input, codec, path);
          const { pixelAspect } = await shownBy(input);
          assert.notEqual(pixelAspect, "1:1", input);
          assert.equal((await shownBy(path)).pixelAspect, pixelAspect, `${input} as ${codec}`);
          assert.deepEqual(lossesOf(report), [], `${input} as ${codec}`);
        }
      }
    }));

  it("a matrix between the quarters is kept, and so is one with a translation, as phones write it", () =>
    withFolder(async (folder) => {
      const coded = await clip(join(folder, "coded.mp4"), "4/3");
      const tilted = await withMatrix(coded, join(folder, "tilted.mp4"), [0.866, 0.5, -0.5, 0.866]);
      const path = join(folder, "out.mov");
      const recording = await record(tilted, Codec.H264, path);
      const numbers = ({ matrix }: Shown): number[] => matrix.split(" ").map(Number);
      const [before, after] = [numbers(await shownBy(tilted)), numbers(await shownBy(path))];
      for (const [index, value] of before.entries()) assert.ok(Math.abs(value - (after[index] ?? NaN)) < 10);
      assert.deepEqual(recording.report.warnings, []);
    }));

  it("that make no sense are ignored, as by FFmpeg, and cost no frame", () =>
    withFolder(async (folder) => {
      const coded = await clip(join(folder, "coded.mp4"), "1/1");
      const matrices: readonly Matrix[] = [[0, 0, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0], [-32768, 32767, 32767, 32767]];
      const inputs = [
        await clip(join(folder, "zero.mkv"), "0/1"),
        await clip(join(folder, "narrow.mkv"), "1/100000"),
        await makeFile(join(folder, "wide.mp4"), "-i", coded, "-c", "copy", "-aspect", "60000:1"),
        ...await Promise.all(matrices.map((matrix, n) => withMatrix(coded, join(folder, `${n}.mp4`), matrix))),
      ];
      for (const input of inputs) {
        for (const autorotate of [false, true]) {
          const path = join(folder, "out.mp4");
          const { report } = await record(input, Codec.H264, path, { overwrite: true }, { autorotate });
          assert.equal(report.stats.frames.written, 3, input);
          assert.equal((await shownBy(path)).pixelAspect, "1:1", input);
        }
      }
    }));

  it("stay with the frames of a node, of a filter, and of a sub-frame", () =>
    withFolder(async (folder) => {
      const coded = await clip(join(folder, "coded.mp4"), "64/45");
      const input = await withMatrix(coded, join(folder, "in.mp4"), [0, 1, 1, 0]);
      const expected = await shownBy(input);
      const filter = await createFilter("unsharp");
      const ways: readonly (readonly [string, (source: VideoSource) => Pick<VideoSource, "attach">])[] = [
        ["node", (source) => {
          const node = new ObservableObserver();
          source.attach(node);
          return node;
        }],
        ["filter", (source) => {
          source.attach(filter);
          return filter;
        }],
        ["crop", (source) => {
          source.setSubFrame(16, 8, 96, 80);
          return source;
        }],
      ];
      for (const [name, through] of ways) {
        const path = join(folder, `${name}.mp4`);
        await record(input, Codec.H264, path, {}, {}, through);
        const { pixelAspect, matrix } = await shownBy(path);
        assert.deepEqual([pixelAspect, matrix], [expected.pixelAspect, expected.matrix], name);
      }
      await filter.close();
    }));

  it("are those that FFmpeg gives the pictures of a filter", () =>
    withFolder(async (folder) => {
      const coded = await clip(join(folder, "coded.mp4"), "64/45");
      for (const graph of ["transpose=clock", "scale=64:96", "setsar=1", "setdar=16/9", "pad=160:96", "crop=64:48"]) {
        const [path, theirs] = [join(folder, "out.mkv"), join(folder, "theirs.mkv")];
        await makeFile(theirs, "-i", coded, "-vf", graph, "-c:v", "ffv1");
        const filter = await createFilter(graph);
        const { report } = await record(coded, Codec.FFV1, path, { overwrite: true }, {}, (source) => {
          source.attach(filter);
          return filter;
        });
        await filter.close();
        const [{ width, height, pixelAspect }, expected] = [await shownBy(path), await shownBy(theirs)];
        assert.deepEqual([width, height, pixelAspect], [expected.width, expected.height, expected.pixelAspect], graph);
        assert.deepEqual(lossesOf(report), [], graph);
      }
    }));

  it("that an H.264 stream states with a key frame hold for the frames that follow", () =>
    withFolder(async (folder) => {
      const orientation = "h264_metadata=display_orientation=insert:rotate=90:flip=horizontal";
      const input = await clip(join(folder, "in.h264"), "4/3", "128x96", [
        ...LOSSLESS,
        "-bf",
        "0",
        "-bsf:v",
        orientation,
      ]);
      const args = ["-v", "error", "-read_intervals", "%+#1", "-show_frames", "-of", "json", fileArgument(input)];
      const { frames: [frame] } = JSON.parse(await text("ffprobe", args));
      const [side] = (frame.side_data_list as { displaymatrix?: string }[]).filter((one) => one.displaymatrix);
      const path = join(folder, "out.mp4");
      const { report } = await record(input, Codec.H264, path);
      assert.equal((await shownBy(path)).matrix, numbersOf(side?.displaymatrix ?? ""));
      assert.deepEqual(report.warnings, []);
    }));

  it("are those of every view of a stereo frame", () =>
    withFolder(async (folder) => {
      const path = join(folder, "out.mp4");
      const writer = await targets.createFileWriter(Codec.H264, path, 10, { stereo: "sidebyside" });
      const data = new Uint8Array(2 * VideoFrame.requiredDataLength(ColourSpace.I420, 128, 96)).fill(128);
      const details = { stereoCount: 2, rotation: 180, pixelAspect: { num: 4, den: 3 } } as const;
      await writer.append(
        VideoFrame.fromBuffer(data, { colour: ColourSpace.I420, width: 128, height: 96, ...details }),
      );
      await writer.close();
      const { width, pixelAspect, matrix } = await shownBy(path);
      assert.deepEqual([width, pixelAspect, matrix], [256, "4:3", "-65536 0 0 0 -65536 0 0 0 1073741824"]);
    }));

  it("are properties of the source and of each frame", () =>
    withFolder(async (folder) => {
      const coded = await clip(join(folder, "coded.mp4"), "64/45");
      const input = await withMatrix(coded, join(folder, "in.mp4"), [0, -1, -1, 0]);
      const source = await sources.createFileReader(input, ColourSpace.RGBA, { pacing: "asap" });
      const { rotation, flip, pixelAspect } = source.info;
      assert.deepEqual({ rotation, flip, pixelAspect }, {
        rotation: 270,
        flip: true,
        pixelAspect: { num: 64, den: 45 },
      });
      const seen: unknown[] = [];
      source.attach((frame) => {
        const copy = frame.clone();
        for (const one of [frame, copy]) {
          seen.push([one.rotation, one.flip, one.pixelAspect, one.displayWidth, one.displayHeight]);
        }
        copy.close();
      });
      // Half the columns and all the rows: each pixel is twice as wide.
      source.attach((frame) => void seen.push([frame.pixelAspect, frame.displayWidth]), { width: 64, height: 96 });
      await source.ended;
      await source.close();
      assert.equal(seen.length, 9);
      for (const one of seen as unknown[][]) {
        const whole = [270, true, { num: 64, den: 45 }, 96, 182];
        assert.deepEqual(one, one.length === 2 ? [{ num: 128, den: 45 }, 96] : whole);
      }
    }));

  it("of a frame that a program makes are recorded", () =>
    withFolder(async (folder) => {
      const path = join(folder, "made.mp4");
      const writer = await targets.createFileWriter(Codec.H264, path, 10);
      const data = new Uint8Array(VideoFrame.requiredDataLength(ColourSpace.I420, 128, 96)).fill(128);
      const details = { rotation: 90, flip: false, pixelAspect: { num: 4, den: 3 } } as const;
      const shape = { colour: ColourSpace.I420, width: 128, height: 96 };
      await writer.append(VideoFrame.fromBuffer(data, { ...shape, ...details }));
      await writer.close();
      const { pixelAspect, matrix } = await shownBy(path);
      assert.deepEqual([pixelAspect, matrix], ["4:3", "0 65536 0 -65536 0 0 0 0 1073741824"]);
      for (
        const [wrong, field] of [
          [{ rotation: 45 as 90 }, "rotation"],
          [{ pixelAspect: { num: 0, den: 1 } }, "pixelAspect.num"],
          [{ pixelAspect: { num: 1 } as { num: number; den: number } }, "pixelAspect.den"],
          [{ flip: 1 as unknown as boolean }, "flip"],
        ] as const
      ) {
        assert.throws(() => VideoFrame.fromBuffer(data, { ...shape, ...wrong }), { code: "invalid_argument", field });
      }
    }));
});

describe("the order of fields", () => {
  it("is kept where the container has a place for it, else a warning says that it is lost", () =>
    withFolder(async (folder) => {
      const interlaced = (name: string, order: string, ...codec: readonly string[]): Promise<string> =>
        makeFile(join(folder, name), ...testPicture("128x96", 25, 0.4), "-vf", `setfield=${order}`, ...codec);
      const inputs = [
        await interlaced("top.mkv", "tff", "-pix_fmt", "yuv420p", "-c:v", "ffv1"),
        await interlaced("bottom.mkv", "bff", "-pix_fmt", "yuv420p", "-c:v", "ffv1"),
        await interlaced("prores.mov", "tff", "-c:v", "prores", "-flags", "+ildct+ilme"),
      ];
      for (const [index, input] of inputs.entries()) {
        const before = await shownBy(input);
        assert.match(before.fieldOrder, /^[tb][tb]$/, input);
        for (
          const [codec, extension] of [
            [Codec.VP9, "mkv"],
            [Codec.H264, "mkv"],
            [Codec.HEVC, "mov"],
            [Codec.H264, "mp4"],
            [Codec.Xvid, "avi"],
          ] as const
        ) {
          const path = join(folder, `${index}${codec}.${extension}`);
          const recording = await record(input, codec, path);
          const after = await shownBy(path);
          assertCarried(before, after, recording, `${input} as ${codec} in .${extension}`);
          if (extension === "mkv") assert.equal(after.fieldOrder, before.fieldOrder);
        }
      }
    }));

  it("is the other one in a sub-frame that begins with the second row", () =>
    withFolder(async (folder) => {
      const codec = ["-vf", "setfield=tff", "-pix_fmt", "yuv420p", "-c:v", "ffv1"];
      const input = await makeFile(join(folder, "in.mkv"), ...testPicture("128x96", 25, 0.4), ...codec);
      for (const [row, order] of [[0, "tb"], [1, "bt"], [2, "tb"]] as const) {
        const path = join(folder, `${row}.mkv`);
        await record(input, Codec.FFV1, path, {}, {}, (source) => {
          source.setSubFrame(0, row, 128, 64);
          return source;
        });
        assert.equal((await shownBy(path)).fieldOrder, order, `row ${row}`);
      }
    }));

  it("is gone after a filter that joins the fields", () =>
    withFolder(async (folder) => {
      const codec = ["-vf", "setfield=tff", "-pix_fmt", "yuv420p", "-c:v", "ffv1"];
      const input = await makeFile(join(folder, "in.mkv"), ...testPicture("128x96", 25, 0.4), ...codec);
      const filter = await createFilter("bwdif=mode=send_frame");
      const path = join(folder, "out.mkv");
      await record(input, Codec.FFV1, path, {}, {}, (source) => {
        source.attach(filter);
        return filter;
      });
      await filter.close();
      assert.equal((await shownBy(path)).fieldOrder, "progressive");
    }));
});

describe("autorotate", () => {
  for (const { rotation, flip, matrix } of TURNS) {
    const name = `${rotation} degrees${flip ? ", mirrored" : ""}`;
    it(`gives the pictures of ffmpeg: ${name}`, () =>
      withFolder(async (folder) => {
        const yuv = (format: string): string[] => ["-pix_fmt", format, ...LOSSLESS];
        const kinds = [
          // Odd sizes, and a format without a layout of our own.
          {
            size: "33x21",
            coding: ["-pix_fmt", "rgb24", "-c:v", "png"],
            colour: ColourSpace.RGBA,
            format: "rgba",
            least: 99,
          },
          { size: "128x96", coding: yuv("yuv420p"), colour: ColourSpace.I420, format: "yuv420p", least: 99 },
          { size: "128x96", coding: yuv("yuv422p"), colour: ColourSpace.I420, format: "yuv420p", least: 38 },
          { size: "128x96", coding: yuv("yuv444p"), colour: ColourSpace.I420, format: "yuv420p", least: 40 },
        ] as const;
        for (const [index, { size, coding, colour, format, least }] of kinds.entries()) {
          const coded = join(folder, `coded${index}.mov`);
          await makeFile(coded, ...testPicture(size, 10, 0.3), "-vf", "setsar=4/3", ...coding);
          const input = await withMatrix(coded, join(folder, `in${index}.mov`), matrix);
          const source = await sources.createFileReader(input, colour, { pacing: "asap", autorotate: true });
          const parts: Uint8Array[] = [];
          source.attach((frame) => {
            const { width, height, info } = { ...source.info, info: source.info };
            assert.deepEqual([frame.width, frame.height, frame.rotation, frame.flip], [width, height, 0, false]);
            assert.deepEqual(frame.pixelAspect, info.pixelAspect);
            parts.push(frame.data().slice());
          });
          await source.ended;
          await source.close();
          const ours = joined(parts);
          const theirs = await decoded(input, format);
          const psnr = psnrOf(ours, theirs);
          assert.ok(psnr >= least, `${coding} ${name}: ${psnr} dB`);
          // No luma sample is between two others.
          const luma = source.info.width * source.info.height;
          if (format === "yuv420p") assert.equal(psnrOf(ours.subarray(0, luma), theirs.subarray(0, luma)), Infinity);
        }
      }));
  }

  it("leaves no matrix in the recording, whose sides and pixels are those of the upright picture", () =>
    withFolder(async (folder) => {
      const coded = await clip(join(folder, "coded.mp4"), "4/3");
      const input = await withMatrix(coded, join(folder, "in.mp4"), [0, 1, -1, 0]);
      for (const [codec, extension] of [[Codec.H264, "mp4"], [Codec.FFV1, "avi"]] as const) {
        const path = join(folder, `out.${extension}`);
        const { report } = await record(input, codec, path, {}, { autorotate: true });
        const { width, height, pixelAspect, matrix } = await shownBy(path);
        assert.deepEqual([width, height, pixelAspect, matrix], [96, 128, "3:4", ""]);
        assert.deepEqual(report.warnings, []);
        assert.ok(psnrOf(await decoded(path, "yuv420p"), await decoded(input, "yuv420p")) > 35);
      }
    }));
});

describe("a file whose frames change their size", () => {
  /** A phone that is turned: five frames of 320x180, then five of 180x320. */
  async function turned(folder: string): Promise<{ path: string; second: string }> {
    const part = (name: string, size: string): Promise<string> =>
      makeFile(join(folder, name), ...testPicture(size, 25, 0.2), "-pix_fmt", "yuv420p", ...LOSSLESS, "-bf", "0");
    const [first, second] = [await part("1.h264", "320x180"), await part("2.h264", "180x320")];
    const path = join(folder, "turned.h264");
    await writeFile(path, joined([await readFile(first), await readFile(second)]));
    return { path, second };
  }

  it("reaches observers in the size of each frame, and says so", () =>
    withFolder(async (folder) => {
      const { path } = await turned(folder);
      const source = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
      const [sizes, events]: [string[], string[]] = [[], []];
      source.addEventListener("resize", ({ width, height }) => events.push(`${width}x${height}`));
      source.attach((frame) => {
        assert.equal(frame.data().length, frame.width * frame.height * 3 / 2);
        sizes.push(`${frame.width}x${frame.height}`);
      });
      await source.ended;
      assert.deepEqual(sizes, [...Array(5).fill("320x180"), ...Array(5).fill("180x320")]);
      assert.deepEqual(events, ["180x320"]);
      assert.deepEqual(source.getFrameDimensions(), { width: 180, height: 320 });
      // It is inside the frames as they are now.
      source.setSubFrame(0, 200, 100, 100);
      assert.throws(() => source.setSubFrame(200, 0, 100, 100), { code: "invalid_argument", field: "x" });
      await source.close();
    }));

  it("is recorded undistorted between black bars with onResize scale, and reported once", () =>
    withFolder(async (folder) => {
      const { path, second } = await turned(folder);
      const out = join(folder, "out.mkv");
      const { report, warnings } = await record(path, Codec.FFV1, out, { onResize: "scale" });
      assert.deepEqual(report.warnings.map(({ field }) => field), ["onResize"]);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /180x320.*320x180/);
      const { width, height } = await shownBy(out);
      assert.deepEqual([width, height, report.segments.length], [320, 180, 1]);
      const pictures = await decoded(out, "yuv420p");
      const expected = await decoded(second, "yuv420p", "-vf", "scale=102:180,pad=320:180:108:0:black");
      const rest = pictures.subarray(pictures.length / 2);
      assert.ok(psnrOf(rest, expected) > 30, `${psnrOf(rest, expected)}`);
      const row = rest.subarray(90 * 320, 91 * 320);
      assert.ok([...row.subarray(0, 108), ...row.subarray(210)].every((sample) => sample === 16), row.join());
    }));

  for (const [extension, coding] of [["ts", LOSSLESS], ["mkv", LOSSLESS], ["webm", VP8]] as const) {
    it(`in .${extension} is recorded undistorted, whatever onResize is`, () =>
      withFolder(async (folder) => {
        const parts = [
          await clip(join(folder, `1.${extension}`), "1/1", "128x96", [...coding, "-bf", "0"]),
          await clip(join(folder, `2.${extension}`), "1/1", "96x128", [...coding, "-bf", "0"]),
        ] as const;
        const list = join(folder, "list.txt");
        await writeFile(list, parts.map((path) => `file '${path}'\n`).join(""));
        const input = await makeFile(
          join(folder, `in.${extension}`),
          "-f",
          "concat",
          "-safe",
          "0",
          "-i",
          list,
          "-c",
          "copy",
        );
        const whole = join(folder, "out.mkv");
        const scaled = await record(input, Codec.FFV1, whole, { onResize: "scale" });
        assert.deepEqual(scaled.report.warnings.map(({ field }) => field), ["onResize"]);
        const pictures = await decoded(whole, "yuv420p");
        const [first, second] = [pictures.subarray(0, pictures.length / 2), pictures.subarray(pictures.length / 2)];
        assert.equal(psnrOf(first, await decoded(parts[0], "yuv420p")), Infinity);
        const fitted = await decoded(parts[1], "yuv420p", "-vf", "scale=72:96,pad=128:96:28:0:black");
        assert.ok(psnrOf(second, fitted) > 28, `${psnrOf(second, fitted)} dB`);

        const path = join(folder, "a.mkv");
        const { report } = await record(input, Codec.FFV1, path, { onResize: "segment" });
        assert.deepEqual(report.segments.map(({ width, height }) => [width, height]), [[128, 96], [96, 128]]);
        for (const [index, segment] of report.segments.entries()) {
          const part = parts[index] ?? "";
          assert.equal(psnrOf(await decoded(segment.path, "yuv420p"), await decoded(part, "yuv420p")), Infinity);
        }
      }));
  }

  it("or only the shape of their pixels, as television does, is recorded undistorted", () =>
    withFolder(async (folder) => {
      const parts = [
        await clip(join(folder, "1.ts"), "12/11", "352x288", [...LOSSLESS, "-bf", "0"]),
        await clip(join(folder, "2.ts"), "16/11", "352x288", [...LOSSLESS, "-bf", "0"]),
      ];
      const input = join(folder, "in.ts");
      await writeFile(input, joined(await Promise.all(parts.map((name) => readFile(name)))));
      const whole = join(folder, "out.mkv");
      const scaled = await record(input, Codec.FFV1, whole, { onResize: "scale" });
      assert.deepEqual(scaled.report.warnings.map(({ field }) => field), ["onResize"]);
      const pictures = await decoded(whole, "yuv420p");
      const fitted = await decoded(parts[1] ?? "", "yuv420p", "-vf", "scale=352:216,pad=352:288:0:36:black");
      const second = pictures.subarray(pictures.length / 2);
      assert.ok(psnrOf(second, fitted) > 28, `${psnrOf(second, fitted)} dB`);
      const { report } = await record(input, Codec.H264, join(folder, "a.mp4"), { onResize: "segment" });
      const aspects = [];
      for (const { path } of report.segments) aspects.push((await shownBy(path)).pixelAspect);
      assert.deepEqual(aspects, ["12:11", "16:11"]);
    }));

  it("begins a second file with onResize segment", () =>
    withFolder(async (folder) => {
      const { path } = await turned(folder);
      const { report } = await record(path, Codec.H264, join(folder, "out.mp4"), { onResize: "segment" });
      assert.deepEqual(report.segments.map(({ width, height, frames }) => [width, height, frames]), [
        [320, 180, 5],
        [180, 320, 5],
      ]);
      assert.deepEqual(report.warnings, []);
    }));

  it("ends in black frames of the first size", () =>
    withFolder(async (folder) => {
      const { path } = await turned(folder);
      const source = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap", atEnd: "black" });
      let frames = 0;
      for await (const frame of source.frames()) {
        if (++frames <= 10) continue;
        assert.deepEqual([frame.width, frame.height], [320, 180]);
        const data = frame.data();
        assert.ok(data.subarray(0, 320 * 180).every((sample) => sample === 16));
        assert.ok(data.subarray(320 * 180).every((sample) => sample === 128));
        if (frames === 15) break;
      }
      await source.close();
    }));

  it("may change its pixel format too, and no frame is lost", () =>
    withFolder(async (folder) => {
      const part = (name: string, format: string): Promise<string> =>
        makeFile(join(folder, name), ...testPicture("128x96", 25, 0.2), "-pix_fmt", format, ...LOSSLESS, "-bf", "0");
      const parts = [await part("1.h264", "yuv420p"), await part("2.h264", "yuv422p")];
      const path = join(folder, "joined.h264");
      await writeFile(path, joined(await Promise.all(parts.map((name) => readFile(name)))));
      const out = join(folder, "out.mkv");
      const { report } = await record(path, Codec.H264, out, { profile: "lossless" });
      assert.deepEqual([report.stats.frames.written, report.warnings], [10, []]);
      const [first = path, second = path] = parts;
      const pictures = await decoded(out, "yuv420p");
      assert.equal(psnrOf(pictures.subarray(0, pictures.length / 2), await decoded(first, "yuv420p")), Infinity);
      assert.ok(psnrOf(pictures.subarray(pictures.length / 2), await decoded(second, "yuv420p")) > 40);
    }));
});

describe("a second source with another geometry", () => {
  /** Records an upright clip with pixels of 4:3, and then one of square pixels that is to be turned clockwise. */
  async function recordBoth(folder: string, path: string, settings: FileWriterSettings): Promise<RecordingReport> {
    const coded = await clip(join(folder, "coded.mp4"), "1/1");
    const inputs = [
      await clip(join(folder, "first.mp4"), "4/3"),
      await withMatrix(coded, join(folder, "second.mp4"), [0, 1, -1, 0]),
    ];
    const writer = await targets.createFileWriter(Codec.FFV1, path, 10, settings);
    for (const input of inputs) {
      const source = await sources.createFileReader(input, ColourSpace.I420, { pacing: "asap" });
      source.attach(writer);
      await source.ended;
      await source.detach(writer);
      await source.close();
    }
    const report = await writer.close();
    assertLedger(report.stats.frames);
    assert.equal(report.stats.frames.written, 6);
    return report;
  }

  it("is turned and fitted into the first one's with onResize scale", () =>
    withFolder(async (folder) => {
      const path = join(folder, "out.mkv");
      const report = await recordBoth(folder, path, { onResize: "scale" });
      assert.deepEqual(report.warnings.map(({ field }) => field), ["onResize"]);
      assert.match(report.warnings[0]?.message ?? "", /128x96 turned by 90 degrees.*128x96 with pixels of 4:3/);
      const { width, height, pixelAspect } = await shownBy(path);
      assert.deepEqual([width, height, pixelAspect], [128, 96, "4:3"]);
      const pictures = await decoded(path, "yuv420p");
      const fitted = await decoded(join(folder, "second.mp4"), "yuv420p", "-vf", "scale=54:96,pad=128:96:36:0:black");
      const second = pictures.subarray(pictures.length / 2);
      assert.ok(psnrOf(second, fitted) > 28, `${psnrOf(second, fitted)} dB`);
    }));

  it("has a file of its own with onResize segment", () =>
    withFolder(async (folder) => {
      const report = await recordBoth(folder, join(folder, "out.mkv"), { onResize: "segment" });
      const aspects = [];
      for (const { path } of report.segments) aspects.push((await shownBy(path)).pixelAspect);
      assert.deepEqual(aspects, ["4:3", "1:1"]);
      const lost = lossesOf(report);
      const places = (await shownBy(report.segments[1]?.path ?? "")).matrix === "" ? 1 : 0;
      assert.equal(lost.length, places, JSON.stringify(lost));
    }));
});
