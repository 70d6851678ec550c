/**
 * A pool of memory for frames.
 *
 * @module
 */

/** Most free buffers that are kept; observers take turns, so few sizes need more than one at a time. */
const MOST = 8;

/**
 * Free buffers. A new one of 8 MB costs up to 20 ms, so the steady state must not allocate any.
 *
 * A buffer is reused only for exactly its length, and its user overwrites all of it, so no observer sees samples of
 * another one's frame.
 */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];
  #users = 0;

  /** Adds a user; buffers are kept while there is one. */
  enter(): void {
    this.#users++;
  }

  /** Removes a user. */
  leave(): void {
    this.#users--;
    if (this.#users === 0) this.#free.length = 0;
  }

  /** A buffer of `length` bytes, which may contain old samples. */
  take(length: number): Uint8Array<ArrayBuffer> {
    for (let index = this.#free.length - 1; index >= 0; index--) {
      const buffer = this.#free[index];
      if (buffer?.byteLength !== length) continue;
      const last = this.#free.pop();
      if (last !== undefined && last !== buffer) this.#free[index] = last;
      return new Uint8Array(buffer);
    }
    return new Uint8Array(length);
  }

  /** Keeps a buffer that no other code can reach; the oldest one makes room if there are too many. */
  put(buffer: ArrayBuffer | undefined): void {
    if (buffer === undefined || buffer.byteLength === 0 || this.#users === 0) return;
    if (this.#free.length === MOST) this.#free.shift();
    this.#free.push(buffer);
  }
}
