/** Colours survive: what observers see is what FFmpeg's own conversion makes of the same file. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { ACCURATE, converted, ratio, seenOf } from "../helpers/colours.ts";
import { makeFile } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { probe } from "../helpers/probe.ts";

const sources = VideoSourceFactory.getInstance();
/** A smooth picture of many colours, coded without loss with a matrix of FFmpeg's names. */
async function gradient(folder: string, size: string, matrix: string, range: string, tag: string): Promise<string> {
  const path = join(folder, `${matrix}-${range}-${size}-${tag}.mkv`);
  const coded = `scale=out_color_matrix=${matrix}:out_range=${range}:${ACCURATE},format=yuv420p`;
  const named = `setparams=colorspace=${tag}:range=${tag === "unknown" ? "unknown" : range}`;
  const colours = "nb_colors=3:c0=0xC05030:c1=0x3060B0:c2=0x50A060:seed=3";
  const [width, height] = size.split("x");
  const line = `x0=0:y0=0:x1=${width}:y1=${height}`;
  const source = `gradients=size=${size}:${colours}:${line}:rate=5:duration=0.4,format=rgb24`;
  return await makeFile(path, "-f", "lavfi", "-i", source, "-vf", `${coded},${named}`, "-c:v", "ffv1");
}

const MATRICES: readonly [matrix: string, tag: string, size: string][] = [
  ["bt601", "smpte170m", "320x240"],
  ["bt601", "bt470bg", "1280x720"],
  ["bt709", "bt709", "320x240"],
  ["bt2020", "bt2020nc", "320x240"],
  ["fcc", "fcc", "320x240"],
  ["smpte240m", "smpte240m", "1280x720"],
  ["bt601", "unknown", "320x240"],
  ["bt709", "unknown", "1280x720"],
];

describe("observers see the colours of a file", () => {
  for (const [matrix, tag, size] of MATRICES) {
    for (const range of tag === "unknown" ? ["tv"] : ["tv", "pc"]) {
      it(`in ${matrix}, tagged ${tag}, ${range}, ${size}`, () =>
        withFolder(async (folder) => {
          const path = await gradient(folder, size, matrix, range, tag);
          const judge = `in_color_matrix=${matrix}:in_range=${range}:${ACCURATE}`;
          const whole = await seenOf(path, ColourSpace.RGBA, {});
          const dB = ratio(whole.data, await converted(folder, path, `scale=${judge}`, "rgba"));
          assert.ok(dB >= 40, `${dB} dB`);
          const part = await seenOf(path, ColourSpace.RGBA, {}, [32, 16, 128, 96]);
          const cut = ratio(part.data, await converted(folder, path, `crop=128:96:32:16,scale=${judge}`, "rgba"));
          assert.ok(cut >= 40, `a part: ${cut} dB`);
          const small = await seenOf(path, ColourSpace.RGBA, { width: 96, height: 64 });
          const scaled = ratio(small.data, await converted(folder, path, `scale=96:64:${judge}`, "rgba"));
          assert.ok(scaled >= 40, `scaled: ${scaled} dB`);
        }));
    }
  }

  for (const format of ["gray", "gray16le"]) {
    it(`of which there are none: ${format} is full range`, () =>
      withFolder(async (folder) => {
        const ramp = `nullsrc=size=256x64:rate=5:duration=0.4,format=${format},geq=lum=X*${
          format === "gray" ? 1 : 257
        }`;
        const path = await makeFile(join(folder, "ramp.mkv"), "-f", "lavfi", "-i", ramp, "-c:v", "ffv1");
        const { data } = await seenOf(path, ColourSpace.RGBA, {});
        for (let x = 0; x < 256; x++) {
          for (const sample of data.subarray(4 * x, 4 * x + 3)) {
            assert.ok(Math.abs(sample - x) <= 1, `${sample} at ${x}`);
          }
        }
        const planar = await seenOf(path, ColourSpace.I420, {});
        const dB = ratio(planar.data, await converted(folder, path, `scale=${ACCURATE}`, "yuv420p"));
        assert.ok(dB >= 50, `${dB} dB`);
      }));
  }
});

describe("a recording has the colours of its source", () => {
  for (const [matrix, tag, size] of MATRICES) {
    it(`in ${matrix}, tagged ${tag}, ${size}`, () =>
      withFolder(async (folder) => {
        const path = await gradient(folder, size, matrix, "tv", tag);
        const copy = join(folder, "copy.mkv");
        const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
        const writer = await VideoTargetFactory.getInstance().createFileWriter("ffv1", copy, 5);
        reader.attach(writer);
        await reader.ended;
        await writer.close();
        await reader.close();
        const judge = `scale=in_color_matrix=${matrix}:in_range=tv:${ACCURATE}`;
        const [ours, theirs] = [
          await converted(folder, copy, judge, "rgba"),
          await converted(folder, path, judge, "rgba"),
        ];
        assert.equal(ratio(ours, theirs), Infinity);
        // One that the source does not name is named by its size.
        const guessed = size === "1280x720" ? "bt709" : "smpte170m";
        const { colour } = await probe(copy);
        const same = { bt470bg: "smpte170m" }[tag as "bt470bg"] ?? tag;
        assert.ok([tag, same, tag === "unknown" ? guessed : tag].includes(colour.matrix ?? ""), `${colour.matrix}`);
      }));
  }
});
