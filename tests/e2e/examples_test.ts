/** The examples and the first one of the README, run as a user would; judged by ffprobe. */

import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { text } from "../helpers/command.ts";
import { example, ROOT, run } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { countFrames, probe } from "../helpers/probe.ts";

/** Seconds of 25 frames with B-frames and sound, on which GIFT-Grab hung. */
async function clip(folder: string, seconds = 1.52): Promise<string> {
  const path = join(folder, "in.mp4");
  await text("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=25:duration=${seconds}`],
    ...["-f", "lavfi", "-i", `sine=duration=${seconds}`, "-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", path],
  ]);
  return path;
}

describe("examples", () => {
  it("record_file.ts records every frame of a file", () =>
    withFolder(async (folder) => {
      const output = join(folder, "out.mp4");
      const said = await run(example("record_file.ts"), folder, await clip(folder), output);
      assert.match(said, /captured: 38/);
      assert.equal(await countFrames(output), 38);
      const { codec, frameRate } = await probe(output);
      assert.deepEqual([codec, frameRate], ["hevc", { num: 25, den: 1 }]);
    }));

  // How long that is: tests/proof/examples_test.ts.
  it("record_20_seconds.ts stops after its time, and records what it says", () =>
    withFolder(async (folder) => {
      const output = join(folder, "out.mp4");
      const said = await run(example("record_20_seconds.ts"), folder, await clip(folder, 20), output, "0.8");
      const frames = Number(said.split(" ")[0]);
      // Without a frame there is no file.
      assert.equal(existsSync(output) ? await countFrames(output) : 0, frames);
    }));

  it("the README's first example runs as it stands", () =>
    withFolder(async (folder) => {
      const readme = await readFile(join(ROOT, "README.md"), "utf8");
      const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
      assert.ok(code.includes('"@giftgrab/core"'), "the first example imports the package as a user does");
      // The package's name stands for this checkout.
      const script = join(folder, "example.ts");
      await writeFile(script, code.replace("@giftgrab/core", `file://${join(ROOT, "mod.ts")}`));
      await clip(folder);
      const said = await run(script, folder);
      assert.match(said, /captured: 38,\s+written: 38/);
      assert.equal(await countFrames(join(folder, "out.mp4")), 38);
    }));
});
