/**
 * The capabilities of the linked libraries on this machine.
 *
 * @module
 */

import type { Capabilities } from "../generated/contract.ts";
import { openNative } from "./context.ts";

/**
 * Finds out which encoder serves each codec on this machine, which ones are missing and how to get them.
 *
 * The first call tries every encoder on a frame, which takes about a second.
 *
 * @throws {GiftGrabError} If the native library cannot be opened.
 */
export async function capabilities(): Promise<Capabilities> {
  const { backend } = await openNative();
  return backend.commandLater(0, { call: "capabilities" }, "library");
}
