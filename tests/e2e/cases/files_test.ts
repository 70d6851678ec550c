/**
 * Cases from people who do this job: what other programs, other recordings and the system do to the files of a recording,
 * each by the report that it stands for. `rust/core/tests/destruction.rs` tries the same at random.
 */

import assert from "node:assert/strict";
import { constants, existsSync, readFileSync } from "node:fs";
import { link, open, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  ColourSpace,
  type RecordingReport,
  type VideoFileWriter,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../../mod.ts";
import { decodeIndices } from "../../helpers/barcode.ts";
import { boxesIn } from "../../helpers/boxes.ts";
import { withFolder } from "../../helpers/folder.ts";
import { assertLedger } from "../../helpers/ledger.ts";
import { LIMIT_BYTES, recordUnderLimit, recordWithDescriptors } from "../../helpers/limits.ts";
import { countFrames } from "../../helpers/probe.ts";
import { inOrder, recordPattern } from "../../helpers/record.ts";
import { changed } from "../../helpers/terminal.ts";
import { Valve } from "../../helpers/valve.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const SMALL = { width: 128, height: 64, frames: 30, pacing: "asap" } as const;

function openWriter(path: string): Promise<VideoFileWriter> {
  return targets.createFileWriter("h264", path, 30, { overwrite: true });
}

/** Records the test pattern while somebody does something to the file that is open; tells of warnings. */
async function recordWhile(
  path: string,
  meddle: () => Promise<void>,
): Promise<{ report: RecordingReport; warnings: string[] }> {
  const writer = await targets.createFileWriter("h264", path, 30);
  const warnings: string[] = [];
  writer.addEventListener("warning", ({ error }) => warnings.push(error.message));
  const pattern = await sources.createTestPattern(SMALL);
  await meddle();
  pattern.attach(writer);
  await pattern.ended;
  await pattern.close();
  const report = await writer.close();
  assertLedger(report.stats.frames);
  return { report, warnings };
}

describe("an input is no output", () => {
  for (const name of ["a.mp4", "a.mkv"]) {
    it(`input = output with overwrite, also through a hard link: ${name} (mp3splt#139, ffmpeg-normalize#22)`, () =>
      withFolder(async (folder) => {
        const [path, hard, soft] = [join(folder, name), join(folder, `hard.${name}`), join(folder, `soft.${name}`)];
        await recordPattern("h264", path, 30, SMALL);
        await link(path, hard);
        await symlink(path, soft);
        const before = await readFile(path);
        const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
        for (const output of [path, hard, soft]) {
          await assert.rejects(openWriter(output), { code: "in_use", field: "path" });
        }
        await reader.close();
        assert.deepEqual(await readFile(path), before);
      }));
  }

  it("two writers on one path with overwrite (ganymede#1330)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const writer = await openWriter(path);
      await assert.rejects(openWriter(path), { code: "in_use", field: "path" });
      const pattern = await sources.createTestPattern(SMALL);
      pattern.attach(writer);
      await pattern.ended;
      await pattern.close();
      await writer.close();
      assert.deepEqual(await decodeIndices(path), inOrder(30));
    }));
});

