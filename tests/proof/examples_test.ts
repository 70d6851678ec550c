/** The examples of live recordings lose nothing, and those that end by a timer of their own do so in its time. */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { describe, it } from "node:test";
import { example, run } from "../helpers/example.ts";
import { analyseMotion, assertPipeline } from "../helpers/example_results.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { countFrames } from "../helpers/probe.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";
import { psnr } from "../helpers/psnr.ts";

describe("examples in real time", proofOnly(`${QUIET}, for 15 s`), () => {
  it("complex_pipeline.ts records a live source for one second", () =>
    inQuiet(() =>
      withFolder(async (folder) => {
        const said = (await run(example("complex_pipeline.ts"), folder, "", "1", folder)).split("\n");
        for (const { captured, written, line } of await assertPipeline(said, folder)) {
          assert.ok(written > 0 && captured <= 31, line);
        }
      })
    ));

  it("record_20_seconds.ts stops after its time", () =>
    inQuiet(() =>
      withFolder(async (folder) => {
        const [input, output] = [join(folder, "in.mp4"), join(folder, "out.mp4")];
        await makeFile(input, ...testPicture("320x180", 25, 20), "-c:v", "libx264", "-pix_fmt", "yuv420p");
        await run(example("record_20_seconds.ts"), folder, input, output, "0.8");
        const frames = await countFrames(output);
        assert.ok(frames > 0 && frames < 38, `${frames} frames`);
      })
    ));

  it("worker_analysis.ts prints the true motion of a video of which it records every frame", () =>
    inQuiet(() =>
      withFolder(async (folder) => {
        const { written, dropped, motions, said, input, recording } = await analyseMotion(folder);
        assert.deepEqual([written, dropped], [60, 0]);
        assert.equal(await countFrames(recording), 60);
        assert.ok((await psnr(recording, input)).worst > 30, "it shows the frames as they were");
        assert.ok(motions.length >= 3, said);
        for (const { distance, expected } of motions) assert.ok(Math.abs(distance - expected) <= 2, said);
      })
    ));
});
