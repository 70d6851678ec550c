/**
 * Stereo: frames of several views, recorded into one picture or one view per file.
 *
 * Checked against pictures drawn a second time, against FFmpeg's `crop` of the packed picture, and by what `ffprobe` says.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type Codec,
  type FileWriterSettings,
  type StereoPacking,
  type TestPatternSettings,
  VideoSourceFactory,
  VideoTargetError,
  VideoTargetFactory,
} from "../../mod.ts";
import { readBarcode, type Size } from "../helpers/barcode.ts";
import { fileArgument, output, text } from "../helpers/command.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { type DrawnFormat, drawPattern, planeLengths } from "../helpers/pattern.ts";
import { probe } from "../helpers/probe.ts";
import { inOrder, recordPattern } from "../helpers/record.ts";
import { assertRefused } from "../helpers/refusal.ts";

const SIZE = { width: 320, height: 240 };
const RATE = 30;
const FRAMES = 8;
const PACKINGS = ["sidebyside", "topbottom"] as const;

/** Where a view lies in a packed picture. */
function placeOf(packing: StereoPacking, { width, height }: Size, view: number): { x: number; y: number } {
  return packing === "sidebyside" ? { x: width * view, y: 0 } : { x: 0, y: height * view };
}

/** The size of a packed picture. */
function packedSize(packing: StereoPacking, { width, height }: Size, views: number): Size {
  return packing === "sidebyside" ? { width: width * views, height } : { width, height: height * views };
}

