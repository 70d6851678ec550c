/** Bar 4: random operations, inside and outside `update`, over the fake backend. */

import assert from "node:assert/strict";
import { env } from "node:process";
import { it } from "node:test";
import {
  type Emission,
  ObservableObserver,
  type TapStats,
  type TestPattern,
  type VideoFrame,
  VideoSourceFactory,
} from "../../../mod.ts";
import { useBackend } from "../../../src/native/context.ts";
import { FakeBackend } from "../../helpers/fake_backend.ts";
import { give, until } from "../../helpers/fake_frames.ts";
import { settled } from "../../helpers/fixture.ts";
import { assertConserved, assertLedger } from "../../helpers/ledger.ts";
import { Random } from "../../helpers/proof.ts";

const OPERATIONS = 10_000;

/** Knows whether it may be called, and runs an order once. */
class Subject extends ObservableObserver {
  /** Attachments that have not been detached or closed for certain. */
  attachments = 0;
  isInside = false;
  calls = 0;
  next: (frame: VideoFrame) => Emission | Promise<Emission> = () => {};

  override update(frame: VideoFrame): Emission | Promise<Emission> {
    assert(this.attachments > 0, "called after its detach was answered");
    assert(!this.isInside, "called while it has a frame");
    this.calls++;
    assert.equal(frame.data().length, 8);
    const { next } = this;
    this.next = () => {};
    const result = next(frame);
    if (!(result instanceof Promise)) return result;
    this.isInside = true;
    return result.finally(() => this.isInside = false);
  }
}

it("random operations leave no crash, no deadlock and no call after detach", async () => {
  const random = new Random(Number(env.GIFTGRAB_SEED ?? 20_260_101));
  console.log(`seed ${random.seed}`);
  const wrong: unknown[] = [];
  const backend = new FakeBackend();
  useBackend(backend);
  let handle = 0;
  const open = async (): Promise<TestPattern> => {
    const pacing = random.below(2) === 0 ? "asap" : "realtime";
    const source = await VideoSourceFactory.getInstance().createTestPattern({ pacing });
    source.addEventListener("error", ({ error }) => {
      if (error.message !== "on purpose") wrong.push(error);
    });
    handle = backend.lastHandle;
    return source;
  };
  let source = await open();
  const subjects = Array.from({ length: 6 }, () => new Subject());
  for (const subject of subjects) {
    subject.addEventListener("error", ({ error }) => {
      if (error.message !== "on purpose") wrong.push(error);
    });
  }
  type Parent = TestPattern | Subject;
  const parents = new Map<Subject, Set<Parent>>(subjects.map((subject) => [subject, new Set()]));
  const above = (subject: Subject): Set<Parent> => parents.get(subject) ?? new Set();
  const isBelow = (low: Subject, high: Subject): boolean =>
    low === high || [...above(low)].some((parent) => parent instanceof Subject && isBelow(parent, high));
  const pick = (): Subject => subjects[random.below(subjects.length)] as Subject;
  let sequence = 0;
  let leaving: Promise<void>[] = [];
  const leave = (parent: Parent, subject: Subject): void => {
    above(subject).delete(parent);
    leaving.push(parent.detach(subject).then(() => void subject.attachments--));
  };
  const statistics: TapStats[] = [];
  const operate = (): Emission | Promise<Emission> => {
    const subject = pick();
    const [parent] = above(subject);
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2: {
        const other = pick();
        const goal = random.below(3) > 0 || isBelow(other, subject) ? source : other;
        if (above(subject).has(goal)) return;
        above(subject).add(goal);
        subject.attachments++;
        goal.attach(subject, random.below(4) === 0 ? { policy: random.below(2) === 0 ? "latest" : "all" } : undefined);
        return;
      }
      case 3:
      case 4:
        if (parent !== undefined) leave(parent, subject);
        return;
      case 5:
        subject.next = () => {
          throw new Error("on purpose");
        };
        return;
      case 6:
        subject.next = () => Promise.reject(new Error("on purpose"));
        return;
      case 7:
        subject.next = () => settled();
        return;
      case 8:
        subject.next = (frame) => void frame.data().fill(random.below(200));
        return;
      case 9:
        subject.next = () => null;
        return;
      case 10:
        subject.next = (frame) => random.below(2) === 0 ? frame.clone() : settled().then(() => null);
        return;
      case 11:
        if (parent !== undefined && subject.calls > 0) statistics.push(parent.observerStats(subject));
    }
  };
  for (let done = 0; done < OPERATIONS; done++) {
    const inside = pick();
    if (random.below(2) === 0 && above(inside).size > 0) inside.next = operate;
    else await operate();
    if (random.below(3) === 0) give(backend, handle, sequence++ % 200);
    if (random.below(6) === 0) await settled();
    if (random.below(500) === 0) {
      if (random.below(2) === 0) {
        const hasObservers = backend.attachedTo(handle).length > 0;
        backend.end(handle);
        if (hasObservers) await source.ended;
      }
      const old = source;
      await old.close();
      for (const subject of subjects) if (above(subject).delete(old)) subject.attachments--;
      source = await open();
    }
  }
  for (const subject of subjects) for (const parent of [...above(subject)]) leave(parent, subject);
  await Promise.all(leaving);
  leaving = [];
  await source.close();
  await until(() => backend.taps.size === 0, "every tap is released");
  await settled();
  assert.deepEqual(wrong, []);
  assert.equal(backend.isParked, false);
  for (const { frames } of statistics) assertConserved(frames);
  for (const tap of backend.everyTap) assertConserved((tap.final as TapStats).frames);
  for (const subject of subjects) {
    for (const parent of [source, ...subjects]) {
      let stats: TapStats | undefined;
      try {
        stats = parent.observerStats(subject);
      } catch {
        // Never attached there.
      }
      if (stats !== undefined) assertLedger(stats.frames);
    }
  }
  const calls = subjects.reduce((sum, subject) => sum + subject.calls, 0);
  console.log(`${OPERATIONS} operations, ${calls} calls, ${backend.everyTap.length} taps`);
  assert(calls > 500);
});
