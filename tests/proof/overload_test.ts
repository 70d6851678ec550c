/** Bar 7: an encoder that cannot keep up is reported, and what it costs is counted. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { setInterval, setTimeout } from "node:timers";
import { type OverloadEvent, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { encoderFor } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertConserved, assertLedger, droppedFor } from "../helpers/ledger.ts";
import { probe } from "../helpers/probe.ts";
import { residentMiB, slope } from "../helpers/process.ts";
import { proofOnly, QUIET } from "../helpers/proof.ts";

const RATE = 30;
const PERIOD = 1 / RATE;
const SECONDS = 30;
/** The encoder has filled its own buffers by then. */
const WARM_SECONDS = SECONDS / 2;
/** Growth behind it: a leaked frame in each drop would be hundreds. */
const MAX_GROWTH_MIB = 32;

const title = "an encoder that cannot keep up is reported within 2 s, and takes no memory";

it(title, proofOnly(`${QUIET}, for a minute`), async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "overload.mp4");
    const size = { width: 1920, height: 1080, frameRate: RATE };
    const pattern = await VideoSourceFactory.getInstance().createTestPattern(size);
    // Far from real time on any two cores; the next faster ones hold it on some.
    const preset = (await encoderFor("hevc")).name === "libkvazaar" ? "veryslow" : "slower";
    const writer = await VideoTargetFactory.getInstance().createFileWriter("hevc", path, RATE, { preset });
    const attached = new Promise((resolve) => pattern.addEventListener("attached", resolve, { once: true }));
    const overloads: { at: number; event: OverloadEvent }[] = [];
    writer.addEventListener("overload", (event) => overloads.push({ at: performance.now(), event }));
    pattern.attach(writer);
    await attached;
    const startedAt = performance.now();
    const memory: { second: number; mib: number }[] = [];
    const sampler = setInterval(() => {
      assertConserved(writer.stats().frames);
      memory.push({ second: (performance.now() - startedAt) / 1000, mib: residentMiB() });
    }, 200);
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    clearInterval(sampler);
    await pattern.detach(writer);
    const seconds = (performance.now() - startedAt) / 1000;
    const source = pattern.stats();
    const { stats } = await writer.close();
    await pattern.close();

    const warm = memory.filter(({ second }) => second >= WARM_SECONDS);
    const growth = slope(warm.map(({ second }) => second), warm.map(({ mib }) => mib));
    const first = overloads[0];
    assert.ok(first !== undefined, "no overload was reported");
    const { frames } = stats;
    console.log(
      `overload after ${(first.at - startedAt).toFixed()} ms; ${JSON.stringify(frames)}; ` +
        `${stats.durationSeconds.toFixed(3)} s of ${seconds.toFixed(3)} s by the clock; ` +
        `memory ${warm[0]?.mib.toFixed()} → ${warm.at(-1)?.mib.toFixed()} MiB, ${growth.toFixed(2)} MiB/s`,
    );
    assert.ok(first.at - startedAt <= 2000);
    assert.deepEqual([first.event.stage, first.event.reason], ["encode", "encoder_overload"]);
    assertLedger(frames);
    assert.equal(frames.captured, source.captured);
    assert.ok(droppedFor(frames, "encoder_overload") > 0);
    assert.equal(frames.dropped, droppedFor(frames, "encoder_overload"));

    const indices = await decodeIndices(path);
    assert.equal(indices.length, frames.written);
    indices.forEach((index, place) => {
      assert.ok(index !== null && index > (indices[place - 1] ?? -1), `${index} in place ${place}`);
    });
    // From the first frame to the end of the last captured one, dropped ones too.
    const reality = (source.captured + source.missed) * PERIOD;
    const { durationSeconds } = await probe(path);
    assert.ok(Math.abs(stats.durationSeconds - reality) < PERIOD, `${stats.durationSeconds} s, not ${reality} s`);
    assert.ok(Math.abs((durationSeconds ?? NaN) - reality) < PERIOD, `${durationSeconds} s, not ${reality} s`);
    // The clock is read when the events reach JavaScript.
    assert.ok(Math.abs(seconds - reality) < 0.25, `${reality} s, ${seconds} s by the clock`);
    assert.ok(growth * (SECONDS - WARM_SECONDS) <= MAX_GROWTH_MIB, `memory grows by ${growth} MiB/s`);
  });
});
