/**
 * Nothing that is not ours is destroyed: an input is no output, two recordings share no file, and what somebody else puts
 * at a path stays. `rust/core/tests/storage_faults.rs` shows the same on a simulated disk, call by call.
 */

import assert from "node:assert/strict";
import { link, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { inOrder, recordPattern } from "../helpers/record.ts";
import { onlyDeno } from "../helpers/runtime.ts";
import { LIMIT_BYTES, recordUnderLimit } from "../helpers/limits.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

const SMALL = { width: 128, height: 64 };
const IN_USE = {
  code: "in_use",
  field: "path",
  message: /it is being read or recorded; choose another path, or close that reader or writer first/,
};

describe("an input", () => {
  it("is not overwritten by the recording of it, by its path, a symbolic or a hard link", async () => {
    await withFolder(async (folder) => {
      for (const name of ["a.mp4", "a.mkv"]) {
        const [path, soft, hard] = ["", "soft.", "hard."].map((prefix) => join(folder, prefix + name)) as [
          string,
          string,
          string,
        ];
        await recordPattern("h264", path, 30, { ...SMALL, frames: 30 });
        await symlink(path, soft);
        await link(path, hard);
        const before = await readFile(path);
        const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
        for (const output of [path, soft, hard]) {
          await assert.rejects(targets.createFileWriter("h264", output, 30, { overwrite: true }), IN_USE);
        }
        assert.deepEqual(await readFile(path), before);
        await reader.close();
        // Once it is closed it is a file like others.
        const writer = await targets.createFileWriter("h264", path, 30, { overwrite: true });
        await assert.rejects(sources.createFileReader(hard, ColourSpace.I420), IN_USE);
        await writer.close();
        assert.deepEqual(await readFile(path), before);
      }
    });
  });
});

describe("a file that is being recorded", () => {
  it("is not given to a second writer, and can be used as soon as the first one is closed", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      for (let round = 0; round < 20; round++) {
        const writer = await targets.createFileWriter("h264", path, 30, { overwrite: true });
        await assert.rejects(targets.createFileWriter("h264", path, 30, { overwrite: true }), IN_USE);
        const pattern = await sources.createTestPattern({ ...SMALL, frames: 5, pacing: "asap" });
        pattern.attach(writer);
        await pattern.ended;
        await pattern.close();
        assert.equal((await writer.close()).exists, true);
        const reader = await sources.createFileReader(path, ColourSpace.I420);
        await reader.close();
      }
      assert.deepEqual(await decodeIndices(path), inOrder(5));
    });
  });

  it("may be moved or replaced: every frame is in it, and what stands at the path is left alone", async () => {
    await withFolder(async (folder) => {
      for (const name of ["a.mp4", "a.mkv"]) {
        const [path, moved] = [join(folder, name), join(folder, `moved.${name}`)];
        const writer = await targets.createFileWriter("h264", path, 30);
        const warnings: string[] = [];
        writer.addEventListener("warning", ({ error }) => warnings.push(error.message));
        const pattern = await sources.createTestPattern({ ...SMALL, frames: 30, pacing: "asap" });
        await rename(path, moved);
        await writeFile(path, "precious");
        pattern.attach(writer);
        await pattern.ended;
        const report = await writer.close();
        await pattern.close();
        assert.deepEqual([report.exists, report.synced, report.stats.frames.written], [false, false, 30]);
        assert.equal(warnings.length, 1);
        assert.match(warnings[0] ?? "", /was moved, replaced or removed meanwhile/);
        assert.equal(await readFile(path, "utf8"), "precious");
        assert.deepEqual(await decodeIndices(moved), inOrder(30));
      }
    });
  });

  it("leaves another program's file at NAME.part as it is, a link there too", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await writeFile(join(folder, "script.sh"), "precious");
      await symlink(join(folder, "script.sh"), `${path}.part`);
      const report = await recordPattern("h264", path, 30, { ...SMALL, frames: 30 });
      assert.equal(report.finalised, true);
      assert.equal(await readFile(`${path}.part`, "utf8"), "precious");
      assert.deepEqual(await decodeIndices(path), inOrder(30));
      assert.deepEqual((await readdir(folder)).sort(), ["a.mp4", "a.mp4.part", "script.sh"]);
    });
  });
});

describe("a recording", () => {
  it("without a frame leaves no file behind, with `overwrite` too", async () => {
    await withFolder(async (folder) => {
      for (const overwrite of [false, true]) {
        const writer = await targets.createFileWriter("h264", join(folder, "a.mp4"), 30, { overwrite });
        assert.equal((await writer.close()).exists, false);
        assert.deepEqual(await readdir(folder), []);
      }
    });
  });

  it("follows a link to a file that does not exist yet", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await symlink("real.mp4", path);
      await recordPattern("h264", path, 30, { ...SMALL, frames: 10 }, { overwrite: true });
      assert.deepEqual((await readdir(folder)).sort(), ["a.mp4", "real.mp4"]);
      assert.ok((await stat(join(folder, "real.mp4"))).size > 0);
      assert.deepEqual(await decodeIndices(path), inOrder(10));
    });
  });

  it("is finalised under a name as long as the system takes", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, `${"n".repeat(251)}.mp4`);
      assert.equal((await recordPattern("h264", path, 30, { ...SMALL, frames: 10 })).finalised, true);
      assert.deepEqual(await decodeIndices(path), inOrder(10));
    });
  });

  it("keeps the permissions of the file that it replaces", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await writeFile(path, "old", { mode: 0o600 });
      await recordPattern("h264", path, 30, { ...SMALL, frames: 10 }, { overwrite: true });
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    });
  });

  it(
    "that may not grow further fails by itself, and the process goes on",
    onlyDeno("Node ignores the signal by itself"),
    async () => {
      await withFolder(async (folder) => {
        const [large, small] = ["large.mkv", "small.mkv"].map((name) => join(folder, name)) as [string, string];
        const [code, message, written] = recordUnderLimit(large, small);
        assert.deepEqual([code, written], ["io", 30]);
        assert.match(message ?? "", /may not grow further/);
        assert.ok((await stat(large)).size <= LIMIT_BYTES);
      });
    },
  );
});
