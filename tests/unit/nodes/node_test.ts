import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createFilter,
  type Emission,
  ObservableObserver,
  type ObserverFailureEvent,
  VideoFrame,
  VideoSourceFactory,
} from "../../../mod.ts";
import { HEADER, OVERFLOW_POLICY } from "../../../src/generated/contract.ts";
import type { FakeBackend } from "../../helpers/fake_backend.ts";
import { give, headerOf, numbers, sampleOf, until } from "../../helpers/fake_frames.ts";
import { fixture, settled } from "../../helpers/fixture.ts";
import { assertLedger } from "../../helpers/ledger.ts";
import { uncaughtIn } from "../../helpers/uncaught.ts";

/** A node that runs a given function on each frame. */
class Node extends ObservableObserver {
  readonly #edit: (frame: VideoFrame) => Emission | Promise<Emission>;

  constructor(edit: (frame: VideoFrame) => Emission | Promise<Emission> = () => {}) {
    super();
    this.#edit = edit;
  }

  override update(frame: VideoFrame): Emission | Promise<Emission> {
    return this.#edit(frame);
  }
}

/** A frame of the node's own. */
function made(value: number): VideoFrame {
  const frame = new VideoFrame("bgra", 2, 1);
  frame.data().fill(value);
  return frame;
}

const asap = (): ReturnType<VideoSourceFactory["createTestPattern"]> =>
  VideoSourceFactory.getInstance().createTestPattern({ pacing: "asap" });

/** Numbers and first samples of the frames that a writer got. */
function written(backend: FakeBackend, target: number): number[][] {
  return (backend.appended.get(target) ?? []).map(({ header, data }) => [header[HEADER.sequence] ?? -1, data[0] ?? -1]);
}

