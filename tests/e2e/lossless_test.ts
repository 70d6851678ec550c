/**
 * A lossless recording keeps every sample of every pixel format, or is refused before the first frame.
 *
 * The `ffmpeg` command makes pictures of noise in each pixel format, and decodes input and recording in that format.
 */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { capabilities, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { CommandError, fileArgument, text } from "../helpers/command.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertSame, recordWhole } from "../helpers/lossless.ts";
import { probe } from "../helpers/probe.ts";
import { isFullProof } from "../helpers/proof.ts";
import { assertRefusal } from "../helpers/refusal.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const SIZE = { width: 96, height: 64 };
const FRAMES = 2;

/** Writes noise from which `ffmpeg` makes pictures of any pixel format. */
async function noiseIn(folder: string): Promise<string> {
  const path = join(folder, "noise.raw");
  const samples = new Uint16Array(4 * SIZE.width * SIZE.height * FRAMES);
  let state = 1;
  for (let at = 0; at < samples.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    samples[at] = state >>> 16;
  }
  await writeFile(path, new Uint8Array(samples.buffer));
  return path;
}

/** Makes a file of noise in a pixel format. */
async function made(folder: string, noise: string, format: string): Promise<string> {
  const rgb = /rgb|bgr|gbr|pal8/.test(format);
  const raw = ["-f", "rawvideo", "-pix_fmt", rgb ? "rgba64le" : "yuva444p16le"];
  const size = ["-s", `${SIZE.width}x${SIZE.height}`, "-r", "5", "-i", fileArgument(noise)];
  const path = join(folder, `${format}.nut`);
  await makeFile(path, ...raw, ...size, "-frames:v", `${FRAMES}`, "-pix_fmt", format, "-c:v", "rawvideo");
  return path;
}

/** A file of noise in a pixel format; `undefined` where `ffmpeg` can make none. */
async function inputIn(folder: string, noise: string, format: string): Promise<string | undefined> {
  try {
    const path = await made(folder, noise, format);
    return (await probe(path)).pixelFormat === format ? path : undefined;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** The pixel formats that `ffmpeg` can make, by its own table. */
async function formats(): Promise<string[]> {
  const table = await text("ffmpeg", ["-v", "error", "-pix_fmts"]);
  return [...table.matchAll(/^[I.]O\.[P.][B.] (\w+) /gm)].flatMap(([, name]) => name ?? []);
}

/** The pixel formats in which the `ffmpeg` command knows FFV1: a bundled library of a later release writes more. */
async function judgedFormats(): Promise<Set<string>> {
  const help = await text("ffmpeg", ["-v", "error", "-h", "encoder=ffv1"]);
  return new Set(/Supported pixel formats: (.+)/.exec(help)?.[1]?.split(" "));
}

/** Pixel formats of which each must be kept. */
const KEPT = [
  ...["yuyv422", "uyvy422", "bgr24", "rgb24", "gray16le", "gray16be", "gray", "nv12", "yuv420p10le", "yuv444p16le"],
  ...["yuva444p10le", "gbrp12le", "rgb48le", "yuv411p", "ya8"],
];

describe("FFV1", () => {
  it("keeps every sample of every pixel format, or is refused before the first frame", async () => {
    await withFolder(async (folder) => {
      // A sample runs beside those that must be kept; `deno task proof` tries every format.
      const isTried = (format: string, index: number): boolean =>
        isFullProof || index % 3 === 0 || KEPT.includes(format);
      const noise = await noiseIn(folder);
      const kept: string[] = [];
      const refused: string[] = [];
      const judged = await judgedFormats();
      for (const format of (await formats()).filter(isTried)) {
        const input = await inputIn(folder, noise, format);
        if (input === undefined) continue;
        const path = join(folder, `${format}.mkv`);
        const { report, refusal, warnings } = await recordWhole(input, path, "ffv1");
        if (report === undefined) {
          assertRefusal(refusal, {
            is: RangeError,
            code: "invalid_argument",
            field: "codec",
            says: new RegExp(
              `^Cannot record ${format.replace("yuvj", "yuv")} losslessly with ffv1: it keeps .*gray16le`,
            ),
          });
          refused.push(format);
          continue;
        }
        assert.equal(report.stats.frames.written, FRAMES, format);
        assert.deepEqual(warnings, [], format);
        if (!judged.has(report.pixelFormat)) {
          console.log(`not compared: ${format} as ${report.pixelFormat}, which this ffmpeg does not decode`);
          continue;
        }
        // Of these FFmpeg's way back is not exact, so the way there is compared.
        const isOneWay = ["p016le", "p016be", "gbrap"].includes(format);
        await assertSame(input, path, isOneWay ? report.pixelFormat : format);
        kept.push(format);
      }
      for (const format of KEPT) assert.ok(kept.includes(format), `${format} is not kept`);
      const least = isFullProof ? 80 : 30;
      assert.ok(kept.length > least && kept.length > 4 * refused.length, `${kept.length} kept, refused ${refused}`);
    });
  });

  it("keeps the colours of a palette", async () => {
    await withFolder(async (folder) => {
      const palette = ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse", "-c:v", "png", "-pix_fmt", "pal8"];
      const input = await makeFile(join(folder, "in.mov"), ...testPicture("96x64", 5, 1), ...palette);
      assert.equal((await probe(input)).pixelFormat, "pal8");
      const { report } = await recordWhole(input, join(folder, "a.mkv"), "ffv1");
      assert.equal(report?.pixelFormat, "bgra");
      await assertSame(input, join(folder, "a.mkv"), "bgra");
    });
  });

  it("keeps the samples of a sub-frame that begins between two pixels of one chroma sample", async () => {
    await withFolder(async (folder) => {
      const noise = await noiseIn(folder);
      for (const format of ["yuyv422", "uyvy422", "nv12", "yuv444p10le", "yuv411p", "monow", "gray16le", "bgr24"]) {
        const input = await inputIn(folder, noise, format);
        assert.ok(input !== undefined, `there is no ${format} to read`);
        for (const [x, y, width, height] of [[3, 1, 33, 21], [1, 3, 40, 17], [16, 8, 32, 16]] as const) {
          const path = join(folder, "part.mkv");
          const { report } = await recordWhole(input, path, "ffv1", {}, [x, y, width, height]);
          assert.deepEqual([report?.width, report?.height], [width, height]);
          const planar = report?.pixelFormat ?? "";
          const judge = `format=${planar},crop=${width}:${height}:${x}:${y}:exact=1`;
          await assertSame(input, path, planar, judge).catch((error) => {
            throw new Error(`${format} at ${x}, ${y}: ${error.message}`);
          });
        }
      }
    });
  });

  it("packs views of deep and rare formats without sharing chroma", async () => {
    await withFolder(async (folder) => {
      const pattern = await sources.createTestPattern({
        width: 65,
        height: 49,
        stereoCount: 2,
        frames: 2,
        pacing: "asap",
        colour: "uyvy",
      });
      const writer = await targets.createFileWriter("ffv1", join(folder, "a.mkv"), 30, { stereo: "sidebyside" });
      pattern.attach(writer);
      await pattern.ended;
      const report = await writer.close();
      await pattern.close();
      assert.deepEqual([report.pixelFormat, report.width, report.height], ["yuv422p", 132, 49]);
    });
  });
});

const available = (await capabilities()).codecs.flatMap(({ codec, encoders }) =>
  encoders.filter(({ available, lossless }) => available && lossless).map(({ name }) => ({ codec, name }))
);

describe("the lossless profile", () => {
  for (const { codec, name } of available) {
    it(`of ${name} keeps every sample, or is refused before the first frame`, async () => {
      await withFolder(async (folder) => {
        const noise = await noiseIn(folder);
        const common = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv440p"];
        const others = ["yuyv422", "nv12", "gray", "gray10le", "bgr24", "gbrp12be", "rgb48le", "yuva420p"];
        let kept = 0;
        for (const format of [...common, ...others]) {
          const input = await made(folder, noise, format);
          const path = join(folder, `${format}.mkv`);
          const { report, refusal } = await recordWhole(input, path, codec, { profile: "lossless", encoder: name });
          if (report === undefined) {
            const field = codec === "ffv1" ? "codec" : "profile";
            const says = new RegExp(`^Cannot record ${format} losslessly with ${name}: it keeps .*yuv420p`);
            assertRefusal(refusal, { is: RangeError, code: "invalid_argument", field, says });
            continue;
          }
          await assertSame(input, path, format);
          kept += 1;
        }
        // Kvazaar takes yuv420p alone, so that and nv12.
        assert.ok(kept >= (name === "libkvazaar" ? 2 : 3), `${name} keeps ${kept}`);
      });
    });
  }
});

describe("a recording that is not lossless", () => {
  it("warns once of bits that it cannot keep, and of nothing else", async () => {
    await withFolder(async (folder) => {
      const noise = await noiseIn(folder);
      for (const [format, expected] of [["yuv420p10le", 1], ["gray16le", 1], ["yuv444p", 0], ["bgr24", 0]] as const) {
        const input = await made(folder, noise, format);
        const { report, warnings } = await recordWhole(input, join(folder, "a.mp4"), "h264");
        assert.equal(report?.pixelFormat, "yuv420p");
        assert.equal(warnings.length, expected, `${format}: ${warnings}`);
        if (expected === 1) {
          assert.match(warnings[0] ?? "", /^Cannot keep all of the .* 8 of the 1[06] bits .*use FFV1/);
        }
      }
    });
  });
});
