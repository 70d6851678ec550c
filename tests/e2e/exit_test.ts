/** However a process ends, its recording opens and holds what was called written. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { survivors } from "../helpers/child.ts";
import { ENDINGS, endRecording } from "../helpers/endings.ts";
import { withFolder } from "../helpers/folder.ts";

// What it costs in milliseconds: tests/proof/exit_test.ts.
describe("a recording survives", () => {
  for (const how of ENDINGS) {
    it(how.name, () =>
      withFolder(async (folder) => {
        const path = join(folder, "a.mp4");
        const { lines } = await endRecording(path, how, 30);
        const { frames, last } = await survivors(path, lines);
        assert.ok(frames > 0, "nothing is in the file");
        console.log(`${frames} of ${last.captured} frames, ${last.frames.written} called written`);
      }));
  }
});
