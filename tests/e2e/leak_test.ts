/** Bar 11: opening, closing, attaching and detaching leave no file and no thread behind. */

import { it } from "node:test";
import type { LeakOrder } from "../fixtures/leak_child.ts";
import { growthOf, LEAKS } from "../helpers/leak.ts";

const ROUNDS = { files: 40, edges: 200, pipelines: 20 } as const;

// Nor memory: tests/proof/memory_test.ts.
for (const [what, title] of Object.entries(LEAKS) as [LeakOrder["what"], string][]) {
  it(title, () => void growthOf({ what, warm: 10, rounds: ROUNDS[what] }));
}
