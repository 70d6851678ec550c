/** `deno task record` in real time: on a machine that has the time, no frame is lost. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { decodeIndices } from "../helpers/barcode.ts";
import { ROOT } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";
import { onlyDeno } from "../helpers/runtime.ts";

describe("deno task record", onlyDeno("the command is a Deno program"), () => {
  it(
    "records every frame of one second",
    proofOnly(`${QUIET}, for 3 s`),
    () =>
      inQuiet(() =>
        withFolder(async (folder) => {
          const args = ["run", "-A", "--quiet", join(ROOT, "src/cli/record.ts"), "--seconds", "1", "--size", "320x180"];
          const { stdout, stderr } = spawnSync(process.execPath, [...args, "--codec", "h264", "--output", "a.mp4"], {
            cwd: folder,
            encoding: "utf8",
          });
          assert.match(stdout, /30 frames captured: 30 written, 0 dropped, 0 failed/, stderr);
          assert.deepEqual(await decodeIndices(join(folder, "a.mp4")), inOrder(30));
        })
      ),
  );
});
