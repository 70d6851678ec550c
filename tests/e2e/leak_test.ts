/** Bar 11: opening, closing, attaching and detaching leave nothing behind. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { createFilter, ObservableObserver, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { nativeMiB, openFiles, threads } from "../helpers/process.ts";
import { isFullProof } from "../helpers/proof.ts";

const ROUNDS = isFullProof ? 1000 : 100;
const EDGES = isFullProof ? 10_000 : 1000;
/** What a run may grow by once it is warm: allocators and the JavaScript heap breathe. */
const MAX_GROWTH_MIB = 12;

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const quick = await fastest("h264");
const pattern = { width: 64, height: 48, pacing: "asap" } as const;

/** Waits for the threads of the library, which end right after their last event. */
async function settle(): Promise<void> {
  for (let left = 200; threads("gg-") > 0 && left > 0; left--) await after(10);
}

/** Runs `round` often and asserts that nothing is left of it. */
async function assertNoLeak(rounds: number, what: string, round: (number: number) => Promise<void>): Promise<void> {
  // Until then allocators of encoders, and the engine beside its heap, still grow to what they need.
  const warm = Math.max(200, rounds / 5);
  for (let number = 0; number < warm; number++) await round(number);
  await settle();
  const before = { files: openFiles(), threads: threads(), mib: nativeMiB() };
  const startedAt = performance.now();
  for (let number = 0; number < rounds; number++) await round(number);
  const ms = (performance.now() - startedAt) / rounds;
  await settle();
  const now = { files: openFiles(), threads: threads(), mib: nativeMiB() };
  console.log(
    `${rounds} × ${what}: ${ms.toFixed(2)} ms each; files ${before.files} → ${now.files}, ` +
      `threads ${before.threads} → ${now.threads}, memory ${before.mib.toFixed(1)} → ${now.mib.toFixed(1)} MiB`,
  );
  assert.equal(threads("gg-"), 0);
  assert.equal(now.files, before.files);
  assert.equal(now.threads, before.threads);
  assert.ok(now.mib - before.mib <= MAX_GROWTH_MIB, `${now.mib} MiB, ${before.mib} before`);
}

it("sources and writers that are opened and closed leave nothing behind", async () => {
  await withFolder(async (folder) => {
    await assertNoLeak(ROUNDS, "open and close", async (number) => {
      const source = await sources.createTestPattern({ ...pattern, frames: 3 });
      const path = join(folder, "leak.mp4");
      const writer = await targets.createFileWriter("h264", path, 30, { ...quick, overwrite: true });
      const hasFrames = number % 2 === 0;
      if (hasFrames) {
        source.attach(writer);
        await source.ended;
      }
      const { exists, stats } = await writer.close();
      assertLedger(stats.frames);
      assert.equal(stats.frames.written, hasFrames ? 3 : 0);
      if (hasFrames) assert.equal(exists, true);
      await source.close();
    });
  });
});

it("writers that are attached and detached leave nothing behind", async () => {
  await withFolder(async (folder) => {
    const source = await sources.createTestPattern(pattern);
    const writer = await targets.createFileWriter("h264", join(folder, "edges.mkv"), 30, quick);
    let attached = 0;
    source.addEventListener("attached", () => attached++);
    // While it is open, the writer's threads belong to it.
    const round = async (): Promise<void> => {
      source.attach(writer);
      // The end of the turn tells native code.
      await new Promise((resolve) => queueMicrotask(() => queueMicrotask(() => resolve(undefined))));
      await source.detach(writer);
    };
    for (let number = 0; number < EDGES / 5; number++) await round();
    const before = { files: openFiles(), threads: threads(), mib: nativeMiB() };
    for (let number = 0; number < EDGES; number++) await round();
    const now = { files: openFiles(), threads: threads(), mib: nativeMiB() };
    const { stats } = await writer.close();
    await source.close();
    await settle();
    console.log(
      `${EDGES} × attach and detach: files ${before.files} → ${now.files}, threads ${before.threads} → ${now.threads}, ` +
        `memory ${before.mib.toFixed(1)} → ${now.mib.toFixed(1)} MiB; ${JSON.stringify(stats.frames)}`,
    );
    assertLedger(stats.frames);
    assert.equal(attached, EDGES + EDGES / 5);
    assert.equal(now.files, before.files);
    assert.equal(now.threads, before.threads);
    assert.ok(now.mib - before.mib <= MAX_GROWTH_MIB, `${now.mib} MiB, ${before.mib} before`);
    assert.equal(threads("gg-"), 0);
  });
});

it("C18 pipelines with nodes, filters, requests and loops that are opened and closed leave nothing behind", async () => {
  class Editor extends ObservableObserver {
    override update(frame: Parameters<ObservableObserver["update"]>[0]): void {
      frame.data()[0] = 1;
    }
  }
  await withFolder(async (folder) => {
    await assertNoLeak(ROUNDS / 2, "open and close of a pipeline", async () => {
      const source = await sources.createTestPattern({ ...pattern, colour: "bgra", frames: 5 });
      const open = (name: string): ReturnType<typeof targets.createFileWriter> =>
        targets.createFileWriter("h264", join(folder, name), 30, { ...quick, overwrite: true });
      const writers = [await open("a.mp4"), await open("b.mp4")] as const;
      const [red, green] = [new Editor(), new Editor()];
      const filter = await createFilter("hflip");
      let frames = 0;
      source.attach(red);
      red.attach(writers[0]);
      red.attach(green);
      green.attach(filter);
      filter.attach(writers[1]);
      filter.attach(() => void (frames += 1), { colour: "rgba", width: 32 });
      green.attach(() => void (frames += 1), { rate: 10 });
      const loop = (async () => {
        for await (const _frame of source.frames({ policy: "latest" })) frames += 1;
      })();
      await source.ended;
      await loop;
      for (const writer of writers) {
        const { stats } = await writer.close();
        assertLedger(stats.frames);
        assert.equal(stats.frames.written, 5);
      }
      await filter.close();
      await source.close();
      assert.ok(frames >= 5 + 2 + 1, `${frames}`);
    });
  });
});
