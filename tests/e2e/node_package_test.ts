/** What a user of npm has: the installed package in a program of its own, without anything of the tests. */

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { example, ROOT } from "../helpers/example.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { HANG_MS } from "../helpers/hang.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { onlyNode } from "../helpers/runtime.ts";

/** Where `scripts/test_node.ts` has installed the package. */
const INSTALLED = join(ROOT, "target/node-test");

describe("the installed package", onlyNode("npm installs it for Node"), () => {
  let folder = "";
  let input = "";
  let output = "";

  before(async () => {
    // Node looks for packages in the folders above a program.
    folder = mkdtempSync(join(INSTALLED, "program-"));
    for (const name of ["record.mjs", "record.cjs"]) copyFileSync(example(`node/${name}`), join(folder, name));
    input = await makeFile(join(folder, "in.mp4"), ...testPicture("128x64", 30, 0.5));
    output = join(folder, "out.mp4");
  });
  after(() => rmSync(folder, { recursive: true }));

  function run(program: string, ...flags: string[]): { status: number | null; stdout: string; stderr: string } {
    rmSync(output, { force: true });
    const { NODE_OPTIONS: _, ...env } = process.env;
    const args = [...flags, join(folder, program), input, output];
    return spawnSync(process.execPath, args, { encoding: "utf8", timeout: HANG_MS, env });
  }

  for (const program of ["record.mjs", "record.cjs"]) {
    it(`records in ${program}`, async () => {
      const { status, stdout, stderr } = run(program);
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, /captured: 15,\s+written: 15/);
      assert.equal(await countFrames(output), 15);
      assert.equal((await probe(output)).codec, "hevc");
    });
  }

  it("records under Node's permissions, if they name addons, the package, the program and both files", async () => {
    // Node 20 calls them an experiment. All warn of addons.
    const has = process.allowedNodeEnvironmentFlags.has("--permission");
    const { status, stderr } = run(
      "record.mjs",
      has ? "--permission" : "--experimental-permission",
      "--no-warnings",
      "--allow-addons",
      `--allow-fs-read=${join(INSTALLED, "node_modules/@giftgrab")}/`,
      `--allow-fs-read=${join(folder, "record.mjs")}`,
      `--allow-fs-read=${input}`,
      `--allow-fs-write=${output}`,
    );
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(await countFrames(output), 15);
  });
});
