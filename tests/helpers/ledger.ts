/** The conservation law: every captured frame is in exactly one bucket. */

import assert from "node:assert/strict";
import type { DropReason, Ledger } from "../../mod.ts";

/** Asserts the law while frames may be on their way. */
export function assertConserved(ledger: Ledger): void {
  const { captured, written, dropped, failed, inFlight, drops } = ledger;
  const words = JSON.stringify(ledger);
  for (const count of [captured, written, dropped, failed, inFlight]) assert.ok(count >= 0, words);
  assert.equal(captured, written + dropped + failed + inFlight, words);
  assert.equal(drops.reduce((sum, drop) => sum + drop.frames, 0), dropped, words);
}

/** Asserts the law for a closed target: `captured = written + dropped + failed`. */
export function assertLedger(ledger: Ledger): void {
  assertConserved(ledger);
  assert.equal(ledger.inFlight, 0, JSON.stringify(ledger));
}

/** Frames dropped for `reason`. */
export function droppedFor(ledger: Ledger, reason: DropReason): number {
  return ledger.drops.find((drop) => drop.reason === reason)?.frames ?? 0;
}
