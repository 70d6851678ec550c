/** Bar 6: JavaScript that does not return for seconds costs no frame and moves none. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";

const RATE = 30;
const PERIOD_MS = 1000 / RATE;
const [SECONDS, BLOCKED_SECONDS] = [20, 10];

const title = `a busy loop of ${BLOCKED_SECONDS} s in a live recording of ${SECONDS} s costs and moves no frame`;

it(title, proofOnly(`${QUIET}, for 30 s`), async () => {
  await withFolder((folder) => inQuiet(() => record(join(folder, "stall.mp4"))));
});

async function record(path: string): Promise<void> {
  const frames = RATE * SECONDS;
  const pattern = await VideoSourceFactory.getInstance().createTestPattern({ frameRate: RATE, frames });
  const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, RATE, { overwrite: true });
  const attached = new Promise((resolve) => pattern.addEventListener("attached", resolve, { once: true }));
  pattern.attach(writer);
  await attached;
  await after((SECONDS - BLOCKED_SECONDS) / 2 * 1000);
  const before = pattern.stats().captured;
  const blockedAt = performance.now();
  while (performance.now() - blockedAt < BLOCKED_SECONDS * 1000);
  const meanwhile = pattern.stats().captured - before;
  await pattern.ended;
  const { interval, lateness, missed, late, captured } = pattern.stats();
  const { stats } = await writer.close();
  await pattern.close();
  console.log(
    `${captured} frames, ${meanwhile} while blocked; interval p50 ${interval.p50Ms.toFixed(2)}, ` +
      `p99 ${interval.p99Ms.toFixed(2)}, max ${interval.maxMs.toFixed(2)} ms; ` +
      `lateness p99 ${lateness.p99Ms.toFixed(2)}, max ${lateness.maxMs.toFixed(2)} ms`,
  );
  assertLedger(stats.frames);
  assert.deepEqual(await decodeIndices(path), inOrder(frames));
  assert.deepEqual({ captured, written: stats.frames.written, missed, late }, {
    captured: frames,
    written: frames,
    missed: 0,
    late: 0,
  });
  assert.ok(Math.abs(meanwhile - BLOCKED_SECONDS * RATE) <= 1, `${meanwhile} frames while blocked`);
  assert.ok(interval.p99Ms <= 40, `p99 of the interval is ${interval.p99Ms} ms`);
  // Each frame is captured at its deadline plus its lateness, so no two are nearer than a period less the largest.
  assert.ok(lateness.maxMs < PERIOD_MS / 2, `bunched: a frame was ${lateness.maxMs} ms late`);
}
