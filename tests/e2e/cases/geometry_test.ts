/**
 * Cases from people who do this job: how pictures are to be shown, each by the name of its input and its report. All
 * combinations: `../geometry_test.ts`.
 */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type Codec,
  ColourSpace,
  type FileReaderSettings,
  type FileWriterSettings,
  type RecordingReport,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../../mod.ts";
import { makeFile, testPicture } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { decoded, psnrOf, shownBy } from "../../helpers/geometry.ts";
import { assertLedger } from "../../helpers/ledger.ts";
import { ivfFrames, webmOf } from "../../helpers/webm.ts";

const H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];

/** Records the whole file at `input`; returns the report, which has the warnings. */
async function record(
  input: string,
  codec: Codec,
  path: string,
  settings: FileWriterSettings = {},
  reading: FileReaderSettings = {},
): Promise<RecordingReport> {
  const reader = await VideoSourceFactory.getInstance()
    .createFileReader(input, ColourSpace.I420, { pacing: "asap", ...reading });
  const writer = await VideoTargetFactory.getInstance().createFileWriter(codec, path, 25, settings);
  reader.attach(writer);
  await reader.ended;
  const report = await writer.close();
  await reader.close();
  assertLedger(report.stats.frames);
  assert.equal(report.stats.frames.written, report.stats.frames.captured);
  return report;
}

describe("pixel shape that the container tells is kept", () => {
  const rows = [
    ["07_sar.mkv", "96x72", H264, ["-c", "copy", "-aspect", "16:9"], "4:3"],
    ["07b_sar.mp4", "96x72", H264, ["-c", "copy", "-aspect", "16:9"], "4:3"],
    ["07c_sar_prores.mov", "144x116", ["-vf", "setsar=64/45", "-c:v", "prores"], undefined, "64:45"],
    ["07d_sar.webm", "96x72", ["-vf", "setsar=4/3", "-c:v", "libvpx-vp9", "-cpu-used", "8"], undefined, "4:3"],
  ] as const;
  for (const [name, size, coded, copied, expected] of rows) {
    it(`${name} (moviepy#48, moviepy#611, moviepy#1330, VideoIO.jl#185)`, () =>
      withFolder(async (folder) => {
        const input = join(folder, name);
        const film = copied === undefined ? input : join(folder, "film.mp4");
        await makeFile(film, ...testPicture(size, 25, 0.2), ...coded);
        if (copied !== undefined) await makeFile(input, "-i", film, ...copied);
        assert.equal((await shownBy(input)).pixelAspect, expected);
        for (const [codec, extension] of [["h264", "mp4"], ["h264", "mkv"], ["vp9", "mp4"], ["ffv1", "mkv"]] as const) {
          const path = join(folder, `copy.${codec}.${extension}`);
          const { finalised, warnings } = await record(input, codec, path);
          const lost = warnings.filter(({ code }) => code === "geometry_lost");
          assert.deepEqual([finalised, (await shownBy(path)).pixelAspect, lost], [true, expected, []], path);
        }
      }));
  }
});

describe("rotation", () => {
  /** A phone held upright. */
  async function upright(folder: string): Promise<string> {
    const film = await makeFile(join(folder, "film.mp4"), ...testPicture("96x64", 25, 0.2), ...H264, "-qp", "1");
    const turned = ["-i", film, "-c", "copy", "-metadata:s:v", "rotate=90"];
    const path = await makeFile(join(folder, "09_rot90.mp4"), ...turned);
    assert.notEqual((await shownBy(path)).matrix, "");
    return path;
  }

  it("09_rot90.mp4: the matrix is carried over (opencv#26876, FFMediaToolkit#95, opencv#15499, PyAV#570)", () =>
    withFolder(async (folder) => {
      const input = await upright(folder);
      for (const finalise of [true, false]) {
        const copy = join(folder, `copy.${finalise}.mp4`);
        const { warnings } = await record(input, "h264", copy, { finalise });
        assert.deepEqual([(await shownBy(copy)).matrix, warnings], [(await shownBy(input)).matrix, []]);
      }
    }));

  it("09_rot90.mp4: upright with autorotate, as ffmpeg turns it", () =>
    withFolder(async (folder) => {
      const input = await upright(folder);
      const copy = join(folder, "copy.mkv");
      await record(input, "ffv1", copy, {}, { autorotate: true });
      const { width, height, matrix } = await shownBy(copy);
      assert.deepEqual([width, height, matrix], [64, 96, ""]);
      assert.equal(psnrOf(await decoded(copy, "yuv420p"), await decoded(input, "yuv420p")), Infinity);
    }));

  it("09_rot90.mp4: a container without a place for it: a word", () =>
    withFolder(async (folder) => {
      const { warnings } = await record(await upright(folder), "xvid", join(folder, "copy.avi"));
      assert.deepEqual(warnings.map(({ code }) => code), ["geometry_lost"]);
      assert.match(warnings[0]?.message ?? "", /^Cannot keep the rotation by \d+ degrees of .*autorotate/);
    }));
});

