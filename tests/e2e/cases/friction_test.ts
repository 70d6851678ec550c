/** Friction that a newcomer met: what a program or its compiler says. The command line: `command_line_test.ts`. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../../mod.ts";
import { ROOT, run } from "../../helpers/example.ts";
import { makeFile, testPicture } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { HANG_MS } from "../../helpers/hang.ts";
import { assertLedger } from "../../helpers/ledger.ts";
import { countFrames } from "../../helpers/probe.ts";
import { assertRefused } from "../../helpers/refusal.ts";
import { isDeno, onlyDeno } from "../../helpers/runtime.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const PATTERN = { width: 64, height: 64, frames: 5, pacing: "asap" } as const;

describe("types", () => {
  it(
    "`event.error.code` compiles, and so does `quality: undefined` under exactOptionalPropertyTypes",
    onlyDeno("Deno has a compiler"),
    () => {
      const fixture = join(ROOT, "tests/fixtures/options_types.ts");
      const args = ["check", "--config", join(ROOT, "deno.json"), fixture];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: HANG_MS });
      assert.equal(status, 0, stderr);
    },
  );

  it("`quality: undefined` is as if it were left out", () =>
    withFolder(async (folder) => {
      const pattern = await sources.createTestPattern({ ...PATTERN, frameRate: undefined, colour: undefined });
      const settings = { quality: undefined, metadata: { title: undefined }, encoderOptions: undefined };
      const writer = await targets.createFileWriter("h264", join(folder, "a.mp4"), 30, settings);
      pattern.attach(writer);
      await pattern.ended;
      await pattern.close();
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      assert.equal(stats.frames.written, 5);
    }));
});

describe("a source", () => {
  it("says it when something is attached after its end", () =>
    withFolder(async (folder) => {
      const pattern = await sources.createTestPattern(PATTERN);
      let seen = 0;
      pattern.attach(() => void (seen += 1));
      await pattern.ended;
      const warnings: [code: string | undefined, message: string][] = [];
      pattern.addEventListener("warning", ({ error }) => warnings.push([error.code, error.message]));
      const writer = await targets.createFileWriter("h264", join(folder, "a.mp4"), 30);
      pattern.attach(writer);
      pattern.attach(function watch() {
        assert.fail("there is no frame");
      });
      const gone = new Promise((resolve) => pattern.addEventListener("detached", resolve));
      await gone;
      assert.deepEqual(warnings.map(([code]) => code), ["closed", "closed"]);
      assert.match(warnings[0]?.[1] ?? "", /^Cannot give a frame to .*a\.mp4.*: the test pattern has ended$/);
      assert.match(warnings[1]?.[1] ?? "", /^Cannot give a frame to function watch: the test pattern has ended$/);
      await pattern.close();
      assert.deepEqual([seen, (await writer.close()).exists], [5, false]);
    }));

  it("whose end is awaited before any attach: the runtime ends the program with an error", () =>
    withFolder(async (folder) => {
      const program = join(folder, "program.mjs");
      const module = pathToFileURL(join(ROOT, "mod.ts")).href;
      await writeFile(
        program,
        `import { VideoSourceFactory } from ${JSON.stringify(module)};
         const pattern = await VideoSourceFactory.getInstance().createTestPattern({ frames: 5 });
         await pattern.ended;
         console.log("never");`,
      );
      const args = isDeno ? ["run", "-A", "--no-check", "--config", join(ROOT, "deno.json"), program] : [program];
      const options = { encoding: "utf8", timeout: HANG_MS } as const;
      const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
      assert.deepEqual([status, stdout], [isDeno ? 1 : 13, ""], stderr);
      // Node 20 has the status only.
      if (isDeno) assert.match(stderr, /Top-level await promise never resolved\n *await pattern\.ended/);
    }));

  it("whose name is a `file://` string is read, and recorded to one", () =>
    withFolder(async (folder) => {
      const clip = await makeFile(join(folder, "a b.mp4"), ...testPicture("96x64", 25, 0.2));
      const output = join(folder, "ü.mp4");
      const reader = await sources.createFileReader(pathToFileURL(clip).href, ColourSpace.I420, { pacing: "asap" });
      const writer = await targets.createFileWriter("h264", pathToFileURL(output).href, 25);
      reader.attach(writer);
      await reader.ended;
      await writer.close();
      await reader.close();
      assert.equal(await countFrames(output), 5);
      for (
        const [wrong, says] of [["file://there/a.mp4", /another computer/], ["file://a:b", /it is no URL/]] as const
      ) {
        await assertRefused(sources.createFileReader(wrong, ColourSpace.I420), {
          is: TypeError,
          code: "invalid_argument",
          field: "path",
          says,
        });
      }
    }));
});

describe("README's program", () => {
  it("with an observer that hangs: the recording is finished", () =>
    withFolder(async (folder) => {
      const readme = await readFile(join(ROOT, "README.md"), "utf8");
      const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
      const attach = "reader.attach(writer);\n";
      assert.ok(code.includes(attach));
      // A minute is the default.
      const hanging = `${attach}reader.attach(() => new Promise(() => {}), { patienceSeconds: 1 });\n`;
      const script = join(folder, "example.ts");
      const module = pathToFileURL(join(ROOT, "mod.ts")).href;
      await writeFile(script, code.replace(attach, hanging).replace("@giftgrab/core", module));
      await makeFile(join(folder, "in.mp4"), ...testPicture("320x180", 25, 0.4));
      assert.match(await run(script, folder), /captured: 10,\s+written: 10/);
      assert.equal(await countFrames(join(folder, "out.mp4")), 10);
    }));
});
