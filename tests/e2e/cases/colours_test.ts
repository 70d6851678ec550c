/** Cases from people who do this job: colours and samples, each by the name of its input and its report. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../../mod.ts";
import { ACCURATE, converted, ratio, seenOf } from "../../helpers/colours.ts";
import { makeFile, testPicture } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { assertSame, recordWhole } from "../../helpers/lossless.ts";
import { probe } from "../../helpers/probe.ts";

/** A smooth picture of many colours. */
const GRADIENT = "gradients=s=320x240:c0=red:c1=lime:c2=blue:n=3:x0=0:y0=0:x1=319:y1=239:d=0.4:r=5:speed=0.00001";

/** The mean of each channel of RGBA samples. */
function meanOf(samples: Uint8Array): number[] {
  return [0, 1, 2].map((channel) => {
    const values = samples.filter((_, at) => at % 4 === channel);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

describe("colours", () => {
  for (const [name, codec] of [["06_gray8.avi", "rawvideo"], ["06b_gray_ffv1.avi", "ffv1"]] as const) {
    it(`${name}: grey is full range (mpv#12089, VideoIO.jl#172, VideoIO.jl#174)`, () =>
      withFolder(async (folder) => {
        const ramp = ["-f", "lavfi", "-i", "nullsrc=s=256x64:r=10:d=1", "-vf", "format=gray,geq=lum=X"];
        const path = await makeFile(join(folder, name), ...ramp, "-c:v", codec);
        const seen = await seenOf(path, ColourSpace.I420, {});
        const dB = ratio(seen.data, await converted(folder, path, "null", "yuv420p"));
        assert.ok(dB >= 50, `${dB} dB`);
      }));
  }

  it("18_hd_untagged.mp4: one colour at any size and in any sub-frame (osu-framework#6403)", () =>
    withFolder(async (folder) => {
      const red = ["-f", "lavfi", "-i", "color=red:s=1280x720:r=10:d=0.2"];
      const coded = ["-vf", "scale=out_color_matrix=bt709,format=yuv420p", "-c:v", "libx264", "-qp", "5"];
      const path = join(folder, "18_hd_untagged.mp4");
      await makeFile(path, ...red, ...coded, "-bsf:v", "h264_metadata=matrix_coefficients=2");
      assert.equal((await probe(path)).colour.matrix, null);
      const all = [
        await seenOf(path, ColourSpace.RGBA, {}),
        await seenOf(path, ColourSpace.RGBA, { width: 320, height: 180 }),
        await seenOf(path, ColourSpace.RGBA, {}, [64, 32, 320, 240]),
      ];
      for (const { data, width } of all) {
        for (const [channel, mean] of meanOf(data).entries()) {
          assert.ok(Math.abs(mean - (channel === 0 ? 255 : 0)) <= 3, `${meanOf(data)} at ${width} columns`);
        }
      }
      // And in the recording of a part.
      const copy = join(folder, "copy.mkv");
      const reader = await VideoSourceFactory.getInstance()
        .createFileReader(path, ColourSpace.I420, { pacing: "asap" });
      reader.setSubFrame(0, 0, 320, 240);
      const writer = await VideoTargetFactory.getInstance().createFileWriter("ffv1", copy, 10);
      reader.attach(writer);
      await reader.ended;
      await writer.close();
      await reader.close();
      assert.equal((await probe(copy)).colour.matrix, "bt709");
    }));

  it("26_hlg.mp4: HDR of a phone, as ffmpeg", () =>
    withFolder(async (folder) => {
      const tags = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67"];
      const coded = ["-vf", `scale=out_color_matrix=bt2020:${ACCURATE},format=yuv420p10le`, "-c:v", "libx265"];
      const path = join(folder, "26_hlg.mp4");
      await makeFile(
        path,
        "-f",
        "lavfi",
        "-i",
        GRADIENT,
        ...coded,
        ...tags,
        "-x265-params",
        "lossless=1:log-level=none",
      );
      const { data } = await seenOf(path, ColourSpace.RGBA, {});
      const dB = ratio(data, await converted(folder, path, `scale=in_color_matrix=bt2020:${ACCURATE}`, "rgba"));
      assert.ok(dB >= 40, `${dB} dB`);
      const copy = join(folder, "copy.mkv");
      await recordWhole(path, copy, "ffv1");
      await assertSame(path, copy, "yuv420p10le");
      const { matrix, primaries, transfer } = (await probe(copy)).colour;
      assert.deepEqual([matrix, primaries, transfer], ["bt2020nc", "bt2020", "arib-std-b67"]);
    }));

  it("27_fcc.mp4: matrix 4, as ffmpeg with in_color_matrix=fcc", () =>
    withFolder(async (folder) => {
      const coded = ["-vf", `scale=out_color_matrix=fcc:${ACCURATE},format=yuv420p`, "-colorspace", "fcc"];
      const path = join(folder, "27_fcc.mp4");
      await makeFile(path, "-f", "lavfi", "-i", GRADIENT, ...coded, "-c:v", "libx264", "-qp", "1");
      const { data } = await seenOf(path, ColourSpace.RGBA, {});
      const dB = ratio(data, await converted(folder, path, `scale=in_color_matrix=fcc:${ACCURATE}`, "rgba"));
      assert.ok(dB >= 40, `${dB} dB`);
    }));
});

describe("23 what laboratories and cards give is lossless in FFV1, as it is", () => {
  const rows = [
    ["23_yuy2.avi", "yuyv422", "rawvideo", "accord#1547"],
    ["23b_bgr24.avi", "bgr24", "rawvideo", "syntalos#204"],
    ["23c_gray16.mkv", "gray16le", "ffv1", "IFIscripts#229"],
  ] as const;
  for (const [name, format, codec, report] of rows) {
    it(`${name} (${report})`, () =>
      withFolder(async (folder) => {
        const made = ["-pix_fmt", format, "-c:v", codec];
        const path = await makeFile(join(folder, name), ...testPicture("96x64", 5, 1), ...made);
        const copy = join(folder, "copy.mkv");
        const { report, refusal, warnings } = await recordWhole(path, copy, "ffv1");
        assert.deepEqual([report?.stats.frames.written, refusal, warnings], [5, undefined, []]);
        await assertSame(path, copy, format);
      }));
  }
});