describe("nothing that is not ours is overwritten", () => {
  it("a file of somebody else at NAME.mp4.part (connectiononion#559)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await writeFile(`${path}.part`, "precious");
      const { report } = await recordWhile(path, () => Promise.resolve());
      assert.equal(report.finalised, true);
      assert.equal(await readFile(`${path}.part`, "utf8"), "precious");
      assert.deepEqual(await decodeIndices(path), inOrder(30));
    }));

  it("one put at the path meanwhile (reco#369)", () =>
    withFolder(async (folder) => {
      const [path, moved] = [join(folder, "a.mp4"), join(folder, "moved.mp4")];
      const { report, warnings } = await recordWhile(path, async () => {
        await rename(path, moved);
        await writeFile(path, "precious");
      });
      assert.equal(await readFile(path, "utf8"), "precious");
      assert.deepEqual([report.exists, report.synced, warnings.length], [false, false, 1]);
      assert.deepEqual(await decodeIndices(moved), inOrder(30));
    }));

  it("our own file deleted meanwhile: `exists` is true only if it is there (conifer#201)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const { report, warnings } = await recordWhile(path, () => rm(path));
      assert.deepEqual([report.exists, report.synced, existsSync(path)], [false, false, false]);
      assert.match(warnings.join(), /removed meanwhile/);
    }));

  it("8 bytes of a running recording damaged, then a clean close: no copy with fewer frames (ganymede#1330)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const pattern = await sources.createTestPattern({ ...SMALL, frames: 150 });
      const writer = await targets.createFileWriter("h264", path, 30);
      const warnings: string[] = [];
      writer.addEventListener("warning", ({ error }) => warnings.push(error.message));
      pattern.attach(writer);
      const valve = new Valve(pattern);
      const fragments = (): number[] => offsetsOf(readFileSync(path), "moof");
      for (const count of [1, 2, 3]) {
        await valve.pass(40);
        await changed(path, () => fragments().length >= count);
      }
      const all = fragments();
      const second = all[1] ?? assert.fail("there is no second fragment");
      const file = await open(path, constants.O_WRONLY);
      await file.write(new Uint8Array(8), 0, 8, second - 4);
      await file.close();
      const { ino } = await stat(path);
      valve.open();
      await pattern.ended;
      await pattern.close();
      const report = await writer.close();
      assertLedger(report.stats.frames);
      // It stays as it is.
      assert.deepEqual([report.finalised, (await stat(path)).ino], [false, ino]);
      assert.match(warnings.join(), /frames can be read back; the recording stays as it was written/);
      // Everything but the fragment that was damaged is still there.
      assert.ok(fragments().length >= all.length - 1);
    }));
});

/** Where four letters stand in a file. */
function offsetsOf(file: Uint8Array, letters: string): number[] {
  const text = new TextDecoder("latin1").decode(file);
  return [...text.matchAll(new RegExp(letters, "g"))].map(({ index }) => index);
}

describe("what the system allows", () => {
  it("`ulimit -n 64`, many writers: each that was opened works, the others have an error of their own", () =>
    withFolder(async (folder) => {
      const paths = Array.from({ length: 70 }, (_, index) => join(folder, `${index}.mkv`));
      const outcomes = recordWithDescriptors(64, paths);
      assert.equal(outcomes.length, paths.length);
      let written = 0;
      for (const [index, outcome] of outcomes.entries()) {
        const path = paths[index] ?? "";
        if (typeof outcome !== "number") {
          assert.deepEqual([outcome, existsSync(path)], [{ code: "resource_exhausted", wasOpen: false }, false]);
          continue;
        }
        written += 1;
        assert.equal(outcome, 5);
        if (written % 8 === 1) assert.deepEqual(await decodeIndices(path), inOrder(5));
      }
      assert.ok(written >= 5 && written < 64, `${written} writers of ${paths.length}`);
    }));

  it("`ulimit -f` (SIGXFSZ): that writer fails, and nothing else does (node#27798)", () =>
    withFolder(async (folder) => {
      const [large, small] = [join(folder, "large.mkv"), join(folder, "small.mkv")];
      const [code, message, written] = recordUnderLimit(large, small);
      assert.deepEqual([code, written, await countFrames(small)], ["io", 30, 30]);
      assert.match(message ?? "", /may not grow further/);
      assert.ok((await stat(large)).size <= LIMIT_BYTES);
    }));
});

describe("where `moov` lies", () => {
  for (const name of ["a.mp4", "a.mov"]) {
    it(`first: ${name} (Motion#283, immich#2138, photoview#883)`, () =>
      withFolder(async (folder) => {
        const path = join(folder, name);
        await recordPattern("h264", path, 30, SMALL);
        const file = await readFile(path);
        const types = boxesIn(new DataView(file.buffer, file.byteOffset, file.length)).map(({ type }) => type);
        const [index, pictures] = [types.indexOf("moov"), types.indexOf("mdat")];
        assert.ok(index > 0 && index < pictures, `${types}`);
        assert.equal(types.filter((type) => type === "moof").length, 0);
      }));
  }
});
