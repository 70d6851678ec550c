/** `deno task record`, as a person uses it at a terminal; judged by its exit code, its words and ffprobe. */

import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { decodeIndices } from "../helpers/barcode.ts";
import { text } from "../helpers/command.ts";
import { withFolder } from "../helpers/folder.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { inOrder } from "../helpers/record.ts";
import { onlyDeno } from "../helpers/runtime.ts";

const CLI = join(import.meta.dirname ?? ".", "..", "..", "src", "cli", "record.ts");

interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Command {
  readonly ended: Promise<Ending>;
  kill(signal: NodeJS.Signals): void;
}

function record(folder: string, ...args: string[]): Command {
  const child = spawn(process.execPath, ["run", "-A", "--quiet", CLI, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => out += chunk);
  child.stderr.on("data", (chunk) => err += chunk);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
  return { ended, kill: (signal) => void process.kill(child.pid ?? 0, signal) };
}

/** Resolves as soon as a file holds something, by the folder's own word. */
async function begun(path: string): Promise<void> {
  const { statSync, watch } = await import("node:fs");
  const size = () => existsSync(path) ? statSync(path).size : 0;
  while (size() === 0) {
    await new Promise<void>((resolve) => {
      const watcher = watch(join(path, ".."), () => done());
      const timer = setTimeout(() => done(), 200);
      const done = () => {
        clearTimeout(timer);
        watcher.close();
        resolve();
      };
    });
  }
}

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
        const command = record(folder, "--output", output, "--codec", "h264", "--size", "320x180", "--seconds", "60");
        await begun(output);
        command.kill(signal);
        const { code, out, err } = await command.ended;
        assert.equal(code, 0, out + err);
        const { indexedFrames } = await probe(output);
        assert.equal(indexedFrames, await countFrames(output));
      }));
  }

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
