/** Ends that come together, and ends that nobody asked for. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFilter, type Filter, ObservableObserver, type VideoFrame, VideoSourceFactory } from "../../../mod.ts";
import type { FakeBackend } from "../../helpers/fake_backend.ts";
import { give, numbers, until } from "../../helpers/fake_frames.ts";
import { fixture, settled } from "../../helpers/fixture.ts";

/** Whether the promise is settled now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isDone = false;
  const note = (): void => void (isDone = true);
  promise.then(note, note);
  await settled();
  await settled();
  return isDone;
}

/** Loops over the frames; resolves with how many there were. */
async function countIn(frames: AsyncIterable<VideoFrame>): Promise<number> {
  let count = 0;
  for await (const _ of frames) count++;
  return count;
}

/** The names of the events of `target`, in order. */
function eventsOf(target: EventTarget): string[] {
  const seen: string[] = [];
  for (const type of ["attached", "detached", "error", "ended", "closed"]) {
    target.addEventListener(type, () => seen.push(type));
  }
  return seen;
}

const closes = (backend: FakeBackend): string[] => backend.calls.filter((call) => call.startsWith("close"));

const lost = { code: "internal", stage: "boundary", message: "lost" } as const;

describe("a filter, handle 4, and its writer, handle 2", () => {
  const chained = async () => {
    const fixed = await fixture();
    const filter = await createFilter("hflip");
    fixed.source.attach(filter);
    filter.attach(fixed.writer);
    await settled();
    fixed.backend.answers = false;
    return { ...fixed, filter };
  };

  const finish = (backend: FakeBackend): void => {
    backend.endFilter(4, { type: "closed" });
    backend.emit(2, { type: "closed", report: backend.report(2) });
  };

  it("that are closed together lose no frame that waits in the filter", async () => {
    const { backend, filter, writer } = await chained();
    const closed = Promise.all([filter.close(), writer.close()]);
    assert.equal(await isSettled(closed), false);
    assert.deepEqual(closes(backend), ["close 4"], "the writer stays open until the filter has handed on its frames");
    backend.endFilter(4, { type: "closed" });
    await until(() => closes(backend).includes("close 2"));
    backend.emit(2, { type: "closed", report: backend.report(2) });
    await closed;
  });

  it("lose no frame either if the source and the writer are closed together", async () => {
    const { backend, source, filter, writer } = await chained();
    const closed = Promise.all([source.close(), writer.close()]);
    assert.equal(await isSettled(closed), false);
    assert.deepEqual(closes(backend), ["close 1"]);
    backend.emit(1, { type: "detached", target: 4 }, { type: "closed" });
    await until(() => closes(backend).includes("close 4"));
    assert(!closes(backend).includes("close 2"));
    finish(backend);
    await Promise.all([closed, filter.close()]);
  });

  it("lose no frame either if the source ends or is closed just before", async () => {
    for (const end of ["ended", "closed"] as const) {
      const { backend, source, filter, writer } = await chained();
      if (end === "ended") {
        backend.end(1);
      } else {
        const closed = source.close();
        backend.emit(1, { type: "closed" });
        await closed;
      }
      await settled();
      assert.deepEqual(closes(backend).at(-1), "close 4", "the filter is closed with its source");
      const closed = writer.close();
      assert.equal(await isSettled(closed), false);
      assert(!backend.calls.includes("detach 4 2"), "the filter still hands on its rest");
      assert(!backend.calls.includes("close 2"));
      finish(backend);
      await Promise.all([closed, filter.close()]);
    }
  });
});

describe("a source that is being closed", () => {
  it("has not let go of a writer before it is closed", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.answers = false;
    const closed = source.close();
    const parted = source.detach(writer);
    assert.equal(await isSettled(parted), false);
    backend.emit(1, { type: "closed" });
    await Promise.all([parted, closed]);
    const second = await VideoSourceFactory.getInstance().createTestPattern();
    second.attach(writer);
  });

  it("ends loops over a filter below it, and below a node below it", async () => {
    for (const isBelowNode of [false, true]) {
      const { backend, source } = await fixture();
      const filter: Filter = await createFilter("hflip");
      const node = new ObservableObserver();
      if (isBelowNode) {
        source.attach(node);
        node.attach(filter);
      } else {
        source.attach(filter);
      }
      const loop = countIn(filter.frames());
      await settled();
      await source.close();
      assert.equal(await loop, 0);
      await filter.close();
      await settled();
      assert.equal(backend.isParked, false);
    }
  });

  it("leaves an observer with a request attached to its node, though a frame waited for room", async () => {
    const { backend } = await fixture();
    const source = await VideoSourceFactory.getInstance().createTestPattern({ pacing: "asap" });
    const node = new ObservableObserver();
    const seen = eventsOf(node);
    let calls = 0;
    source.attach(node);
    node.attach(() => {
      calls++;
      return new Promise(() => {});
    }, { queue: 1 });
    await settled();
    give(backend, 4, ...numbers(6));
    await until(() => calls === 1);
    for (let turn = 0; turn < 5; turn++) await settled();
    await source.close();
    for (let turn = 0; turn < 5; turn++) await settled();
    assert.deepEqual(seen, ["attached"]);
  });
});

