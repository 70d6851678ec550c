/** An example that ends by a timer of its own does so in its time. */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { it } from "node:test";
import { example, run } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { countFrames } from "../helpers/probe.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";

it(
  "complex_pipeline.ts records a live source for one second",
  proofOnly(`${QUIET}, for 5 s`),
  () =>
    withFolder((folder) =>
      inQuiet(async () => {
        const said = (await run(example("complex_pipeline.ts"), folder, "", "1", folder)).split("\n");
        for (const name of ["red.mp4", "yellow.mp4"]) {
          const path = join(folder, name);
          const line = said.find((line) => line.startsWith(path)) ?? "";
          const [captured = NaN, written = NaN, dropped = NaN] = (line.slice(path.length).match(/\d+/g) ?? []).map(
            Number,
          );
          assert.equal(captured, written + dropped, line);
          assert.equal(await countFrames(path), written, line);
          assert.ok(written > 0 && captured <= 31, line);
        }
      })
    ),
);
