import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BufferPool } from "../../../src/native/buffer_pool.ts";
import { numbers } from "../../helpers/fake_frames.ts";

describe("the pool of buffers", () => {
  it("gives a buffer out again for exactly its length, while it is in use", () => {
    const pool = new BufferPool();
    pool.enter();
    const first = pool.take(8).buffer;
    pool.put(first);
    assert.notEqual(pool.take(4).buffer, first);
    assert.equal(pool.take(8).buffer, first);
    assert.notEqual(pool.take(8).buffer, first);
    pool.put(first);
    pool.leave();
    pool.enter();
    assert.notEqual(pool.take(8).buffer, first);
  });

  it("has a bound, and forgets the oldest", () => {
    const pool = new BufferPool();
    pool.enter();
    const buffers = numbers(20).map(() => new ArrayBuffer(8));
    for (const buffer of buffers) pool.put(buffer);
    pool.put(undefined);
    pool.put(new ArrayBuffer(0));
    const kept = numbers(20).map(() => pool.take(8).buffer).filter((buffer) => buffers.includes(buffer));
    assert.deepEqual(new Set(kept), new Set(buffers.slice(-8)));
  });
});