describe("a node", () => {
  it("hands its edits down and never sideways, depth first, in attach order", async () => {
    const { backend, source, writer, other } = await fixture();
    const order: string[] = [];
    const note = (name: string, edit = 0) => (frame: VideoFrame): void => {
      order.push(`${name}${frame.sequence}=${sampleOf(frame)}`);
      if (edit > 0) frame.data().fill(edit);
    };
    const above = new Node(note("above", 50));
    const below = new Node(note("below", 60));
    source.attach(above);
    source.attach(note("sibling"));
    above.attach(note("a", 70));
    above.attach(below);
    above.attach(writer);
    below.attach(note("b", 80));
    below.attach(other);
    above.attach(note("c", 90));
    await settled();
    give(backend, 1, 0, 1);
    await until(() => order.length === 12);
    const first = order.filter((line) => /^(above|a|below|b|c)\d/.test(line));
    assert.deepEqual(first.slice(0, 5), ["above0=0", "a0=50", "below0=50", "b0=60", "c0=50"]);
    assert.deepEqual(first.slice(5), ["above1=1", "a1=50", "below1=50", "b1=60", "c1=50"]);
    assert.deepEqual(order.filter((line) => line.startsWith("sibling")), ["sibling0=0", "sibling1=1"]);
    assert.deepEqual([written(backend, 2), written(backend, 3)], [[[0, 50], [1, 50]], [[0, 60], [1, 60]]]);
  });

  it("passes everything on by default", async () => {
    const { backend, source } = await fixture();
    const node = new ObservableObserver();
    const seen: unknown[] = [];
    source.attach(node);
    node.attach((frame) => void seen.push([frame.sequence, sampleOf(frame)]));
    await settled();
    give(backend, 1, 3);
    await until(() => seen.length === 1);
    assert.deepEqual(seen, [[3, 3]]);
  });

  it("ends every view when it is done, and its children's when they are", async () => {
    const { backend, source } = await fixture();
    const views: Uint8Array[] = [];
    const node = new Node((frame) => void views.push(frame.data()));
    source.attach(node);
    for (let child = 0; child < 3; child++) {
      node.attach((frame) => {
        assert.equal(views[0]?.length, 0);
        assert.equal(frame.data().length, 8);
        views.push(frame.data());
      });
    }
    await settled();
    give(backend, 1, 0);
    await until(() => views.length === 4);
    await settled();
    assert.deepEqual(views.map((view) => view.length), [0, 0, 0, 0]);
  });

  it("emits another frame, which gets the time of the one it saw, or none", async () => {
    const { backend, source, writer } = await fixture();
    const own = made(42);
    const seen: unknown[] = [];
    const node = new Node((frame) => (frame.sequence ?? 0) % 2 === 0 ? own : null);
    source.attach(node);
    for (let child = 0; child < 2; child++) {
      node.attach((frame) => {
        seen.push([frame.sequence, frame.pts, frame.timeBase, frame.captureTime, sampleOf(frame)]);
        frame.data().fill(7);
      });
    }
    node.attach(writer);
    await settled();
    give(backend, 1, 0, 1, 2);
    await until(() => seen.length === 4);
    const time = { num: 1, den: 25 };
    assert.deepEqual(seen, [
      [0, 0, time, 1000, 42],
      [0, 0, time, 1000, 42],
      [2, 2, time, 1080, 42],
      [2, 2, time, 1080, 42],
    ]);
    assert.equal(sampleOf(own), 42);
    assert.deepEqual(written(backend, 2), [[0, 42], [2, 42]]);
  });

  it("emits what its promise gives", async () => {
    const { backend, source } = await fixture();
    const seen: unknown[] = [];
    const node = new Node(async (frame) => {
      await settled();
      frame.data().fill(9);
      if (frame.sequence === 1) return null;
      return frame.sequence === 2 ? made(5) : undefined;
    });
    source.attach(node);
    node.attach((frame) => void seen.push([frame.sequence, sampleOf(frame)]));
    await settled();
    give(backend, 1, 0, 1, 2);
    backend.end(1);
    await source.ended;
    assert.deepEqual(seen, [[0, 9], [2, 5]]);
  });

  it("fails when it emits what is no frame, or a frame that has ended", async () => {
    const { backend, source } = await fixture();
    const failures: string[] = [];
    source.addEventListener("error", ({ error }) => failures.push(`${error.name}: ${error.message}`));
    const kept: VideoFrame[] = [];
    const node = new Node((frame) => {
      kept.push(frame);
      if (frame.sequence === 0) return "frame" as unknown as VideoFrame;
      if (frame.sequence === 1) return kept[0];
      if (frame.sequence === 2) frame.close();
      if (frame.sequence === 3) {
        structuredClone(frame.data().buffer, { transfer: [frame.data().buffer as ArrayBuffer] });
      }
      return undefined;
    });
    let calls = 0;
    source.attach(node);
    node.attach(() => void calls++);
    await settled();
    give(backend, 1, 0, 1, 2, 3, 4);
    await until(() => calls === 1);
    assert.equal(failures.length, 4);
    assert.match(failures[0] ?? "", /^TypeError: Cannot hand on frame: /);
    for (const message of failures.slice(1)) assert.match(message, /^GiftGrabError: Cannot /);
  });

  it("takes the next frame when all below it are done", async () => {
    const { backend, source } = await fixture();
    const release: (() => void)[] = [];
    let frames = 0;
    const node = new Node(() => void frames++);
    source.attach(node);
    node.attach(() => new Promise<void>((resolve) => release.push(resolve)));
    node.attach(() => new Promise<void>((resolve) => release.push(resolve)));
    await settled();
    give(backend, 1, 0, 1);
    await until(() => release.length === 2);
    await settled();
    assert.equal(frames, 1);
    release.splice(0).forEach((resolve) => resolve());
    await until(() => release.length === 2);
    assert.equal(frames, 2);
  });

  it("cannot lead to itself", async () => {
    const { source } = await fixture();
    const [a, b, c] = [new Node(), new Node(), new Node()];
    a.attach(b);
    b.attach(c);
    for (const observable of [a, b, c]) {
      assert.throws(() => observable.attach(a), { name: "TypeError", field: "observer", message: /come round again/ });
    }
    source.attach(a);
    await source.detach(a);
    const filter = await createFilter("hflip");
    const second = await createFilter("vflip");
    filter.attach(second);
    second.attach(a);
    assert.throws(() => second.attach(filter), { field: "observer" });
    assert.throws(() => c.attach(filter), { field: "observer" });
    await settled();
  });
});

