/** What is left of objects that were opened and closed, measured in a process of its own. */

import assert from "node:assert/strict";
import type { LeakOrder, LeakOutcome } from "../fixtures/leak_child.ts";
import { runFixture } from "./attempt.ts";

/** What can be opened and closed, in words. */
export const LEAKS: Readonly<Record<LeakOrder["what"], string>> = {
  files: "sources and writers that are opened and closed leave nothing behind",
  edges: "writers that are attached and detached leave nothing behind",
  pipelines: "C18 pipelines with nodes, filters, requests and loops that are opened and closed leave nothing behind",
};

/** Asserts that no file and no thread is left; returns by how many MiB the memory has grown. */
export function growthOf(order: LeakOrder): number {
  const { before, now, left, msEach } = runFixture("leak_child.ts", order) as LeakOutcome;
  console.log(
    `${order.rounds} × ${order.what}: ${msEach.toFixed(2)} ms each; files ${before.files} → ${now.files}, ` +
      `threads ${before.threads} → ${now.threads}, memory ${before.mib.toFixed(1)} → ${now.mib.toFixed(1)} MiB`,
  );
  assert.equal(left, 0);
  assert.equal(now.files, before.files);
  assert.equal(now.threads, before.threads);
  return now.mib - before.mib;
}
