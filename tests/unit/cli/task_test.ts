import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { ROOT } from "../../helpers/example.ts";
import { withFolder } from "../../helpers/folder.ts";
import { onlyDeno } from "../../helpers/runtime.ts";

describe("the task `record`", onlyDeno("tasks are Deno's"), () => {
  it("runs in the folder where the user stands, so that paths are the user's", () =>
    withFolder(async (folder) => {
      const { tasks } = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
      const clone = join(await realpath(folder), "a clone's");
      const stands = join(clone, "docs", "$HOME x");
      await mkdir(join(clone, "src", "cli"), { recursive: true });
      await mkdir(stands, { recursive: true });
      // The task without its set-up, and a command that says where it runs.
      const task = { command: tasks.record.command };
      await writeFile(join(clone, "deno.json"), JSON.stringify({ tasks: { record: task } }));
      const command = "console.log(JSON.stringify([Deno.cwd(), ...Deno.args]));";
      await writeFile(join(clone, "src", "cli", "record.ts"), command);
      const asked = ["task", "record", "-i", "a b.mp4", "-o", "$x.mkv"];
      // npx has set the variable for this process, and Deno keeps it for its children.
      const { stdout, stderr } = spawnSync("env", ["-u", "INIT_CWD", process.execPath, ...asked], {
        cwd: stands,
        encoding: "utf8",
      });
      assert.deepEqual(JSON.parse(stdout || "null"), [stands, "-i", "a b.mp4", "-o", "$x.mkv"], stderr);
    }));
});
