/** Bar 3: in steady state JavaScript takes no memory for a frame. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { passFrames } from "../helpers/memory.ts";

/** A buffer for each of the frames that count would be several times as much. */
const MAX_GROWTH_MIB = 8;
const CASES = [
  { what: "small frames", frames: 5000, size: { width: 64, height: 48 } },
  { what: "720p frames", frames: 1000, size: { width: 1280, height: 720 } },
];

// Nor does native code: tests/proof/memory_test.ts.
for (const { what, frames, size } of CASES) {
  it(`${frames} ${what} pass an observer in the same buffers`, async () => {
    const { before, now, words } = await passFrames(size, frames);
    assert.ok(now.external - before.external <= MAX_GROWTH_MIB, words);
  });
}