/** Every decoded frame, or with `area` a part of it, sample by sample. */
async function decoded(path: string, format: string, area?: Size & { x: number; y: number }): Promise<Buffer> {
  const crop = area && ["-vf", `crop=${area.width}:${area.height}:${area.x}:${area.y}:exact=1`];
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-map", "0:v:0", ...(crop ?? [])];
  args.push("-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", format, "-");
  const chunks: Uint8Array[] = [];
  for await (const chunk of output("ffmpeg", args)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What view `view` of the pattern's frames must be. */
function drawn(format: DrawnFormat, size: Size, view: number): Buffer {
  return Buffer.concat(inOrder(FRAMES).map((index) => drawPattern(format, size, index, size, view)));
}

/** What is said of stereo: by the container, and by the first decoded frame. */
async function stereoOf(path: string): Promise<{ stream: string | undefined; frame: string | undefined }> {
  const args = ["-v", "error", "-select_streams", "v:0", "-show_entries", "stream_side_data", "-of", "json"];
  const { streams } = JSON.parse(await text("ffprobe", [...args, fileArgument(path)]));
  const sideData: readonly { side_data_type: string; type?: string }[] = streams[0].side_data_list ?? [];
  const info = ["-nostdin", "-i", fileArgument(path), "-vf", "showinfo", "-frames:v", "1", "-f", "null", "-"];
  const shown = spawnSync("ffmpeg", info, { encoding: "utf8" }).stderr;
  return {
    stream: sideData.find((data) => data.side_data_type === "Stereo 3D")?.type,
    frame: /stereoscopic information: type - ([a-z ]+)$/m.exec(shown)?.[1],
  };
}

/** Records one pattern with several writers at once, with the `settings` that stand under the name of each file. */
async function recordAll(
  folder: string,
  codec: Codec,
  pattern: TestPatternSettings,
  settings: Readonly<Record<string, FileWriterSettings>>,
): Promise<void> {
  const source = await VideoSourceFactory.getInstance()
    .createTestPattern({ ...SIZE, frameRate: RATE, pacing: "asap", frames: FRAMES, ...pattern });
  assert.equal(source.info.stereoCount, pattern.stereoCount);
  const factory = VideoTargetFactory.getInstance();
  const writers = await Promise.all(
    Object.entries(settings).map(([name, one]) => factory.createFileWriter(codec, join(folder, name), RATE, one)),
  );
  for (const writer of writers) source.attach(writer);
  await source.ended;
  for (const writer of writers) {
    const report = await writer.close();
    assertLedger(report.stats.frames);
    assert.equal(report.stats.frames.written, FRAMES);
  }
  await source.close();
}

describe("frames of several views, losslessly", () => {
  for (const [colour, format] of [["i420", "yuv420p"], ["uyvy", "yuv422p"], ["bgra", "bgra"]] as const) {
    for (const stereoCount of [1, 2, 3, 4]) {
      it(`${stereoCount} in ${colour} are the same packed and alone, sample by sample`, async () => {
        await withFolder(async (folder) => {
          const views = inOrder(stereoCount);
          await recordAll(folder, "ffv1", { stereoCount, colour }, {
            "sidebyside.mkv": { stereo: "sidebyside" },
            "topbottom.mkv": { stereo: "topbottom" },
            "default.avi": {},
            ...Object.fromEntries(views.map((view) => [`${view}.mkv`, { view }])),
          });
          const path = (name: string): string => join(folder, name);
          for (const view of views) {
            const alone = await decoded(path(`${view}.mkv`), format);
            assert.ok(alone.equals(drawn(format, SIZE, view)), `view ${view} is not what was drawn`);
            for (const packing of PACKINGS) {
              const area = { ...SIZE, ...placeOf(packing, SIZE, view) };
              const cut = await decoded(path(`${packing}.mkv`), format, area);
              assert.ok(cut.equals(alone), `view ${view} is another one ${packing}`);
            }
          }
          for (const packing of PACKINGS) {
            const { width, height } = await probe(path(`${packing}.mkv`));
            assert.deepEqual({ width, height }, packedSize(packing, SIZE, stereoCount));
          }
          const [known, unnamed] = [
            await decoded(path("topbottom.mkv"), format),
            await decoded(path("default.avi"), format),
          ];
          assert.ok(known.equals(unnamed), "top-bottom is the default");
        });
      });
    }
  }

  it("have odd sizes padded, so that no chroma is shared", async () => {
    const size = { width: 161, height: 121 };
    await withFolder(async (folder) => {
      await recordAll(folder, "ffv1", { ...size, stereoCount: 3 }, {
        "sidebyside.mkv": { stereo: "sidebyside" },
        "topbottom.mkv": { stereo: "topbottom" },
      });
      for (const packing of PACKINGS) {
        const path = join(folder, `${packing}.mkv`);
        const step = packing === "sidebyside" ? { width: 162, height: 121 } : { width: 161, height: 122 };
        const { width, height } = await probe(path);
        assert.deepEqual({ width, height }, packedSize(packing, step, 3));
        for (const view of [0, 1, 2]) {
          const cut = await decoded(path, "yuv420p", { ...size, ...placeOf(packing, step, view) });
          assert.equal(cut.length, FRAMES * planeLengths("yuv420p", size).reduce((sum, length) => sum + length, 0));
          assert.ok(cut.equals(drawn("yuv420p", size, view)), `view ${view} ${packing}`);
        }
      }
    });
  });

  it("keep every sample of bgra in a packed picture without subsampling", async () => {
    await withFolder(async (folder) => {
      await recordAll(folder, "vp9", { colour: "bgra", stereoCount: 2 }, {
        "a.webm": { profile: "lossless", stereo: "sidebyside" },
      });
      for (const view of [0, 1]) {
        const area = { ...SIZE, ...placeOf("sidebyside", SIZE, view) };
        const cut = await decoded(join(folder, "a.webm"), "gbrp", area);
        assert.ok(cut.equals(drawn("gbrp", SIZE, view)), `view ${view}`);
      }
    });
  });
});

describe("the tag of stereo", () => {
  const cases: readonly [codec: Codec, extension: string, tagged: boolean, settings?: FileWriterSettings][] = [
    ["h264", "mp4", true],
    ["h264", "mp4", true, { finalise: false }],
    ["h264", "mp4", true, { profile: "quality" }],
    ["hevc", "mp4", true],
    ["av1", "mp4", true],
    ["xvid", "mp4", true],
    ["h264", "mkv", true],
    ["ffv1", "mkv", true],
    ["vp9", "webm", true],
    ["av1", "webm", true],
    ["h264", "mov", false],
    ["h264", "ts", false],
    ["ffv1", "avi", false],
  ];
  const names = { sidebyside: "side by side", topbottom: "top and bottom" };
  for (const [codec, extension, tagged, settings = {}] of cases) {
    const how = JSON.stringify(settings);
    it(`is ${tagged ? "" : "not "}in .${extension} with ${codec} ${how}, and every view is right`, async () => {
      await withFolder(async (folder) => {
        for (const packing of PACKINGS) {
          const path = join(folder, `${packing}.${extension}`);
          const pattern = { ...SIZE, stereoCount: 2, frames: FRAMES };
          const report = await recordPattern(codec, path, RATE, pattern, { ...settings, stereo: packing });
          const coded = packedSize(packing, SIZE, 2);
          assert.deepEqual({ width: report.width, height: report.height }, coded);
          const { width, height, frameRate } = await probe(path);
          assert.deepEqual({ width, height, frameRate }, { ...coded, frameRate: { num: RATE, den: 1 } });
          const { stream, frame } = await stereoOf(path);
          assert.equal(stream, tagged ? names[packing] : undefined);
          // x264 writes it into each key frame as well, whatever the container.
          if (report.target.encoder === "libx264") assert.equal(frame, names[packing]);
          for (const view of [0, 1]) {
            const luma = await decoded(path, "gray", { ...SIZE, ...placeOf(packing, SIZE, view) });
            const pixels = SIZE.width * SIZE.height;
            const seen = inOrder(luma.length / pixels)
              .map((n) => readBarcode(luma.subarray(n * pixels, (n + 1) * pixels), SIZE.width, SIZE.height)?.index);
            assert.deepEqual(seen, inOrder(FRAMES));
          }
        }
      });
    });
  }

  it("is left out where there are not exactly two views in a picture", async () => {
    await withFolder(async (folder) => {
      for (const [name, stereoCount, settings] of [["1", 1, {}], ["3", 3, {}], ["v", 2, { view: 1 }]] as const) {
        for (const extension of ["mp4", "mkv"]) {
          const path = join(folder, `${name}.${extension}`);
          await recordPattern("h264", path, RATE, { ...SIZE, stereoCount, frames: FRAMES }, settings);
          assert.deepEqual(await stereoOf(path), { stream: undefined, frame: undefined });
        }
      }
    });
  });
});

describe("a stereo recording is refused", () => {
  const fails = (
    pattern: TestPatternSettings,
    settings: FileWriterSettings,
    field: string,
    says: RegExp,
    codec: Codec = "ffv1",
  ): Promise<void> =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mkv");
      const recorded = recordPattern(codec, path, RATE, { ...SIZE, frames: 2, ...pattern }, settings);
      await assertRefused(recorded, { is: VideoTargetError, code: "invalid_argument", field, says });
      await assert.rejects(stat(path), { code: "ENOENT" });
    });

  it("with a packing and a view at once", async () => {
    const settings = { stereo: "topbottom", view: 0 } as const;
    const writer = VideoTargetFactory.getInstance().createFileWriter("h264", "a.mp4", RATE, settings);
    await assertRefused(writer, {
      is: RangeError,
      code: "invalid_argument",
      field: "stereo",
      says: /one view needs no/,
    });
  });

  it("for a view beyond 255", async () => {
    const writer = VideoTargetFactory.getInstance().createFileWriter("h264", "a.mp4", RATE, { view: 256 });
    await assertRefused(writer, { is: RangeError, code: "invalid_argument", field: "view", says: /must be 0 to 255/ });
  });

  it("for a view that the frames do not have", async () => {
    await fails({}, { view: 1 }, "view", /Cannot record view 1 to ".*a\.mkv": a frame has only view 0/);
    await fails(
      { stereoCount: 2 },
      { view: 2 },
      "view",
      /Cannot record view 2 to ".*a\.mkv": a frame has only views 0 to 1/,
    );
  });

  it("in a picture that would be too large", async () => {
    const size = { width: 8192, height: 16, stereoCount: 3 };
    await fails(size, { stereo: "sidebyside" }, "stereo", /24576x16 is beyond 16384 pixels a side/);
  });
});
