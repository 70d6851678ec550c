/** Recordings by processes that the system allows little. */

import type { DescriptorsOutcome, LimitsOrder, SizeOutcome } from "../fixtures/limits_child.ts";
import { runFixture } from "./attempt.ts";

/** The most bytes that a file may have under {@linkcode recordUnderLimit}. */
export const LIMIT_BYTES = 8192 * 1024;

/** What makes the shell set a limit, and then become the command behind it. */
const limited = (flag: string, value: number): readonly string[] => [
  ...["bash", "-c", `ulimit -${flag} ${value}; exec "$@"`, "bash"],
];

/** Records one file that would grow beyond what `ulimit -f` allows, and a small one beside it. */
export function recordUnderLimit(large: string, small: string): SizeOutcome {
  const order: LimitsOrder = { limit: "size", large, small };
  return runFixture("limits_child.ts", order, undefined, limited("f", LIMIT_BYTES / 1024)) as SizeOutcome;
}

/** Records the test pattern into many files at once, in a process that may hold so many descriptors. */
export function recordWithDescriptors(descriptors: number, paths: readonly string[]): DescriptorsOutcome {
  const order: LimitsOrder = { limit: "descriptors", paths };
  return runFixture("limits_child.ts", order, undefined, limited("n", descriptors)) as DescriptorsOutcome;
}
