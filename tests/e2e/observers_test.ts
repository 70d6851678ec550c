/** Bars 4 and 5: what an observer sees is its own, and whatever it does costs no recorded frame. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate, setTimeout as after } from "node:timers/promises";
import {
  ColourSpace,
  type FailureEvent,
  ObservableObserver,
  type Observer,
  ObserverFailureEvent,
  ObserverOverloadEvent,
  type TestPattern,
  type VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertConserved, assertLedger, droppedFor } from "../helpers/ledger.ts";
import { drawPattern } from "../helpers/pattern.ts";
import { threads } from "../helpers/process.ts";
import { isFullProof, Random } from "../helpers/proof.ts";
import { watchedSources } from "../helpers/watched.ts";

const sources = watchedSources;
const targets = VideoTargetFactory.getInstance();
const SIZE = { width: 160, height: 120 };

/** Asserts that a frame of the pattern has exactly the samples of its number. */
function assertDrawn(frame: VideoFrame, format: "yuv420p" | "bgra"): void {
  const drawn = drawPattern(format, SIZE, frame.sequence ?? NaN);
  // Comparing element by element would take longer than the test.
  assert.equal(Buffer.compare(frame.data(), drawn), 0, `frame ${frame.sequence} is not as it was drawn`);
}

describe("what an observer sees", () => {
  for (const [colour, format] of [["i420", "yuv420p"], ["bgra", "bgra"]] as const) {
    it(`is every frame in its order, to the sample, in ${colour}`, async () => {
      const source = await sources.createTestPattern({ ...SIZE, colour, pacing: "asap", frames: 60 });
      const seen: (number | undefined)[] = [];
      source.attach((frame) => {
        assert.deepEqual([frame.colour, frame.width, frame.height], [colour, SIZE.width, SIZE.height]);
        assert.deepEqual([frame.pts, frame.timeBase], [seen.length, { num: 1, den: 30 }]);
        seen.push(frame.sequence);
        assertDrawn(frame, format);
      });
      await source.ended;
      await source.close();
      assert.deepEqual(seen, Array.from({ length: 60 }, (_, index) => index));
    });
  }

  it("is gone when it returns: a view that was kept has length 0", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 10 });
    const kept: Uint8Array[] = [];
    const frames: VideoFrame[] = [];
    let copy: VideoFrame | undefined;
    source.attach((frame) => {
      kept.push(frame.data(), frame.data().subarray(5, 50), new Uint8Array(frame.data().buffer));
      frames.push(frame);
      copy ??= frame.clone();
    });
    await source.ended;
    await source.close();
    assert.deepEqual(kept.map((view) => view.length), kept.map(() => 0));
    for (const frame of frames) assert.throws(() => frame.data(), { code: "closed" });
    assert.ok(copy !== undefined && copy.sequence === 0);
    assertDrawn(copy, "yuv420p");
  });

  it("stays while its promise is pending, and no second frame comes meanwhile", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 20 });
    let inside = 0;
    let frames = 0;
    source.attach(async (frame) => {
      assert.equal(++inside, 1);
      await setImmediate();
      assertDrawn(frame, "yuv420p");
      await after(1);
      assertDrawn(frame, "yuv420p");
      inside -= 1;
      frames += 1;
    });
    await source.ended;
    await source.close();
    assert.equal(frames, 20);
  });

  it("is its own: edits and requests of others never show", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 90 });
    const counts = { editor: 0, plain: 0, small: 0, bgra: 0, slow: 0 };
    source.attach((frame) => {
      counts.editor += 1;
      assertDrawn(frame, "yuv420p");
      frame.data().fill(7);
    });
    source.attach((frame) => {
      counts.plain += 1;
      assertDrawn(frame, "yuv420p");
    });
    source.attach((frame) => {
      counts.small += 1;
      assert.deepEqual([frame.width, frame.height, frame.dataLength()], [40, 30, 40 * 30 * 4]);
      assert.equal(frame.colour, ColourSpace.RGBA);
    }, { width: 40, colour: ColourSpace.RGBA });
    source.attach((frame) => {
      counts.bgra += 1;
      assert.deepEqual([frame.colour, frame.width, frame.height], ["bgra", SIZE.width, SIZE.height]);
      frame.data().fill(9);
    }, { colour: ColourSpace.BGRA });
    source.attach((frame) => {
      counts.slow += 1;
      assert.equal((frame.sequence ?? NaN) % 3, 0);
    }, { rate: 10 });
    await source.ended;
    await source.close();
    assert.deepEqual(counts, { editor: 90, plain: 90, small: 90, bgra: 90, slow: 30 });
  });

  it("can be given away: a buffer that was transferred is replaced", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 12 });
    const taken: ArrayBuffer[] = [];
    source.attach((frame) => {
      assertDrawn(frame, "yuv420p");
      const { buffer } = frame.data();
      taken.push(structuredClone(buffer as ArrayBuffer, { transfer: [buffer as ArrayBuffer] }));
    });
    await source.ended;
    await source.close();
    assert.equal(taken.length, 12);
    taken.forEach((buffer, index) => {
      const drawn = drawPattern("yuv420p", SIZE, index);
      assert.equal(Buffer.compare(new Uint8Array(buffer, 0, drawn.length), drawn), 0, `frame ${index}`);
    });
  });

  it("is only the newest frame where that was asked for, and every frame is counted", async () => {
    const source = await sources.createTestPattern({ ...SIZE, frameRate: 100, frames: 100 });
    const seen: number[] = [];
    const observer = async (frame: VideoFrame): Promise<void> => {
      seen.push(frame.sequence ?? NaN);
      await after(95);
    };
    let stats: ReturnType<TestPattern["observerStats"]> | undefined;
    source.addEventListener("detached", () => stats = source.observerStats(observer));
    source.attach(observer, { policy: "latest" });
    const figures = setTimeout(() => stats = source.observerStats(observer), 900);
    await source.ended;
    clearTimeout(figures);
    await source.close();
    assert.ok(seen.length >= 9 && seen.length <= 13, `${seen}`);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.ok(stats !== undefined);
    assertConserved(stats.frames);
    assert.ok(droppedFor(stats.frames, "superseded") >= 70, JSON.stringify(stats.frames));
  });
});