describe("a source that has ended", () => {
  it("ends a loop that is begun after it", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.end(1);
    await source.ended;
    const loop = countIn(source.frames());
    await settled();
    assert.equal(backend.isParked, true, "the answer is awaited");
    backend.emit(1, { type: "detached", target: backend.lastHandle });
    assert.equal(await loop, 0);
    await settled();
    assert.equal(backend.isParked, false);
  });
});

describe("`ended` of a source", () => {
  it("rejects when its only observer is detached for its failures", async () => {
    const { backend, source } = await fixture();
    source.attach(() => {
      throw new Error("on purpose");
    });
    await settled();
    give(backend, 1, ...numbers(12));
    await assert.rejects(source.ended, { message: "on purpose" });
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("does not while another observer makes it run", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    source.attach(() => {
      throw new Error("on purpose");
    });
    const seen = eventsOf(source);
    await settled();
    give(backend, 1, ...numbers(12));
    await until(() => seen.includes("detached"));
    assert.equal(await isSettled(source.ended), false);
    backend.end(1);
    await source.ended;
  });

  it("comes with the event when it cannot start, and a loop throws the error", async () => {
    const { backend, source } = await fixture();
    backend.refusals.set("start", { code: "resource_exhausted", stage: "source", message: "Cannot start" });
    const seen = eventsOf(source);
    const loop = countIn(source.frames());
    await assert.rejects(source.ended, { name: "VideoSourceError", code: "resource_exhausted" });
    await assert.rejects(loop, { code: "resource_exhausted" });
    await settled();
    assert.deepEqual(seen, ["error", "ended", "detached"]);
    assert.equal(backend.isParked, false);
  });
});

describe("a loop", () => {
  it("throws when its attachment is refused", async () => {
    const { backend, source } = await fixture();
    backend.refusals.set("attach", { code: "busy", stage: "hub", message: "Cannot attach: busy" });
    await assert.rejects(countIn(source.frames()), { name: "ObserverError", code: "busy" });
  });

  it("throws when its tap is lost", async () => {
    const { backend, source } = await fixture();
    const loop = countIn(source.frames());
    await settled();
    backend.refusals.set("exchange", lost);
    give(backend, 1, 0);
    await assert.rejects(loop, { message: "lost" });
  });

  it("throws when its tap is lost at the end of the frames", async () => {
    const { backend, source } = await fixture();
    const loop = countIn(source.frames());
    await settled();
    backend.end(1);
    backend.refusals.set("exchange", lost);
    await assert.rejects(loop, { message: "lost" });
  });

  it("over a node throws when the node refuses it frame after frame", async () => {
    const { backend, source } = await fixture();
    const node = new ObservableObserver();
    source.attach(node);
    await settled();
    const loop = countIn(node.frames({ colour: "bgra" }));
    backend.refusals.set("tap", { code: "resource_exhausted", stage: "boundary", message: "too many" });
    give(backend, 1, ...numbers(12));
    await assert.rejects(loop, { code: "resource_exhausted" });
  });

  it("over a node throws when the node itself is detached for its failures", async () => {
    const { backend, source } = await fixture();
    class Broken extends ObservableObserver {
      override update(): void {
        throw new Error("on purpose");
      }
    }
    const node = new Broken();
    const loop = countIn(node.frames());
    source.attach(node);
    await settled();
    give(backend, 1, ...numbers(12));
    await assert.rejects(loop, { message: "on purpose" });
  });
});

describe("an observer of a node", () => {
  it("that leaves before it has seen a frame counts that as dropped, not as seen", async () => {
    const { backend, source } = await fixture();
    const node = new ObservableObserver();
    let calls = 0;
    const observer = (): Promise<void> => {
      calls++;
      return new Promise(() => {});
    };
    source.attach(observer);
    source.attach(node);
    node.attach(observer);
    await settled();
    give(backend, 1, 0);
    await until(() => calls === 1);
    for (let turn = 0; turn < 5; turn++) await settled();
    assert.equal(node.observerStats(observer).frames.inFlight, 1);
    await node.detach(observer);
    const { frames } = node.observerStats(observer);
    assert.deepEqual([frames.written, frames.dropped, frames.inFlight, calls], [0, 1, 0, 1]);
    assert.deepEqual(frames.drops, [{ reason: "closed", stage: "hub", frames: 1 }]);
  });

  it("with a request keeps its counts when its node is attached anew", async () => {
    const { backend, source } = await fixture();
    const node = new ObservableObserver();
    let calls = 0;
    const observer = (): void => void calls++;
    node.attach(observer, { colour: "bgra" });
    for (const round of [1, 2]) {
      source.attach(node);
      await settled();
      give(backend, 1, 0, 1);
      await until(() => calls === 2 * round);
      await source.detach(node);
      for (let turn = 0; turn < 5; turn++) await settled();
    }
    const { captured, written, inFlight } = node.observerStats(observer).frames;
    assert.deepEqual([captured, written, inFlight], [4, 4, 0]);
  });

  it("that is detached twice at once is gone when either call says so", async () => {
    const { backend } = await fixture();
    const source = await VideoSourceFactory.getInstance().createTestPattern({ pacing: "asap" });
    const node = new ObservableObserver();
    const filter = await createFilter("hflip");
    source.attach(node);
    node.attach(filter);
    backend.room.set(5, 0);
    await settled();
    give(backend, 4, 0);
    for (let turn = 0; turn < 5; turn++) await settled();
    const [first, second] = [node.detach(filter), node.detach(filter)];
    assert.deepEqual([await isSettled(first), await isSettled(second)], [false, false]);
    backend.makeRoom(5);
    await Promise.all([first, second]);
  });
});

describe("a node on two sources", () => {
  for (const end of ["ended", "closed"] as const) {
    it(`goes on handing on the second one's frames when the first one is ${end}`, async () => {
      const { backend, source } = await fixture();
      const second = await VideoSourceFactory.getInstance().createTestPattern();
      const filter = await createFilter("hflip");
      const [above, below] = [new ObservableObserver(), new ObservableObserver()];
      for (const one of [source, second]) one.attach(above);
      above.attach(below);
      below.attach(filter);
      const loop = countIn(below.frames());
      await settled();
      give(backend, 1, 0);
      give(backend, 4, 0);
      if (end === "closed") await source.close();
      else backend.end(1);
      await source.ended;
      assert.deepEqual(closes(backend), end === "closed" ? ["close 1"] : []);
      give(backend, 4, 1);
      await settled();
      backend.end(4);
      await until(() => closes(backend).includes("close 5"));
      assert(await loop >= 2);
      await Promise.all([second.ended, filter.close()]);
    });
  }
});

describe("a node below two nodes", () => {
  it("ends with the one that still gets frames", async () => {
    const { backend, source } = await fixture();
    const second = await VideoSourceFactory.getInstance().createTestPattern();
    const [first, other, below] = [new ObservableObserver(), new ObservableObserver(), new ObservableObserver()];
    source.attach(first);
    second.attach(other);
    first.attach(below);
    other.attach(below, { colour: "bgra" });
    const loop = countIn(below.frames());
    await settled();
    await source.detach(first);
    assert.equal(await isSettled(loop), false);
    give(backend, 4, 0);
    await settled();
    backend.end(4);
    assert.equal(await loop, 1);
    await second.ended;
  });
});

describe("a writer", () => {
  it("is closed though its source never answers the detachment", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.answers = false;
    const closed = writer.close();
    await until(() => backend.calls.includes("close 2"));
    assert.deepEqual(backend.calls.slice(2), ["detach 1 2", "close 2"]);
    backend.emit(2, { type: "closed", report: backend.report(2) });
    assert.equal((await closed).exists, true);
    assert.equal(source.observerStats(writer).frames.captured, 0);
  });
});

describe("a handle that is lost", () => {
  it("of a source dispatches error, ended and closed", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    const seen = eventsOf(source);
    source.addEventListener("error", () => void source.close());
    backend.refusals.set("events", lost);
    backend.emit(1, { type: "ended" });
    await assert.rejects(source.ended, { message: "lost" });
    assert.deepEqual(seen, ["detached", "error", "ended", "closed"]);
  });

  it("of a filter dispatches error and closed, and a loop over it throws", async () => {
    const { backend, source } = await fixture();
    const filter = await createFilter("hflip");
    source.attach(filter);
    const loop = countIn(filter.frames());
    await settled();
    const seen = eventsOf(filter);
    backend.refusals.set("events", lost);
    backend.emit(4, { type: "ended" });
    await assert.rejects(loop, { name: "ObserverError", message: "lost" });
    assert.deepEqual(seen, ["detached", "error", "closed"]);
  });

  it("of a writer dispatches error and closed", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    const seen = eventsOf(writer);
    backend.refusals.set("events", lost);
    backend.emit(2, { type: "disklow", freeBytes: 1 });
    await assert.rejects(writer.close(), { name: "VideoTargetError", message: "lost" });
    assert.deepEqual(seen, ["error", "closed"]);
  });
});
