import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ObservableObserver, type VideoFrame } from "../../../mod.ts";
import { give, numbers, sampleOf, until } from "../../helpers/fake_frames.ts";
import { fixture, settled } from "../../helpers/fixture.ts";

describe("the frames of a source", () => {
  it("come one by one until it ends; each is released when the next is asked for", async () => {
    const { backend, source } = await fixture();
    const seen: unknown[] = [];
    const views: Uint8Array[] = [];
    const loop = (async () => {
      for await (const frame of source.frames({ colour: "bgra" })) {
        for (const view of views) assert.equal(view.length, 0);
        assert.equal(frame.data().length, 8);
        views.push(frame.data());
        seen.push([frame.sequence, sampleOf(frame)]);
      }
    })();
    await settled();
    assert.deepEqual(backend.calls, ["attach 1 4", "start 1"]);
    assert.deepEqual(backend.everyTap[0]?.options, { colour: "bgra" });
    give(backend, 1, 0, 1, 2);
    backend.end(1);
    await loop;
    await source.ended;
    assert.deepEqual(seen, [[0, 0], [1, 1], [2, 2]]);
    assert.deepEqual(views.map((view) => view.length), [0, 0, 0]);
    assert.deepEqual([backend.taps.size, backend.attachedTo(1).length], [0, 0]);
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("are not asked for before the loop begins", async () => {
    const { backend, source } = await fixture();
    source.frames();
    await settled();
    assert.deepEqual([backend.calls, backend.everyTap.length], [[], 0]);
  });

  for (
    const [how, leave] of [
      ["break", async (frames: AsyncIterable<VideoFrame>): Promise<void> => {
        for await (const _ of frames) break;
      }],
      ["throw", async (frames: AsyncIterable<VideoFrame>): Promise<void> => {
        const loop = async (): Promise<void> => {
          for await (const _ of frames) throw new Error("mine");
        };
        await assert.rejects(loop(), { message: "mine" });
      }],
      ["return()", async (frames: AsyncIterable<VideoFrame>): Promise<void> => {
        const iterator = frames[Symbol.asyncIterator]();
        const { value } = await iterator.next();
        const pending = iterator.next();
        assert.deepEqual(await iterator.return?.(), { done: true, value: undefined });
        assert.throws(() => value.data(), { code: "closed" });
        assert.equal((await pending).done, true);
        assert.equal((await iterator.next()).done, true);
      }],
      ["throw()", async (frames: AsyncIterable<VideoFrame>): Promise<void> => {
        const iterator = frames[Symbol.asyncIterator]();
        await iterator.next();
        await assert.rejects(iterator.throw?.(new Error("mine")) ?? Promise.resolve(), { message: "mine" });
      }],
    ] as const
  ) {
    it(`end with ${how}, which detaches`, async () => {
      const { backend, source } = await fixture();
      const left = leave(source.frames());
      await settled();
      give(backend, 1, 0);
      await left;
      assert.deepEqual([backend.taps.size, backend.attachedTo(1).length], [0, 0]);
      await settled();
      assert.equal(backend.isParked, false);
    });
  }

  it("are held natively while none is requested", async () => {
    const { backend, source } = await fixture();
    const iterator = source.frames({ policy: "latest" })[Symbol.asyncIterator]();
    await settled();
    give(backend, 1, 0);
    await settled();
    await settled();
    give(backend, 1, ...numbers(6).slice(1));
    await settled();
    await settled();
    assert.equal((await iterator.next()).value?.sequence, 0);
    assert.equal((await iterator.next()).value?.sequence, 5);
    assert.equal(backend.everyTap[0]?.stats().frames.dropped, 4);
    await iterator.return?.();
  });

  it("answer several who ask at once in order, each when the frame comes", async () => {
    const { backend, source } = await fixture();
    const iterator = source.frames()[Symbol.asyncIterator]();
    const answers = [iterator.next(), iterator.next(), iterator.next()];
    await settled();
    give(backend, 1, 0, 1);
    backend.end(1);
    const results = await Promise.all(answers);
    assert.deepEqual(results.map(({ done, value }) => done ? "done" : value?.sequence), [0, 1, "done"]);
  });

  it("end with the source's failure, thrown once", async () => {
    const { backend, source } = await fixture();
    const seen: number[] = [];
    const loop = (async () => {
      for await (const frame of source.frames()) seen.push(frame.sequence ?? -1);
    })();
    await settled();
    give(backend, 1, 0);
    backend.emit(1, { type: "error", error: { code: "decode_failed", stage: "decode", message: "Cannot decode" } });
    backend.end(1);
    await assert.rejects(loop, { name: "VideoSourceError", code: "decode_failed" });
    assert.deepEqual(seen, [0]);
  });

  it("end when the source is closed, even if none is requested", async () => {
    const { backend, source } = await fixture();
    const idle = source.frames()[Symbol.asyncIterator]();
    const asking = source.frames()[Symbol.asyncIterator]();
    const first = asking.next();
    await settled();
    await source.close();
    assert.deepEqual([(await first).done, (await idle.next()).done, backend.taps.size], [true, true, 0]);
    assert.throws(() => source.frames()[Symbol.asyncIterator](), { name: "VideoSourceError", code: "closed" });
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("can be looped over twice, each loop with all frames", async () => {
    const { backend, source } = await fixture();
    const frames = source.frames();
    const loop = async (): Promise<number[]> => {
      const seen: number[] = [];
      for await (const frame of frames) seen.push(frame.sequence ?? -1);
      return seen;
    };
    const loops = Promise.all([loop(), loop()]);
    await settled();
    give(backend, 1, 0, 1);
    backend.end(1);
    assert.deepEqual(await loops, [[0, 1], [0, 1]]);
  });

  it("of a node are what it emits, and hold it up by their queue only", async () => {
    const { backend, source } = await fixture();
    class Doubler extends ObservableObserver {
      override update(frame: VideoFrame): void {
        frame.data().fill(2 * (frame.sequence ?? 0));
      }
    }
    const node = new Doubler();
    const seen: unknown[] = [];
    let others = 0;
    source.attach(node);
    node.attach(() => void others++);
    const iterator = node.frames()[Symbol.asyncIterator]();
    await settled();
    give(backend, 1, 1, 2, 3);
    await until(() => others === 3);
    backend.end(1);
    for (let result = await iterator.next(); !result.done; result = await iterator.next()) {
      seen.push(sampleOf(result.value));
    }
    await source.ended;
    assert.deepEqual(seen, [2, 4, 6]);
    assert.equal(backend.taps.size, 0);
  });
});
