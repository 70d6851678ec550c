/** `deno task record`, as a person uses it at a terminal; judged by its exit code, its words and ffprobe. */

import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { decodeIndices } from "../helpers/barcode.ts";
import { text } from "../helpers/command.ts";
import { ROOT } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { inOrder } from "../helpers/record.ts";
import { onlyDeno } from "../helpers/runtime.ts";
import { begun, instantsOf, record, SLOW, SLOW_INSTANTS } from "../helpers/terminal.ts";

describe("deno task record", onlyDeno("the command is a Deno program"), () => {
  it("records the test pattern into a timestamped file and says how to play it", () =>
    withFolder(async (folder) => {
      const pattern = ["--seconds", "1", "--size", "320x180", "--pacing", "asap"];
      const { code, out, err } = await record(folder, ...pattern, "--codec", "h264").ended;
      assert.equal(code, 0, err);
      const [name = ""] = readdirSync(join(folder, "recordings"));
      assert.match(name, /^h264-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.mp4$/);
      assert.match(out + err, /30 frames captured: 30 written, 0 dropped, 0 failed/);
      assert.match(out + err, new RegExp(`ffplay \\S*${name}`));
      const indices = await decodeIndices(join(folder, "recordings", name));
      assert.deepEqual(indices, inOrder(30));
    }));

  it("records every frame of a file at its own rate, whatever else the file holds", () =>
    withFolder(async (folder) => {
      const input = join(folder, "a b.mp4");
      await text("ffmpeg", [
        ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30000/1001:duration=2"],
        ...["-f", "lavfi", "-i", "sine=duration=2", "-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p", input],
      ]);
      const { code, err } = await record(folder, "--input", input, "--output", "out.mkv", "--json").ended;
      assert.equal(code, 0, err);
      assert.equal(await countFrames(join(folder, "out.mkv")), 60);
      assert.deepEqual((await probe(join(folder, "out.mkv"))).frameRate, { num: 30000, den: 1001 });
    }));

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`finishes the file properly on ${signal}`, () =>
      withFolder(async (folder) => {
        const output = join(folder, "out.mp4");
        // Without a pace no frame is missed, however busy the machine is.
        const pattern = ["--codec", "h264", "--size", "320x180", "--seconds", "100000", "--pacing", "asap"];
        const command = record(folder, "--output", output, ...pattern);
        await begun(output);
        command.kill(signal);
        const { code, out, err } = await command.ended;
        assert.equal(code, 0, out + err);
        const { indexedFrames } = await probe(output);
        assert.equal(indexedFrames, await countFrames(output));
      }));
  }

  it("records to its end on SIGHUP", () =>
    withFolder(async (folder) => {
      const output = join(folder, "out.mp4");
      const command = record(folder, ...SLOW, "--output", output);
      await begun(output);
      command.kill("SIGHUP");
      const { code, out, err } = await command.ended;
      assert.equal(instantsOf(out), SLOW_INSTANTS, out + err);
      assert.equal(code, out.includes("source: 0 missed") ? 0 : 1, out + err);
    }));

  it("records to its end when nobody reads what it prints", () =>
    withFolder(async (folder) => {
      const output = join(folder, "out.mp4");
      const pattern = ["--seconds", "1", "--size", "320x180", "--pacing", "asap", "--codec", "h264"];
      const command = record(folder, ...pattern, "--output", output);
      command.leave();
      const { code } = await command.ended;
      assert.equal(code, 0);
      assert.deepEqual(await decodeIndices(output), inOrder(30));
    }));

  it("prints a command that plays the file, whatever its name", () =>
    withFolder(async (folder) => {
      for (const name of ["12:30.mp4", "-x.mp4", "a b's.mp4"]) {
        const pattern = ["--seconds", "0.1", "--size", "320x180", "--pacing", "asap", "--codec", "h264"];
        const { code, out, err } = await record(folder, ...pattern, `--output=${name}`).ended;
        assert.equal(code, 0, err);
        const [, words = ""] = /^Play it: ffplay (.*)$/m.exec(out) ?? [];
        const shell =
          `cd "$0" && ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 ${words}`;
        assert.equal((await text("sh", ["-c", shell, folder])).trim(), "3", out);
      }
    }));

  it("exits with 1 when the input is damaged, and says so", () =>
    withFolder(async (folder) => {
      const input = join(folder, "in.mkv");
      await text("ffmpeg", [
        ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=2"],
        ...["-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", "-bsf:v", "noise=amount=200", input],
      ]);
      const { code, out, err } = await record(folder, "--input", input, "--output", "out.mkv").ended;
      assert.equal(code, 1, out + err);
      assert.match(out, /source: 0 missed, [1-9]\d* undecodable/);
      assert.match(err, /^Error: damaged pieces of the input that were skipped: \d+$/m);
    }));

  it("prints its version", () =>
    withFolder(async (folder) => {
      const { version } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
      assert.equal((await record(folder, "--version").ended).out, `@giftgrab/core ${version}\n`);
    }));

  it("refuses wrong arguments with one sentence and exit code 2", () =>
    withFolder(async (folder) => {
      for (
        const [args, sentence] of [
          [["--codec", "foo"], /--codec "foo"/],
          [["--rate", "0"], /rate/],
          [["--rate", "abc"], /--rate "abc"/],
          [["--size", "12"], /--size "12"/],
          [["--seconds", "-1"], /seconds/],
          [["--seconds=-1"], /--seconds "-1"/],
          [["--nonsense"], /nonsense/],
          [["surplus"], /surplus/],
        ] as const
      ) {
        const { code, out, err } = await record(folder, ...args).ended;
        assert.equal(code, 2, `${args}: ${out}${err}`);
        assert.match(err, sentence);
        assert.ok(err.trim().split("\n").length <= 2, err);
      }
      assert.deepEqual(readdirSync(folder), []);
    }));

  it("fails with exit code 1 and one sentence when the input is no video", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "in.mp4"), "no video at all");
      const { code, err } = await record(folder, "--input", "in.mp4", "--output", "out.mp4").ended;
      assert.equal(code, 1);
      assert.match(err, /Cannot read "in\.mp4"/);
      assert.ok(!existsSync(join(folder, "out.mp4")), "nothing is left behind");
    }));
});
