/**
 * Promises that are settled from outside, and promises that must make progress.
 *
 * @module
 */

/** A promise with the functions that settle it. */
export interface Deferred<T> {
  /** The promise. */
  readonly promise: Promise<T>;
  /** Fulfils it. */
  readonly resolve: (value: T) => void;
  /** Rejects it. */
  readonly reject: (reason: unknown) => void;
}

/** A new promise with the functions that settle it; Node 20 lacks `Promise.withResolvers`. */
export function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] = () => {};
  let reject: Deferred<T>["reject"] = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/**
 * Awaits `work`; rejects with `expired()` if `progress()` is unchanged for `timeoutMs`.
 *
 * The work itself goes on.
 */
export function withProgress<T>(
  work: Promise<T>,
  timeoutMs: number,
  progress: () => string,
  expired: () => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let last = progress();
    const check = (): void => {
      const now = progress();
      if (now === last) return reject(expired());
      last = now;
      timer = setTimeout(check, timeoutMs);
    };
    let timer = setTimeout(check, timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
