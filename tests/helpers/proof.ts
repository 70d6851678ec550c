/** What the long proofs have in common: whether they run, what they need, and random moments that can be repeated. */

import process from "node:process";

/** Whether every case runs (`deno task proof`) or a sample. */
export const isFullProof: boolean = process.env.GIFTGRAB_PROOF === "full";

/** What a measurement needs of the machine. */
export const QUIET = "a machine that does nothing else";

/**
 * Settings of a test that measures time or memory, so that it depends on the machine: `deno task proof` runs it alone.
 *
 * @param needs What it needs, in words; they are the reason why it is skipped elsewhere.
 */
export function proofOnly(needs: string): { readonly skip: string | false } {
  return { skip: isFullProof ? false : `it needs ${needs}; \`deno task proof\` runs it` };
}

/** Numbers from a seed: `mulberry32`. */
export class Random {
  readonly seed: number;
  #state: number;

  /** The seed of `GIFTGRAB_SEED`, or a new one; tests print it. */
  constructor(seed: number = Number(process.env.GIFTGRAB_SEED ?? Date.now() % 1_000_000_000)) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** A number from `low` up to but without `high`. */
  between(low: number, high: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return low + ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * (high - low);
  }

  /** A whole number from 0 up to but without `count`. */
  below(count: number): number {
    return Math.floor(this.between(0, count));
  }
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Runs `job` for every item, at most `width` at once; the first failure ends it. */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  job: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(Array.from({ length: width }, async () => {
    for (const item of rest) await job(item);
  }));
}

/**
 * Repeats a measurement that needs the processor for itself, at most three times, until it holds.
 *
 * A defect fails each time; a machine that had other work does not.
 */
export async function inQuiet(measure: () => Promise<void>): Promise<void> {
  for (let left = 2;; left--) {
    try {
      return await measure();
    } catch (error) {
      if (left === 0) throw error;
      console.log(`repeated: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
  }
}
