/**
 * Memory for frames, used again and again.
 *
 * @module
 */

/** Free buffers that are kept; observers take turns, so few sizes at a time need more than one. */
const MOST = 8;

/**
 * Buffers that nobody uses. A fresh one of 8 MB costs up to 20 ms, so steady work must not need any.
 *
 * A buffer is given out only for exactly its length, and its sink overwrites all of it: nobody sees what another had.
 */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];
  #users = 0;

  /** Keeps buffers while somebody uses the pool. */
  enter(): void {
    this.#users++;
  }

  /** Ends what `enter` began. */
  leave(): void {
    this.#users--;
    if (this.#users === 0) this.#free.length = 0;
  }

  /** A buffer of `length` bytes; what it contains is to be overwritten. */
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

  /** Keeps a buffer that nobody else can reach any more, in the place of another if there are too many. */
  give(buffer: ArrayBuffer | undefined): void {
    if (buffer === undefined || buffer.byteLength === 0 || this.#users === 0) return;
    if (this.#free.length === MOST) this.#free.shift();
    this.#free.push(buffer);
  }
}
