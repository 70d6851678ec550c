/**
 * Cases from people who do this job: `deno task record` as they met it, each by the report that it stands for. More of it:
 * `../record_test.ts`.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, mock } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Printer } from "../../../src/cli/printer.ts";
import { showProgress } from "../../../src/cli/progress.ts";
import { text } from "../../helpers/command.ts";
import { ROOT } from "../../helpers/example.ts";
import { TARGET_STATS } from "../../helpers/fake_backend.ts";
import { FakeTerminal } from "../../helpers/fake_terminal.ts";
import { makeFile, testPicture } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { countFrames, probe } from "../../helpers/probe.ts";
import { onlyDeno } from "../../helpers/runtime.ts";
import {
  begun,
  changed,
  CTRL_Q,
  CTRL_S,
  instantsOf,
  inTerminal,
  record,
  SLOW,
  SLOW_INSTANTS,
} from "../../helpers/terminal.ts";

const QUICK = ["--seconds", "0.2", "--size", "320x180", "--pacing", "asap"];

describe("a recording outlives its terminal", onlyDeno("the command is a Deno program"), () => {
  it("SIGHUP (wf-recorder#183, wl-screenrec#51)", () =>
    withFolder(async (folder) => {
      const output = join(folder, "out.mp4");
      const command = record(folder, ...SLOW, "-o", output);
      await begun(output);
      command.kill("SIGHUP");
      const { out, err } = await command.ended;
      assert.equal(instantsOf(out), SLOW_INSTANTS, out + err);
      assert.equal((await probe(output)).indexedFrames, await countFrames(output));
    }));

  it("the terminal is gone, and every write fails (asciinema#193)", () =>
    withFolder(async (folder) => {
      const [output, report] = [join(folder, "out.mp4"), join(folder, "report")];
      // What it says of its progress still goes to the terminal.
      const terminal = inTerminal(folder, [...SLOW, "-o", output, "--json"], (words) => `exec ${words} >${report}`);
      await begun(output);
      terminal.kill("SIGKILL");
      await begun(report);
      const { stats, source, finalised } = JSON.parse(readFileSync(report, "utf8"));
      assert.deepEqual([stats.frames.captured + source.missed, finalised], [SLOW_INSTANTS, true]);
      assert.equal(await countFrames(output), stats.frames.written);
    }));

  it("Ctrl-S: the seconds asked for are recorded, and no more (nodeterm#382)", () =>
    withFolder(async (folder) => {
      const output = join(folder, "out.mp4");
      const terminal = inTerminal(folder, [...SLOW, "-o", output], (words) => `exec ${words}`);
      let out = "";
      terminal.stdout.on("data", (chunk) => out += chunk);
      const closed = new Promise((resolve) => terminal.once("close", resolve));
      await begun(output);
      const { ino } = statSync(output);
      terminal.stdin.write(CTRL_S);
      await changed(output, () => statSync(output).ino !== ino);
      const frames = await countFrames(output);
      assert.equal(out.includes("frames captured"), false, out);
      terminal.stdin.write(CTRL_Q);
      await closed;
      assert.equal(instantsOf(out), SLOW_INSTANTS, out);
      assert.ok(frames <= SLOW_INSTANTS, `${frames} frames`);
    }));
});

describe("a recording that is not whole", onlyDeno("the command is a Deno program"), () => {
  it("for frames that the source itself missed says so, also by its exit code", () =>
    withFolder(async (folder) => {
      const output = join(folder, "out.mp4");
      const command = record(folder, "--codec", "h264", "--size", "320x180", "--seconds", "3", "-o", output, "--json");
      await begun(output);
      // The whole process stands still for a while, as on a machine that does something else.
      command.kill("SIGSTOP");
      await after(500);
      command.kill("SIGCONT");
      const { code, out, err } = await command.ended;
      const { stats, source } = JSON.parse(out);
      assert.ok(source.missed > 0, out);
      assert.deepEqual([stats.frames.captured + source.missed, code], [90, 1]);
      assert.match(err, new RegExp(`^Error: frames missed because this machine was too busy: ${source.missed}$`, "m"));
      assert.ok(Math.abs(((await probe(output)).durationSeconds ?? 0) - 3) < 0.05);
    }));

  it("for the sound of its input says so (VidCoder#661, vrecord#183)", () =>
    withFolder(async (folder) => {
      const input = join(folder, "in.mp4");
      await makeFile(input, ...testPicture("96x64", 25, 0.4), "-f", "lavfi", "-i", "sine=duration=0.4");
      const { code, err } = await record(folder, "-i", input, "-o", "out.mp4", "--codec", "h264").ended;
      assert.equal(code, 0, err);
      assert.match(err, /^The sound is not recorded$/m);
    }));
});

describe("the command line", onlyDeno("the command is a Deno program"), () => {
  it("resolves paths against the folder in which the user stands", () =>
    withFolder(async (folder) => {
      // That the task goes there too: tests/unit/cli/task_test.ts.
      const { tasks } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
      assert.match(tasks.record.command, /cd "\$INIT_CWD"/);
      const { code, err } = await record(folder, ...QUICK, "-o", "here.mp4", "--codec", "h264").ended;
      assert.equal(code, 0, err);
      assert.ok(existsSync(join(folder, "here.mp4")));
    }));

  it("takes -i, -o and file:// URLs, and .webm chooses VP9", () =>
    withFolder(async (folder) => {
      const input = await makeFile(join(folder, "a b.mp4"), ...testPicture("96x64", 25, 0.4));
      const args = ["-i", pathToFileURL(input).href, "-o", pathToFileURL(join(folder, "ü.webm")).href];
      const { code, err } = await record(folder, ...args).ended;
      assert.equal(code, 0, err);
      const { codec, frameRate } = await probe(join(folder, "ü.webm"));
      assert.deepEqual([codec, frameRate, await countFrames(join(folder, "ü.webm"))], ["vp9", { num: 25, den: 1 }, 10]);
    }));

  it("prints its version", () =>
    withFolder(async (folder) => {
      const { version } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
      const { code, out, err } = await record(folder, "--version").ended;
      assert.deepEqual([code, out, err], [0, `@giftgrab/core ${version}\n`, ""]);
    }));

  it("shows per cent and what remains of a file, on a terminal", () =>
    withFolder(async (folder) => {
      const input = await makeFile(join(folder, "in.mp4"), ...testPicture("96x64", 25, 2));
      const args = ["-i", input, "-o", "out.mp4", "--codec", "h264", "--pacing", "realtime"];
      const terminal = inTerminal(folder, args, (words) => `exec ${words}`);
      let out = "";
      terminal.stdout.on("data", (chunk) => out += chunk);
      await new Promise((resolve) => terminal.once("close", resolve));
      const shares = [...out.matchAll(/ (\d+) % {2}\d+:\d\d left/g)].map(([, share]) => Number(share));
      assert.ok(shares.length >= 2, out);
      assert.deepEqual(shares, shares.toSorted((a, b) => a - b));
      assert.ok((shares[0] ?? 100) < (shares.at(-1) ?? 0), `${shares}`);
    }));

  it("shows progress off a terminal too", async () => {
    mock.timers.enable({ apis: ["setInterval"] });
    try {
      const pipe = new FakeTerminal();
      const printer = new Printer(pipe);
      const hide = showProgress({ stats: () => TARGET_STATS, seconds: () => 5, total: 20 }, printer);
      mock.timers.tick(10_000);
      hide();
      await printer.line("end");
      assert.match(pipe.text, /^\d+\.\d s {2}25 % .*\nend\n$/);
    } finally {
      mock.timers.reset();
    }
  });

  it("says nothing of a recording before an error of arguments", () =>
    withFolder(async (folder) => {
      for (const args of [["--codec", "foo"], ["-o", "a.xyz"], ["--quality", "999"], ["-i", "none.mp4"]]) {
        const { code, out, err } = await record(folder, ...args).ended;
        assert.ok(code === 1 || code === 2, `${code}`);
        assert.deepEqual([out, /Recording/.test(err), err.trim().split("\n").length], ["", false, 1], err);
      }
      assert.deepEqual(readdirSync(folder).filter((name) => name !== "recordings"), []);
    }));

  it("prints an ffplay command that is right for the name: 12:30.mp4 (opencv#15624)", () =>
    withFolder(async (folder) => {
      const { code, out, err } = await record(folder, ...QUICK, "-o", "12:30.mp4", "--codec", "h264").ended;
      assert.equal(code, 0, err);
      const [, words = ""] = /^Play it: ffplay (.*)$/m.exec(out) ?? [];
      const shell = `cd "$0" && ffprobe -v error -show_entries stream=nb_frames -of csv=p=0 ${words}`;
      assert.equal((await text("sh", ["-c", shell, folder])).trim(), "6", out);
      // As ffplay itself would otherwise take it for a protocol.
      await copyFile(join(folder, "12:30.mp4"), join(folder, "b.mp4"));
      await assert.rejects(text("sh", ["-c", 'cd "$0" && ffprobe -v error 12:30.mp4', folder]), /Protocol not found/);
    }));
});
