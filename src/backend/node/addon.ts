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

/** One JavaScript context. Its objects are given up when it is collected, or its worker ends. */
export interface Context {
  /** Keeps the process alive for results to come, or no longer does. */
  hold(isHeld: boolean): void;
  /** Delivers a list of handles. One wait at a time. */
  wait(call: number, timeoutMs: number): void;
  /** Ends the wait that is going on, or the next one. */
  wake(): void;
  /** Delivers `Capabilities`. */
  capabilities(call: number): void;
  /** Delivers a handle. */
  openSource(call: number, options: string): void;
  /** Delivers a handle. */
  openTarget(call: number, options: string): void;
  /** Delivers a handle. */
  openFilter(call: number, options: string): void;
  /** The handle. */
  openTap(options: string): number;
}

/** Functions that need no context. */
type Calls = Pick<
  Library,
  | "describe"
  | "stats"
  | "events"
  | "exchange"
  | "append"
  | "convert"
  | "crop"
  | "attach"
  | "detach"
  | "start"
  | "close"
  | "release"
>;

/** What the addon exports. */
export interface Addon extends Calls {
  readonly Context: new (deliver: Deliver) => Context;
  /** The number of the interface, which is that of the C ABI. */
  abiVersion(): number;
}
