/** Keeps JavaScript from doing anything: no promise, no timer and no observer gets a turn. */

const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread until a condition holds that others make true. */
export function standStill(until: () => boolean): void {
  while (!until()) Atomics.wait(nothing, 0, 0, 5);
}