describe("field order", () => {
  it("of the input is kept, or its loss is told (VidCoder#661, vrecord#183)", () =>
    withFolder(async (folder) => {
      const fields = ["-vf", "setfield=tff", "-pix_fmt", "yuv420p", "-c:v", "ffv1"];
      const input = await makeFile(join(folder, "in.mkv"), ...testPicture("96x64", 25, 0.2), ...fields);
      const { fieldOrder } = await shownBy(input);
      assert.match(fieldOrder, /^[tb][tb]$/);
      const kept = await record(input, "ffv1", join(folder, "kept.mkv"));
      assert.deepEqual([(await shownBy(join(folder, "kept.mkv"))).fieldOrder, kept.warnings], [fieldOrder, []]);
      const lost = await record(input, "h264", join(folder, "lost.mp4"));
      assert.equal((await shownBy(join(folder, "lost.mp4"))).fieldOrder, "progressive");
      assert.deepEqual(lost.warnings.map(({ code }) => code), ["geometry_lost"]);
      assert.match(lost.warnings[0]?.message ?? "", /^Cannot keep the field order/);
    }));
});

describe("19_turn.webm: a phone that is turned while it records", () => {
  const reports = "Kurento#484, Kurento#535, OGVKit#132, Ant-Media-Server#5631";

  async function turned(folder: string): Promise<{ path: string; second: string }> {
    const part = (name: string, size: string): Promise<string> =>
      makeFile(join(folder, name), ...testPicture(size, 25, 0.4), "-c:v", "libvpx", "-b:v", "4M");
    const [first, second] = [await part("1.ivf", "160x96"), await part("2.ivf", "96x160")];
    const [one, other] = [await ivfFrames(first), await ivfFrames(second)];
    const frames = [...one.frames, ...other.frames];
    const path = join(folder, "19_turn.webm");
    await writeFile(path, webmOf({ ...one, frames }, frames.map((_, index) => index * 40)));
    return { path, second };
  }

  it(`onResize: "segment": two files (${reports})`, () =>
    withFolder(async (folder) => {
      const { path } = await turned(folder);
      const { segments, warnings } = await record(path, "h264", join(folder, "copy.mp4"), { onResize: "segment" });
      const shown = [];
      for (const segment of segments) {
        const { width, height } = await shownBy(segment.path);
        shown.push([width, height, segment.frames]);
      }
      assert.deepEqual([shown, warnings], [[[160, 96, 10], [96, 160, 10]], []]);
    }));

  it(`onResize: "scale": undistorted between black bars, and told once (${reports})`, () =>
    withFolder(async (folder) => {
      const { path, second } = await turned(folder);
      const copy = join(folder, "copy.mkv");
      const { warnings } = await record(path, "ffv1", copy, { onResize: "scale" });
      assert.deepEqual(warnings.map(({ field }) => field), ["onResize"]);
      const pictures = await decoded(copy, "yuv420p");
      // 96 rows hold 57.6 columns of 96:160.
      const fitted = await decoded(second, "yuv420p", "-vf", "scale=58:96,pad=160:96:51:0:black");
      const shown = pictures.subarray(pictures.length / 2);
      assert.equal(shown.length, fitted.length);
      const row = shown.subarray(48 * 160, 49 * 160);
      assert.ok([...row.subarray(0, 48), ...row.subarray(112)].every((sample) => sample === 16), row.join());
      assert.ok(row.subarray(56, 104).some((sample) => sample !== 16));
    }));

  it("observers see the size of each frame, and the source says when it changes", () =>
    withFolder(async (folder) => {
      const { path } = await turned(folder);
      const reader = await VideoSourceFactory.getInstance()
        .createFileReader(path, ColourSpace.I420, { pacing: "asap" });
      const [sizes, events]: [string[], string[]] = [[], []];
      reader.addEventListener("resize", ({ width, height }) => events.push(`${width}x${height}`));
      reader.attach(({ width, height }) => void sizes.push(`${width}x${height}`));
      await reader.ended;
      await reader.close();
      assert.deepEqual(sizes, [...Array(10).fill("160x96"), ...Array(10).fill("96x160")]);
      assert.deepEqual(events, ["96x160"]);
    }));
});
