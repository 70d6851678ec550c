/** Bars 3 and 11: frames that pass, and objects that are opened and closed, leave the memory as it was. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LeakOrder } from "../fixtures/leak_child.ts";
import { growthOf, LEAKS } from "../helpers/leak.ts";
import { passFrames } from "../helpers/memory.ts";
import { proofOnly, QUIET } from "../helpers/proof.ts";

/** A leak of one 720p frame in eight hundred, over two fifths of the frames, is more. */
const MAX_FRAMES_GROWTH_MIB = 8;
/** What a run may grow by once it is warm: allocators and the JavaScript heap breathe. */
const MAX_OBJECTS_GROWTH_MIB = 12;

const FRAMES = 10_000;
const SIZES = { "small frames": { width: 64, height: 48 }, "720p frames": { width: 1280, height: 720 } };

describe("frames that pass an observer", proofOnly(`${QUIET}, for 30 s`), () => {
  for (const [what, size] of Object.entries(SIZES)) {
    it(`leave memory as it was: ${FRAMES} ${what}`, async () => {
      const { before, now, words } = await passFrames(size, FRAMES);
      assert.ok(now.external - before.external <= MAX_FRAMES_GROWTH_MIB, words);
      assert.ok(now.native - before.native <= MAX_FRAMES_GROWTH_MIB, words);
    });
  }
});

const ROUNDS = { files: 1000, edges: 10_000, pipelines: 500 } as const;

describe("objects that are opened and closed", proofOnly(`${QUIET}, for 3 minutes`), () => {
  for (const [what, title] of Object.entries(LEAKS) as [LeakOrder["what"], string][]) {
    it(`leave memory as it was: ${title}`, () => {
      // Until then allocators of encoders, and the engine beside its heap, still grow to what they need.
      const growth = growthOf({ what, warm: Math.max(200, ROUNDS[what] / 5), rounds: ROUNDS[what] });
      assert.ok(growth <= MAX_OBJECTS_GROWTH_MIB, `${growth} MiB`);
    });
  }
});
