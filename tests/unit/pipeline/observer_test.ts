import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type AnyObserver,
  type FailureEvent,
  type FrameRequest,
  ObservableObserver,
  ObserverFailureEvent,
  type VideoFrame,
  VideoSourceFactory,
} from "../../../mod.ts";
import { give, numbers, sampleOf, until } from "../../helpers/fake_frames.ts";
import { fixture, settled } from "../../helpers/fixture.ts";
import { assertLedger } from "../../helpers/ledger.ts";
import { uncaughtIn } from "../../helpers/uncaught.ts";

/** Runs `use` while `performance.now()` only moves by calls of `advance`, in milliseconds. */
async function onManualClock(use: (advance: (ms: number) => void) => Promise<void>): Promise<void> {
  const { now } = performance;
  let ms = now.call(performance);
  performance.now = () => ms;
  try {
    await use((by) => ms += by);
  } finally {
    performance.now = now;
  }
}

/** Keeps the process alive until `promise` is settled, as the native side's parked call would. */
async function alive(promise: Promise<void>): Promise<void> {
  const timer = setInterval(() => {}, 1000);
  await promise.finally(() => clearInterval(timer));
}

describe("an observer of a source", () => {
  it("sees every frame in order, as a function or as an object", async () => {
    const { backend, source } = await fixture();
    const [seen, others]: [number[], unknown[]] = [[], []];
    source.attach((frame) => void seen.push(frame.sequence ?? -1));
    source.attach({ update: (frame: VideoFrame) => void others.push([frame.pts, frame.width, sampleOf(frame)]) });
    await settled();
    assert.deepEqual(backend.calls, ["attach 1 4", "attach 1 5", "start 1"]);
    assert.deepEqual(backend.everyTap[0]?.options, { colour: "i420" });
    give(backend, 1, 0, 1, 2);
    await until(() => others.length === 3);
    assert.deepEqual([seen, others], [[0, 1, 2], [[0, 2, 0], [1, 2, 1], [2, 2, 2]]]);
  });

  it("keeps its `this`", async () => {
    const { backend, source } = await fixture();
    class Counter {
      count = 0;
      update(): void {
        this.count++;
      }
    }
    const counter = new Counter();
    source.attach(counter);
    await settled();
    give(backend, 1, 0);
    await until(() => counter.count === 1);
  });

  it("is attached once, however often", async () => {
    const { backend, source } = await fixture();
    let calls = 0;
    const observer = (): void => void calls++;
    source.attach(observer);
    source.attach(observer, { colour: "rgba" });
    await settled();
    source.attach(observer);
    await settled();
    give(backend, 1, 0);
    await until(() => calls > 0);
    assert.deepEqual([calls, backend.everyTap.length], [1, 1]);
  });

  it("has its own buffer: an edit shows nowhere else, and a kept view ends", async () => {
    const { backend, source } = await fixture();
    const kept: Uint8Array[] = [];
    const frames: VideoFrame[] = [];
    const seen: unknown[] = [];
    source.attach((frame) => {
      kept.push(frame.data());
      frames.push(frame);
      frame.data().fill(99);
    });
    source.attach((frame) => void seen.push(sampleOf(frame)));
    await settled();
    give(backend, 1, 1, 2);
    await until(() => seen.length === 2 && kept.length === 2);
    await settled();
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(kept.map((view) => view.length), [0, 0]);
    for (const frame of frames) assert.throws(() => frame.data(), { code: "closed" });
  });

  it("may transfer its buffer away, and its frames may change their size", async () => {
    const { backend, source } = await fixture();
    const sizes: unknown[] = [];
    const taken: ArrayBuffer[] = [];
    source.attach((frame) => {
      const data = frame.data();
      sizes.push([frame.width, data.length, data.buffer.byteLength, data[0]]);
      taken.push(structuredClone(data.buffer as ArrayBuffer, { transfer: [data.buffer as ArrayBuffer] }));
    });
    await settled();
    const { headerOf, dataOf } = await import("../../helpers/fake_frames.ts");
    for (const [sequence, width] of [[1, 4], [2, 2], [3, 2], [4, 6]] as const) {
      backend.give(1, headerOf(sequence, width), dataOf(sequence, width));
    }
    await until(() => sizes.length === 4);
    assert.deepEqual(sizes, [[4, 16, 16, 1], [2, 8, 8, 2], [2, 8, 8, 3], [6, 24, 24, 4]]);
    assert.deepEqual(taken.map((buffer) => new Uint8Array(buffer)[0]), [1, 2, 3, 4]);
  });

  it("shows nothing of a larger frame in a smaller one", async () => {
    const { backend, source } = await fixture();
    const whole: number[][] = [];
    source.attach((frame) => void whole.push([...new Uint8Array(frame.data().buffer)]));
    await settled();
    const { headerOf, dataOf } = await import("../../helpers/fake_frames.ts");
    backend.give(1, headerOf(7, 4), dataOf(7, 4));
    backend.give(1, headerOf(8, 1), dataOf(8, 1));
    await until(() => whole.length === 2);
    assert.deepEqual(whole[1], [8, 8, 8, 8]);
  });

  it("gets its request natively", async () => {
    const { backend, source } = await fixture();
    source.attach(() => {}, { colour: "rgba", width: 32, height: 24, rate: 29.97, policy: "all", queue: 3 });
    source.attach(() => {}, { policy: "latest" });
    assert.deepEqual(backend.everyTap.map(({ options }) => options), [
      { colour: "rgba", width: 32, height: 24, rate: { num: 2997, den: 100 }, policy: "all", queue: 3 },
      { colour: "i420", policy: "latest" },
    ]);
    await settled();
  });

  it("is refused with a wrong request, by field", async () => {
    const { backend, source, writer } = await fixture();
    const wrong: readonly (readonly [field: string, request: unknown, name: string])[] = [
      ["request", null, "TypeError"],
      ["request", 5, "TypeError"],
      ["colour", { colour: "pink" }, "RangeError"],
      ["colour", { colour: 5 }, "TypeError"],
      ["width", { width: 0 }, "RangeError"],
      ["width", { width: 2.5 }, "RangeError"],
      ["height", { height: 16_385 }, "RangeError"],
      ["height", { height: "9" }, "TypeError"],
      ["rate", { rate: 0 }, "RangeError"],
      ["rate", { rate: "30" }, "TypeError"],
      ["policy", { policy: "some" }, "RangeError"],
      ["queue", { queue: 65 }, "RangeError"],
      ["queue", { queue: 0 }, "RangeError"],
      ["queue", { policy: "latest", queue: 2 }, "RangeError"],
      ["color", { color: "rgba" }, "TypeError"],
    ];
    for (const [field, request, name] of wrong) {
      assert.throws(() => source.attach(() => {}, request as FrameRequest), { name, field }, JSON.stringify(request));
      assert.throws(() => source.frames(request as FrameRequest), { name, field });
    }
    assert.throws(() => source.attach(writer, { width: 5 }), { name: "TypeError", field: "request" });
    assert.equal(backend.everyTap.length, 0);
  });

  it("must be one", async () => {
    const { source } = await fixture();
    for (const observer of [undefined, null, 5, "x", {}, { update: 5 }, Object.create(null), Symbol("x")]) {
      assert.throws(() => source.attach(observer as AnyObserver), { name: "TypeError", field: "observer" });
    }
    assert.throws(() => source.observerStats(() => {}), { name: "TypeError", field: "observer" });
    await source.detach({ update: () => {} });
  });

  it("is refused when no tap can be opened", async () => {
    const { backend, source } = await fixture();
    backend.refusals.set("tap", { code: "resource_exhausted", stage: "boundary", message: "Cannot open" });
    assert.throws(() => source.attach(() => {}), { name: "ObserverError", code: "resource_exhausted" });
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("that cannot be attached natively is reported by an event", async () => {
    const { backend, source } = await fixture();
    backend.refusals.set("attach", { code: "busy", stage: "hub", message: "Cannot attach: busy" });
    const seen: FailureEvent[] = [];
    source.addEventListener("error", (event) => seen.push(event));
    const observer = (): void => {};
    source.attach(observer);
    await assert.rejects(source.ended, { code: "busy" });
    assert(seen[0] instanceof ObserverFailureEvent);
    assert.equal(seen[0].observer, observer);
    assert.equal(backend.taps.size, 0);
  });
});

describe("detaching an observer", () => {
  it("ends its calls, inside and outside of one", async () => {
    const { backend, source } = await fixture();
    const seen: string[] = [];
    let parted: Promise<void> | undefined;
    const first = (frame: VideoFrame): void => {
      seen.push(`first ${frame.sequence}`);
      parted = source.detach(first);
      assert.equal(sampleOf(frame), frame.sequence);
    };
    const second = (frame: VideoFrame): void => void seen.push(`second ${frame.sequence}`);
    source.attach(first);
    source.attach(second);
    await settled();
    give(backend, 1, 0, 1);
    await until(() => seen.length === 3);
    await parted;
    await source.detach(second);
    give(backend, 1, 2);
    await settled();
    assert.deepEqual(seen.toSorted(), ["first 0", "second 0", "second 1"]);
    assert.deepEqual(backend.everyTap[0]?.outcomes, [1]);
    const { frames } = source.observerStats(first);
    assertLedger(frames);
    assert.deepEqual([frames.captured, frames.written, frames.dropped], [2, 1, 1]);
    assert.deepEqual(frames.drops, [{ reason: "closed", stage: "hub", frames: 1 }]);
    assert.equal(backend.taps.size, 0);
    assert.equal(backend.isParked, false);
  });

  it("asks natively before the handle goes", async () => {
    const { backend, source } = await fixture();
    const observer = (): void => {};
    source.attach(observer);
    await settled();
    await source.detach(observer);
    assert.deepEqual(backend.calls.slice(2), ["detach 1 4", "release 4"]);
  });

  it("does not wait for a promise, whose frame ends at once", async () => {
    const { backend, source } = await fixture();
    let view: Uint8Array | undefined;
    let calls = 0;
    const observer = (frame: VideoFrame): Promise<void> => {
      calls++;
      view = frame.data();
      return new Promise(() => {});
    };
    source.attach(observer);
    await settled();
    give(backend, 1, 0, 1);
    await until(() => calls === 1);
    assert.equal(view?.length, 8);
    const parted = source.detach(observer);
    assert.equal(view?.length, 0);
    await parted;
    assert.equal(calls, 1);
    assertLedger(source.observerStats(observer).frames);
    // It is never called before its promise is settled, not even from elsewhere.
    source.attach(observer);
    await settled();
    give(backend, 1, 2);
    await settled();
    assert.equal(calls, 1);
    await source.close();
    assert.equal(backend.isParked, false);
  });

  it("lets it be attached again, as a new observer", async () => {
    const { backend, source } = await fixture();
    const seen: number[] = [];
    const observer = (frame: VideoFrame): void => void seen.push(frame.sequence ?? -1);
    source.attach(observer);
    await settled();
    give(backend, 1, 0);
    await until(() => seen.length === 1);
    const parted = source.detach(observer);
    source.attach(observer, { width: 4 });
    await parted;
    await settled();
    give(backend, 1, 1);
    await until(() => seen.length === 2);
    assert.deepEqual(backend.calls.slice(2), ["detach 1 4", "release 4", "attach 1 5", "start 1"]);
  });

  it("in the turn of the attachment costs nothing natively", async () => {
    const { backend, source } = await fixture();
    const observer = (): void => {};
    source.attach(observer);
    await source.detach(observer);
    await settled();
    assert.deepEqual(backend.calls, ["release 4"]);
    assert.equal(backend.isParked, false);
  });

  it("rejects if native code refuses, and all the same ends the calls", async () => {
    const { backend, source } = await fixture();
    let calls = 0;
    const observer = (): void => void calls++;
    source.attach(observer);
    await settled();
    backend.refusals.set("detach", { code: "internal", stage: "hub", message: "Cannot detach: panic" });
    await assert.rejects(source.detach(observer), { name: "ObserverError" });
    give(backend, 1, 0);
    await settled();
    assert.equal(calls, 0);
  });
});

describe("the promise of an observer", () => {
  it("holds its frame and the next call", async () => {
    const { backend, source } = await fixture();
    const calls: { frame: VideoFrame; resolve: () => void }[] = [];
    source.attach((frame) => new Promise<void>((resolve) => calls.push({ frame, resolve })));
    await settled();
    give(backend, 1, 0, 1);
    await until(() => calls.length === 1);
    await settled();
    assert.equal(calls.length, 1);
    assert.equal(sampleOf(calls[0]?.frame as VideoFrame), 0);
    calls[0]?.resolve();
    await until(() => calls.length === 2);
    assert.throws(() => calls[0]?.frame.data(), { code: "closed" });
    assert.equal(sampleOf(calls[1]?.frame as VideoFrame), 1);
  });

  it("holds it also where it is attached to two sources", async () => {
    const { backend, source } = await fixture();
    const second = await VideoSourceFactory.getInstance().createTestPattern();
    let inside = 0;
    const seen: number[] = [];
    const observer = async (frame: VideoFrame): Promise<void> => {
      assert.equal(++inside, 1);
      await settled();
      seen.push(frame.sequence ?? -1);
      inside--;
    };
    source.attach(observer);
    second.attach(observer);
    await settled();
    give(backend, 1, 0, 1, 2);
    give(backend, 4, 10, 11, 12);
    await until(() => seen.length === 6);
    assert.deepEqual(seen.toSorted((a, b) => a - b), [0, 1, 2, 10, 11, 12]);
  });

  it("that is settled in microtasks starves no timer", async () => {
    await onManualClock(async (advance) => {
      const { backend, source } = await fixture();
      let calls = 0;
      source.attach(async () => {
        calls++;
        await Promise.resolve();
        advance(0.2);
      });
      await settled();
      give(backend, 1, ...numbers(200));
      const atTimer = await new Promise<number>((resolve) => setTimeout(() => resolve(calls), 0));
      assert(atTimer < 150, `${atTimer} calls before a timer`);
      await until(() => calls === 200);
    });
  });
});

describe("an observer that is slow", () => {
  it("starves no timer, and no other observer", async () => {
    await onManualClock(async (advance) => {
      const { backend, source } = await fixture();
      const counts = [0, 0, 0];
      for (const index of counts.keys()) {
        source.attach(() => {
          counts[index] = (counts[index] ?? 0) + 1;
          advance(0.5);
        });
      }
      await settled();
      give(backend, 1, ...numbers(100));
      const ticks: number[][] = [];
      while (counts.some((count) => count < 100)) {
        await settled();
        ticks.push([...counts]);
      }
      assert(ticks.length > 10, `${ticks.length} ticks`);
      for (const now of ticks) assert(Math.max(...now) - Math.min(...now) <= 30, JSON.stringify(ticks));
    });
  });
});

describe("an observer that fails", () => {
  for (
    const [how, fail] of [
      ["throws", () => {
        throw new Error("on purpose");
      }],
      ["rejects", () => Promise.reject(new Error("on purpose"))],
      ["rejects with what is no error", () => Promise.reject("on purpose")],
      ["gives a broken promise", () => ({
        get then(): never {
          throw new Error("on purpose");
        },
      })],
    ] as const
  ) {
    it(`${how} is named by an event and detached after 10 in a row; others see everything`, async () => {
      const { backend, source, writer } = await fixture();
      const events: ObserverFailureEvent[] = [];
      const gone: unknown[] = [];
      source.addEventListener("error", (event) => events.push(event as ObserverFailureEvent));
      source.addEventListener("detached", (event) => gone.push(event.observer));
      let calls = 0;
      let others = 0;
      const observer = (): unknown => {
        // A success in between begins the count anew.
        return calls++ === 4 ? undefined : fail();
      };
      source.attach(observer);
      source.attach(() => void others++);
      source.attach(writer);
      await settled();
      give(backend, 1, ...numbers(30));
      await until(() => others === 30 && gone.length === 1);
      assert.equal(calls, 15);
      assert(events.every((event) => event instanceof ObserverFailureEvent && event.observer === observer));
      assert.deepEqual(events.map(({ failures }) => failures), [1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      assert.match(events[0]?.error.message ?? "", /on purpose/);
      assert.deepEqual(gone, [observer]);
      const { frames } = source.observerStats(observer);
      assertLedger(frames);
      assert.deepEqual([frames.written, frames.failed], [1, 14]);
      backend.end(1);
      await source.ended;
      assert.equal(backend.isParked, false);
    });
  }

  it("does not mind a listener that throws", async () => {
    const { backend, source } = await fixture();
    source.addEventListener("error", () => {
      throw new Error("mine");
    });
    let calls = 0;
    source.attach(() => {
      if (calls++ === 0) throw new Error("on purpose");
    });
    await settled();
    const thrown = await uncaughtIn(async () => {
      give(backend, 1, 0, 1);
      await until(() => calls === 2);
    });
    assert.deepEqual(thrown.map(String), ["Error: mine"]);
  });

  it("may be detached by who listens to it", async () => {
    const { backend, source } = await fixture();
    let calls = 0;
    const observer = (): void => {
      calls++;
      throw new Error("on purpose");
    };
    source.addEventListener("error", () => void source.detach(observer));
    source.attach(observer);
    await settled();
    give(backend, 1, 0, 1, 2);
    await until(() => backend.taps.size === 0);
    assert.equal(calls, 1);
  });
});

describe("the end of a source with observers", () => {
  it("comes when they have seen all", async () => {
    const { backend, source } = await fixture();
    const order: string[] = [];
    const slow = async (frame: VideoFrame): Promise<void> => {
      await settled();
      order.push(`slow ${frame.sequence}`);
    };
    source.addEventListener("ended", () => order.push("event"));
    source.addEventListener("detached", ({ observer }) => order.push(observer === slow ? "slow left" : "fast left"));
    source.attach(slow);
    source.attach(() => {});
    await settled();
    give(backend, 1, 0, 1, 2);
    backend.end(1);
    await source.ended;
    order.push("promise");
    assert.deepEqual(order, ["fast left", "slow 0", "slow 1", "slow 2", "slow left", "event", "promise"]);
    assert.equal(backend.taps.size, 0);
    await settled();
    assert.equal(backend.isParked, false);
    const { frames } = source.observerStats(slow);
    assertLedger(frames);
    assert.equal(frames.written, 3);
  });

  it("is not held up by one that is detached", async () => {
    const { backend, source } = await fixture();
    const hanging = (): Promise<void> => new Promise(() => {});
    source.attach(hanging);
    await settled();
    give(backend, 1, 0, 1);
    backend.end(1);
    let hasEnded = false;
    source.ended.then(() => hasEnded = true);
    await settled();
    await settled();
    assert.equal(hasEnded, false);
    await source.detach(hanging);
    await source.ended;
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("is not held up by one that never settles: its patience ends, and it is detached with an error", async () => {
    const { backend, source } = await fixture();
    const hanging = (): Promise<void> => new Promise(() => {});
    const failures: unknown[] = [];
    source.addEventListener("error", ({ error }) => {
      failures.push([error.code, error.message]);
    });
    source.attach(hanging, { patienceSeconds: 1 });
    await settled();
    give(backend, 1, 0, 1);
    backend.end(1);
    await alive(source.ended);
    const message = "Cannot hand on frames to an observer: it has had one for 1 s without an end; " +
      "settle the promise of its update(), or raise patienceSeconds";
    assert.deepEqual(failures, [["timeout", message]]);
    const { frames } = source.observerStats(hanging);
    assertLedger(frames);
    assert.deepEqual([frames.failed, frames.dropped], [1, 1]);
    await settled();
    assert.deepEqual([backend.isParked, backend.taps.size], [false, 0]);
  });

  it("is not held up by one that never settles below a node, or that another source has", async () => {
    const { backend, source } = await fixture();
    const other = await VideoSourceFactory.getInstance().createTestPattern();
    const hanging = (): Promise<void> => new Promise(() => {});
    const failed = new Set<unknown>();
    const node = new ObservableObserver();
    source.addEventListener("error", () => failed.add(source));
    other.addEventListener("error", () => failed.add(other));
    node.addEventListener("error", () => failed.add(node));
    other.attach(hanging, { patienceSeconds: 1 });
    await settled();
    // Its handle is the next one.
    give(backend, 4, 0);
    await settled();
    source.attach(hanging);
    source.attach(node);
    node.attach(hanging);
    await settled();
    give(backend, 1, 0);
    backend.end(1);
    await alive(source.ended);
    assert.deepEqual(failed, new Set([other, source, node]));
  });

  it("is not held up by one that hangs in a frame of another source, from which it is detached", async () => {
    const { backend, source } = await fixture();
    const other = await VideoSourceFactory.getInstance().createTestPattern();
    const hanging = (): Promise<void> => new Promise(() => {});
    const codes: unknown[] = [];
    source.addEventListener("error", ({ error }) => codes.push(error.code));
    other.attach(hanging, { patienceSeconds: 1 });
    await settled();
    // Its handle is the next one.
    give(backend, 4, 0);
    await settled();
    await other.detach(hanging);
    source.attach(hanging, { patienceSeconds: 1 });
    await settled();
    give(backend, 1, 0);
    backend.end(1);
    await alive(source.ended);
    assert.deepEqual(codes, ["timeout"]);
  });

  it("is not held up by close() either", async () => {
    const { backend, source } = await fixture();
    let view: Uint8Array | undefined;
    source.attach((frame) => {
      view = frame.data();
      return new Promise(() => {});
    });
    await settled();
    give(backend, 1, 0, 1);
    await until(() => view !== undefined);
    await source.close();
    await source.ended;
    assert.equal(view?.length, 0);
    await settled();
    assert.deepEqual([backend.isParked, backend.taps.size], [false, 0]);
  });

  it("comes too when the source closes inside an update", async () => {
    const { backend, source } = await fixture();
    let calls = 0;
    source.attach(() => {
      calls++;
      source.close();
    });
    await settled();
    give(backend, 1, 0, 1);
    await source.ended;
    await settled();
    assert.deepEqual([calls, backend.taps.size, backend.isParked], [1, 0, false]);
  });

  it("reports the failure of the source, and observers see the frames before it", async () => {
    const { backend, source } = await fixture();
    const seen: number[] = [];
    source.attach((frame) => void seen.push(frame.sequence ?? -1));
    await settled();
    give(backend, 1, 0, 1);
    backend.emit(1, { type: "error", error: { code: "decode_failed", stage: "decode", message: "Cannot decode" } });
    backend.end(1);
    await assert.rejects(source.ended, { code: "decode_failed" });
    assert.deepEqual(seen, [0, 1]);
  });

  it("comes for others when a tap is broken", async () => {
    const { backend, source, writer } = await fixture();
    const seen: string[] = [];
    source.addEventListener("error", (event) => seen.push(event.error.message));
    source.attach(() => {});
    source.attach(writer);
    await settled();
    backend.refusals.set("exchange", { code: "internal", stage: "boundary", message: "poisoned" });
    give(backend, 1, 0);
    await until(() => seen.length > 0);
    backend.refusals.clear();
    assert.deepEqual(seen, ["poisoned"]);
    await until(() => backend.attachedTo(1).length === 1);
    backend.end(1);
    await source.ended;
    await settled();
    assert.equal(backend.isParked, false);
  });
});

describe("the sub-frame of a source", () => {
  it("is checked, set and reset", async () => {
    const { backend, source } = await fixture();
    assert.deepEqual(source.getFrameDimensions(), { width: 64, height: 48 });
    source.setSubFrame(16, 12, 32, 24);
    assert.deepEqual(source.getFrameDimensions(), { width: 32, height: 24 });
    source.getFullFrame();
    assert.deepEqual(source.getFrameDimensions(), { width: 64, height: 48 });
    assert.deepEqual(backend.calls, ["crop 1 16 12 32 24", "crop 1"]);
    const wrong: readonly (readonly [field: string, ...region: [unknown, unknown, unknown, unknown]])[] = [
      ["x", -1, 0, 1, 1],
      ["x", 64, 0, 1, 1],
      ["x", 0.5, 0, 1, 1],
      ["y", 0, 48, 1, 1],
      ["y", 0, NaN, 1, 1],
      ["width", 0, 0, 0, 1],
      ["width", 60, 0, 5, 1],
      ["height", 0, 47, 1, 2],
      ["height", 0, 0, 1, Infinity],
    ];
    for (const [field, ...region] of wrong) {
      assert.throws(() => source.setSubFrame(...region as [number, number, number, number]), {
        name: "RangeError",
        field,
        message: /^Cannot use \w+ \S+: in frames of 64x48 it must be /,
      });
    }
    assert.throws(() => source.setSubFrame("1" as unknown as number, 0, 1, 1), { name: "TypeError", field: "x" });
    await source.close();
    assert.throws(() => source.setSubFrame(0, 0, 1, 1), { name: "VideoSourceError", code: "closed" });
    assert.throws(() => source.getFullFrame(), { name: "VideoSourceError", code: "closed" });
  });
});