describe("the observers of a node", () => {
  it("are attached once; a stranger's detachment is nothing", async () => {
    const { backend, source, writer } = await fixture();
    const node = new Node();
    let calls = 0;
    const observer = (): void => void calls++;
    const events: unknown[] = [];
    node.addEventListener("attached", (event) => events.push(["attached", event.observer]));
    node.addEventListener("detached", (event) => events.push(["detached", event.observer]));
    node.attach(observer);
    node.attach(observer);
    node.attach(writer);
    node.attach(writer);
    await node.detach(() => {});
    source.attach(node);
    await settled();
    give(backend, 1, 0, 1);
    await until(() => calls === 2);
    await node.detach(observer);
    give(backend, 1, 2);
    await until(() => written(backend, 2).length === 3);
    assert.equal(calls, 2);
    assert.deepEqual(events, [["attached", writer], ["attached", observer], ["detached", observer]]);
    const { frames } = node.observerStats(observer);
    assertLedger(frames);
    assert.equal(frames.written, 2);
    assert.throws(() => node.observerStats(() => {}), { field: "observer" });
  });

  it("may be detached inside each other's updates", async () => {
    const { backend, source } = await fixture();
    const node = new Node();
    const seen: string[] = [];
    const last = (): void => void seen.push("last");
    const self = (frame: VideoFrame): void => {
      seen.push("self");
      node.detach(self);
      assert.equal(frame.data().length, 8);
    };
    source.attach(node);
    node.attach(() => {
      seen.push("first");
      node.detach(last);
    });
    node.attach(self);
    node.attach(last);
    await settled();
    give(backend, 1, 0, 1);
    await until(() => seen.length === 3);
    assert.deepEqual(seen, ["first", "self", "first"]);
  });

  it("that hang hold the node only until they are detached", async () => {
    const { backend, source } = await fixture();
    const node = new Node();
    let view: Uint8Array | undefined;
    const hanging = (frame: VideoFrame): Promise<void> => {
      view = frame.data();
      return new Promise(() => {});
    };
    const seen: number[] = [];
    source.attach(node);
    node.attach((frame) => void seen.push(frame.sequence ?? -1));
    node.attach(hanging);
    await settled();
    give(backend, 1, 0, 1, 2);
    await until(() => view !== undefined);
    await settled();
    assert.deepEqual(seen, [0]);
    await node.detach(hanging);
    assert.equal(view?.length, 0);
    await until(() => seen.length === 3);
    assertLedger(node.observerStats(hanging).frames);
  });

  it("that fail are named by the node, detached after 10 in a row, and cost no other observer a frame", async () => {
    const { backend, source, writer } = await fixture();
    const node = new Node();
    const above: unknown[] = [];
    const events: ObserverFailureEvent[] = [];
    source.addEventListener("error", (event) => above.push(event));
    node.addEventListener("error", (event) => events.push(event as ObserverFailureEvent));
    let others = 0;
    const throwing = (): void => {
      throw new Error("on purpose");
    };
    const rejecting = { update: (): Promise<void> => Promise.reject(new Error("on purpose")) };
    source.attach(node);
    node.attach(throwing);
    node.attach(rejecting);
    node.attach(() => void others++);
    node.attach(writer);
    await settled();
    give(backend, 1, ...numbers(15));
    await until(() => others === 15 && written(backend, 2).length === 15);
    assert.equal(above.length, 0);
    assert.deepEqual(events.filter(({ observer }) => observer === throwing).map(({ failures }) => failures), [
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
      10,
    ]);
    assert.equal(events.filter(({ observer }) => observer === rejecting).length, 10);
    const { frames } = node.observerStats(throwing);
    assertLedger(frames);
    assert.equal(frames.failed, 10);
  });

  it("with a request have a tap of their own, of which the source's end waits", async () => {
    const { backend, source } = await fixture();
    const node = new Node((frame) => void frame.data().fill((frame.sequence ?? 0) + 100));
    const seen: unknown[] = [];
    const observer = async (frame: VideoFrame): Promise<void> => {
      await settled();
      seen.push([frame.sequence, sampleOf(frame)]);
    };
    source.attach(node);
    node.attach(observer, { width: 2 });
    await settled();
    give(backend, 1, 0, 1, 2);
    backend.end(1);
    await source.ended;
    assert.deepEqual(seen, [[0, 100], [1, 101], [2, 102]]);
    assert.deepEqual(backend.everyTap[1]?.options, { colour: "bgra", width: 2 });
    assert.equal(backend.taps.size, 0);
    assertLedger(node.observerStats(observer).frames);
    // Another source begins where the first one ended.
    const second = await VideoSourceFactory.getInstance().createTestPattern();
    second.attach(node);
    await settled();
    give(backend, 6, 5);
    await until(() => seen.length === 4);
    await second.close();
    assert.equal(backend.taps.size, 0);
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("with a request see what was on its way when the node is detached", async () => {
    const { backend, source, writer } = await fixture();
    const node = new Node();
    const seen: number[] = [];
    let release: () => void = () => {};
    source.attach(node);
    source.attach(writer);
    node.attach((frame) => {
      seen.push(frame.sequence ?? -1);
      return new Promise<void>((resolve) => release = resolve);
    }, {});
    await settled();
    give(backend, 1, 0, 1, 2);
    await until(() => seen.length === 1 && backend.taps.get(5)?.stats().queue === 2);
    await source.detach(node);
    for (const count of [2, 3]) {
      release();
      await until(() => seen.length === count);
    }
    release();
    await until(() => backend.taps.size === 0);
  });

  it("with a request and a promise that hangs do not keep a closed source's process alive", async () => {
    const { backend, source } = await fixture();
    const node = new Node();
    let calls = 0;
    source.attach(node);
    node.attach(() => {
      calls++;
      return new Promise(() => {});
    }, {});
    await settled();
    give(backend, 1, 0, 1);
    await until(() => calls === 1);
    await source.close();
    await settled();
    assert.deepEqual([backend.isParked, backend.taps.size], [false, 0]);
  });
});

describe("a writer below a node", () => {
  it("drops in real time and is waited for as fast as possible", async () => {
    for (const pacing of ["realtime", "asap"] as const) {
      const { backend, writer, other } = await fixture();
      const source = await VideoSourceFactory.getInstance().createTestPattern({ pacing });
      const [node, second] = [new Node(), new Node()];
      const seen: number[] = [];
      source.attach(node);
      node.attach(writer);
      node.attach(second);
      second.attach(other);
      node.attach((frame) => void seen.push(frame.sequence ?? -1));
      backend.room.set(2, 1);
      await settled();
      give(backend, 4, 0, 1, 2);
      if (pacing === "realtime") {
        await until(() => seen.length === 3);
        assert.deepEqual(backend.appended.get(2)?.map(({ policy }) => policy), [OVERFLOW_POLICY.DROP_NEWEST]);
        assert.deepEqual(
          backend.appended.get(3)?.map(({ policy }) => policy),
          Array(3).fill(OVERFLOW_POLICY.DROP_NEWEST),
        );
      } else {
        await until(() => seen.length === 1);
        await settled();
        assert.deepEqual(seen, [0]);
        backend.makeRoom(2, 1);
        await until(() => seen.length === 2);
        backend.makeRoom(2);
        await until(() => seen.length === 3);
        assert.deepEqual(backend.appended.get(2)?.map(({ policy }) => policy), Array(3).fill(OVERFLOW_POLICY.BLOCK));
        assert.deepEqual(written(backend, 2), [[0, 0], [1, 1], [2, 2]]);
      }
      await source.close();
    }
  });

  it("gets a frame on its way while it is detached or closed", async () => {
    const { backend, writer } = await fixture();
    const source = await asap();
    const node = new Node();
    source.attach(node);
    node.attach(writer);
    backend.room.set(2, 0);
    await settled();
    give(backend, 4, 0, 1);
    await until(() => backend.isParked);
    await settled();
    const closed = writer.close();
    await settled();
    assert(!backend.calls.includes("close 2"));
    backend.makeRoom(2);
    await closed;
    assert.deepEqual(written(backend, 2), [[0, 0]]);
    await source.close();
    assert.equal(backend.isParked, false);
  });

  it("that failed is named; one that closed is let go", async () => {
    const { backend, source, writer } = await fixture();
    const node = new Node();
    const events: ObserverFailureEvent[] = [];
    const gone: unknown[] = [];
    let calls = 0;
    node.addEventListener("error", (event) => events.push(event as ObserverFailureEvent));
    node.addEventListener("detached", ({ observer }) => gone.push(observer));
    source.attach(node);
    node.attach(writer);
    node.attach(() => void calls++);
    await settled();
    backend.refusals.set("append", { code: "encode_failed", stage: "encode", message: "Cannot encode" });
    give(backend, 1, 0);
    await until(() => calls === 1);
    assert.deepEqual(events.map(({ observer, error }) => [observer, error.message]), [[writer, "Cannot encode"]]);
    backend.refusals.set("append", { code: "closed", stage: "hub", message: "Cannot append: it is closed" });
    give(backend, 1, 1);
    await until(() => calls === 2);
    await settled();
    assert.deepEqual(gone, [writer]);
    backend.refusals.clear();
    give(backend, 1, 2);
    await until(() => calls === 3);
    assert.deepEqual(written(backend, 2), []);
  });

  it("takes frames from one observable only", async () => {
    const { source, writer } = await fixture();
    const node = new Node();
    node.attach(writer);
    assert.throws(() => source.attach(writer), { name: "ObserverError", code: "already_attached" });
    assert.throws(() => new Node().attach(writer), { code: "already_attached" });
    assert.throws(() => node.attach(() => {}, { width: 0 }), { field: "width" });
    assert.throws(() => node.attach(writer, {}), { field: "request" });
    await node.detach(writer);
    source.attach(writer);
    assert.throws(() => node.attach(writer), { code: "already_attached", message: /"a\.mp4" to Node/ });
    await source.close();
    await writer.close();
    assert.throws(() => node.attach(writer), { name: "VideoTargetError", code: "closed" });
  });

  it("has its frames before the source's end", async () => {
    const { backend, writer } = await fixture();
    const source = await asap();
    const node = new Node();
    source.attach(node);
    node.attach(writer);
    backend.room.set(2, 1);
    await settled();
    give(backend, 4, 0, 1, 2);
    backend.end(4);
    let hasEnded = false;
    source.ended.then(() => hasEnded = true);
    await settled();
    await settled();
    assert.equal(hasEnded, false);
    backend.makeRoom(2);
    await source.ended;
    assert.deepEqual(written(backend, 2), [[0, 0], [1, 1], [2, 2]]);
  });
});

describe("a filter", () => {
  it("is attached natively, and so are its targets; observers have taps", async () => {
    const { backend, source, writer } = await fixture();
    const filter = await createFilter("hflip");
    assert.deepEqual(backend.filters, [{ description: "hflip" }]);
    const seen: unknown[] = [];
    source.attach(filter);
    filter.attach(writer);
    filter.attach((frame) => void seen.push(frame.sequence));
    await settled();
    assert.deepEqual(backend.calls, ["attach 1 4", "attach 4 2", "attach 4 5", "start 1", "start 4"]);
    assert.deepEqual(backend.everyTap[0]?.options, {});
    give(backend, 4, 0);
    await until(() => seen.length === 1);
    const order: string[] = [];
    filter.addEventListener("ended", () => order.push(`filter after ${seen}`));
    filter.addEventListener("closed", () => order.push("closed"));
    source.addEventListener("ended", () => order.push("source"));
    give(backend, 4, 1, 2);
    backend.end(1);
    await source.ended;
    assert.deepEqual(order, ["filter after 0,1,2", "closed", "source"]);
    assert(backend.calls.includes("close 4"));
    await filter.close();
    await settled();
    assert.deepEqual([backend.isParked, backend.taps.size], [false, 0]);
    assert(backend.calls.includes("release 4"));
    assert.throws(() => filter.attach(writer), { name: "ObserverError", code: "closed" });
    assert.throws(() => source.attach(filter), { name: "ObserverError", code: "closed" });
    assert.equal(filter.stats().given, 0);
    await filter.close();
  });

  it("whose graph ends by itself ends alone", async () => {
    const { backend, source } = await fixture();
    const filter = await createFilter("trim=end_frame=2");
    const seen: unknown[] = [];
    let hasEnded = false;
    filter.addEventListener("ended", () => hasEnded = true);
    filter.attach((frame) => void seen.push(frame.sequence));
    source.attach(filter);
    await settled();
    give(backend, 4, 0, 1);
    backend.endFilter(4);
    await until(() => hasEnded);
    assert.deepEqual(seen, [0, 1]);
    assert.equal(filter.stats().given, 0);
    assert.equal(source.observerStats(filter).given, 0);
    backend.end(1);
    await source.ended;
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("that is lost while it drains lets its source end, and is an error at its close only", async () => {
    const { backend, source } = await fixture();
    const filter = await createFilter("tile");
    source.attach(filter);
    await settled();
    backend.refusals.set("close", { code: "internal", stage: "boundary", message: "Cannot close" });
    const thrown = await uncaughtIn(async () => {
      backend.end(1);
      await source.ended;
      await settled();
    });
    assert.deepEqual(thrown, []);
    await assert.rejects(filter.close(), { name: "ObserverError", message: "Cannot close" });
    assert.deepEqual([backend.calls.at(-1), backend.isParked], ["release 4", false]);
  });

  it("below a node ends with what the node is attached to", async () => {
    const { backend, source } = await fixture();
    const node = new Node();
    const filter = await createFilter("tile");
    source.attach(node);
    node.attach(filter);
    let hasEnded = false;
    filter.addEventListener("ended", () => hasEnded = true);
    await settled();
    give(backend, 1, 0);
    backend.end(1);
    await source.ended;
    assert.equal(hasEnded, true);
  });

  it("that is closed or detached holds up no other object", async () => {
    for (const leave of ["close", "detach"] as const) {
      const { backend, source } = await fixture();
      const filter = await createFilter("hflip");
      filter.attach(() => {});
      source.attach(filter);
      await settled();
      backend.end(1);
      await settled();
      if (leave === "close") await filter.close();
      else await source.detach(filter);
      await source.ended;
      await filter.close();
      await source.close();
      await settled();
      assert.deepEqual([backend.isParked, backend.taps.size], [false, 0]);
    }
  });

  it("below a node gets copies, and makes it wait where its source does", async () => {
    const { backend } = await fixture();
    const source = await asap();
    const filter = await createFilter("hflip");
    const node = new Node();
    const below = new Node();
    const { writer } = await fixture2(backend);
    source.attach(node);
    node.attach(filter);
    filter.attach(below);
    below.attach(writer);
    await settled();
    give(backend, 4, 0);
    await until(() => backend.appended.get(5)?.length === 1);
    assert.equal(backend.appended.get(5)?.[0]?.policy, OVERFLOW_POLICY.BLOCK);
    backend.give(5, headerOf(0), new Uint8Array(8));
    await until(() => backend.appended.get(6)?.length === 1);
    assert.equal(backend.appended.get(6)?.[0]?.policy, OVERFLOW_POLICY.BLOCK);
    await source.close();
  });

  it("is refused with a wrong description", async () => {
    const { backend } = await fixture();
    await assert.rejects(createFilter(5 as unknown as string), { name: "TypeError", field: "description" });
    await assert.rejects(createFilter(" "), { name: "RangeError", field: "description" });
    backend.refusals.set("open", {
      code: "invalid_argument",
      stage: "options",
      message: "Cannot use description",
      field: "description",
    });
    await assert.rejects(createFilter("nonsense"), { name: "RangeError", field: "description" });
  });
});

/** One more writer over the same backend. */
async function fixture2(_backend: FakeBackend): Promise<{ writer: Awaited<ReturnType<typeof fixture>>["writer"] }> {
  const { VideoTargetFactory } = await import("../../../mod.ts");
  return { writer: await VideoTargetFactory.getInstance().createFileWriter("hevc", "c.mp4", 25) };
}
