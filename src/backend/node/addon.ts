/**
 * The Node addon as `rust/bindings/src/node.rs` has it, types only.
 *
 * Every function throws an `Error` whose message is an `ErrorRecord` as JSON.
 *
 * @module
 */

import type { Library } from "../library.ts";

/** Takes a result: the number of its call, whether it succeeded, its value or error record as JSON. */
export type Deliver = (call: number, isDone: boolean, json: string) => void;

/** One JavaScript context. Its objects are released when it is collected, or its worker ends. */
export interface Context {
  /** Keeps the process alive for results to come, or no longer does. */
  hold(isHeld: boolean): void;
  /** Delivers a list of handles. One wait at a time. */
  wait(call: number, timeoutMs: number): void;
  /** Ends the wait that is going on, or the next one. */
  wake(): void;
  /** Delivers a handle. */
  openLater(call: number, options: string): void;
  /** The handle. */
  open(options: string): number;
  /** Delivers the reply. */
  commandLater(call: number, handle: number, command: string): void;
}

/** Functions that need no context. */
type Calls = Pick<
  Library,
  "command" | "stats" | "events" | "exchange" | "append" | "convert" | "close" | "release"
>;

/** The exports of the addon. */
export interface Addon extends Calls {
  readonly Context: new (deliver: Deliver) => Context;
  /** The number of the interface, which is that of the C ABI. */
  abiVersion(): number;
}