/** For observers that fail on purpose. */
const unwatched = VideoSourceFactory.getInstance();

/** An observer that misbehaves, and what it costs. */
interface Trouble {
  readonly name: string;
  readonly update: Observer["update"];
  /** Whether it fails, so that an event names it. */
  readonly fails: boolean;
}

const TROUBLES: readonly Trouble[] = [
  {
    name: "throws",
    update: () => {
      throw new Error("on purpose");
    },
    fails: true,
  },
  { name: "rejects", update: () => Promise.reject(new Error("on purpose")), fails: true },
  { name: "never returns its promise", update: () => new Promise(() => {}), fails: false },
  {
    name: "blocks for 300 ms per frame",
    update: () => {
      const until = performance.now() + 300;
      while (performance.now() < until);
    },
    fails: false,
  },
];

describe("an observer that", () => {
  for (const { name, update, fails } of TROUBLES) {
    it(`${name} costs a native writer no frame`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, "out.mp4");
        const frames = isFullProof ? 300 : 90;
        const source = await unwatched.createTestPattern({ width: 320, height: 240, frames });
        const writer = await targets.createFileWriter("h264", path, 30);
        const observer: Observer = { update };
        const failures: ObserverFailureEvent[] = [];
        source.addEventListener("error", (event: FailureEvent) => {
          assert.ok(event instanceof ObserverFailureEvent, "the source itself failed");
          failures.push(event);
        });
        const gone: unknown[] = [];
        const overloads: unknown[] = [];
        source.addEventListener("overload", (event) => overloads.push(event));
        source.addEventListener("detached", (event) => gone.push(event.observer));
        source.attach(observer);
        source.attach(writer);
        await captured(source, frames);
        const stats = gone.includes(observer) ? undefined : source.observerStats(observer);
        await source.detach(observer);
        await source.ended;
        const report = await writer.close();
        await source.close();
        assertLedger(report.stats.frames);
        assert.equal(report.stats.frames.written, frames);
        assert.deepEqual(await decodeIndices(path), Array.from({ length: frames }, (_, index) => index));
        if (stats !== undefined) assertConserved(stats.frames);
        if (fails) {
          assert.equal(failures.length, 10, "it is detached after ten failures in a row");
          assert.ok(failures.every((event) => event.observer === observer));
          assert.match(failures[0]?.error.message ?? "", /on purpose/);
          assert.ok(gone.includes(observer));
        } else {
          assert.equal(failures.length, 0);
          assert.ok(overloads.length > 0, "nobody was told that it does not keep up");
          assert.ok(overloads.every((event) => event instanceof ObserverOverloadEvent && event.observer === observer));
        }
      });
    });
  }
});

/** Waits until the source has captured so many frames: a pending observer would hold its end back. */
async function captured(source: TestPattern, frames: number): Promise<void> {
  while (source.stats().captured < frames) await after(20);
}

/** Counts its updates, does what it is told, and knows whether it may be called. */
class Subject extends ObservableObserver {
  mayBeCalled = false;
  isInside = false;
  calls = 0;
  readonly violations: string[] = [];
  next: () => void | Promise<void> = () => {};

  override update(frame: VideoFrame): void | Promise<void> {
    // What is thrown here would only be counted.
    if (!this.mayBeCalled) this.violations.push("called after its detach was answered");
    if (this.isInside) this.violations.push("called while its promise is pending");
    this.calls += 1;
    const first = frame.data()[0];
    frame.data()[0] = 255 - (first ?? 0);
    const { next } = this;
    this.next = () => {};
    const result = next();
    if (!(result instanceof Promise)) return;
    this.isInside = true;
    return result.finally(() => this.isInside = false);
  }
}

it("random operations leave no crash, no deadlock and no call after detach", async () => {
  const operations = isFullProof ? 10_000 : 1500;
  const random = new Random();
  console.log(`seed ${random.seed}`);
  const open = (): Promise<TestPattern> =>
    unwatched.createTestPattern({
      width: 32,
      height: 32,
      pacing: random.below(2) === 0 ? "asap" : "realtime",
      frameRate: 500,
    });
  let source = await open();
  const subjects = Array.from({ length: 6 }, () => new Subject());
  const parents = new Map<Subject, TestPattern | Subject>();
  let leaving: Promise<unknown>[] = [];
  const isBelow = (child: Subject, node: Subject): boolean => {
    const parent = parents.get(node);
    return node === child || (parent instanceof Subject && isBelow(child, parent));
  };
  const operate = (): void => {
    const subject = subjects[random.below(subjects.length)];
    if (subject === undefined) return;
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2: {
        if (parents.has(subject)) return;
        const above = subjects[random.below(subjects.length)];
        const parent = random.below(3) > 0 || above === undefined || isBelow(subject, above) ? source : above;
        parents.set(subject, parent);
        subject.mayBeCalled = true;
        parent.attach(subject, random.below(4) === 0 ? { width: 16, policy: "latest" } : undefined);
        return;
      }
      case 3:
      case 4: {
        const parent = parents.get(subject);
        if (parent === undefined) return;
        parents.delete(subject);
        leaving.push(
          parent.detach(subject).then(() => {
            if (!parents.has(subject)) subject.mayBeCalled = false;
          }),
        );
        return;
      }
      case 5:
        subject.next = () => {
          throw new Error("on purpose");
        };
        return;
      case 6:
        subject.next = () => Promise.reject(new Error("on purpose"));
        return;
      case 7:
        subject.next = () => after(random.below(3)).then(() => {});
    }
  };
  const calls = (): number => subjects.reduce((sum, subject) => sum + subject.calls, 0);
  /** Gives the frames a turn, which a busy machine would not; who has thrown may never be called again. */
  const called = async (): Promise<void> => {
    const before = calls();
    for (let left = 20; parents.size > 0 && calls() === before && left > 0; left--) await after(1);
  };
  for (let done = 0; done < operations; done++) {
    const inside = subjects[random.below(subjects.length)];
    if (random.below(2) === 0 && inside !== undefined && parents.has(inside)) inside.next = operate;
    else operate();
    if (random.below(5) === 0) await setImmediate();
    if (random.below(4) === 0) await called();
    if (random.below(400) === 0) {
      await source.close();
      for (const [subject, parent] of [...parents]) if (parent === source) parents.delete(subject);
      source = await open();
    }
    if (leaving.length > 100) {
      await Promise.all(leaving);
      leaving = [];
    }
  }
  await Promise.all(leaving);
  await source.close();
  for (let left = 200; threads("gg-") > 0 && left > 0; left--) await after(10);
  assert.equal(threads("gg-"), 0);
  assert.deepEqual(subjects.flatMap(({ violations }) => violations), []);
  assert.ok(calls() > operations / 10, `${calls()} calls are no proof`);
  console.log(`${operations} operations, ${calls()} calls`);
});
