/**
 * The calls that a native backend offers, the same few in every runtime, types only.
 *
 * Every call that fails throws, or rejects with, an error of `src/base/errors.ts`, of the class for the given side.
 *
 * @module
 */

import type { Side } from "../base/errors.ts";
import type {
  Command,
  Event,
  FilterStats,
  OpenOptions,
  Outcome,
  OverflowPolicy,
  Replies,
  SourceStats,
  Status,
  TapStats,
  TargetStats,
} from "../generated/contract.ts";

/** The stats of each kind of object. */
export interface StatsByKind {
  /** Of a source. */
  readonly source: SourceStats;
  /** Of a file writer. */
  readonly target: TargetStats;
  /** Of a filter. */
  readonly filter: FilterStats;
  /** Of a tap. */
  readonly tap: TapStats;
}

/** The reply to a command. */
export type Reply<C extends Command> = Replies[C["call"]];

/** The native library, opened for one JavaScript context. */
export interface Backend {
  /** Parks until handles have events; returns none after the timeout or a wake. One call at a time. */
  wait(timeoutMs: number): Promise<readonly number[]>;
  /** Ends the parked wait at once; without one, the next. */
  wake(): void;
  /** Opens an object off this thread; returns its handle. */
  openLater(options: OpenOptions, side: Side): Promise<number>;
  /** Opens an object that is open at once, such as a tap; returns its handle. */
  open(options: OpenOptions, side: Side): number;
  /** Carries out a command that does not block. */
  command<const C extends Command>(handle: number, command: C, side: Side): Reply<C>;
  /** Carries out a command that may block, off this thread; `handle` is 0 for one to the library itself. */
  commandLater<const C extends Command>(handle: number, command: C, side: Side): Promise<Reply<C>>;
  /** Returns the object's stats so far. */
  stats<K extends keyof StatsByKind>(handle: number, kind: K): StatsByKind[K];
  /** Takes all events that the object has. */
  events(handle: number): readonly Event[];
  /**
   * Settles the frame taken before by its outcome, and copies the next one to `data` and its metadata to `header`.
   *
   * @returns `DONE`; `AGAIN` without a frame, and `wait` returns the tap once there is one; `MORE` if `data` is too
   * small, and the frame stays; `END` after the last frame of a closed tap.
   */
  exchange(tap: number, outcome: Outcome, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): Status;
  /**
   * Gives a copy of a frame to a writer, filter or tap.
   *
   * @returns `DONE`; with the policy `BLOCK` `AGAIN` without room, and the event `room` follows.
   */
  append(
    target: number,
    policy: OverflowPolicy,
    header: Float64Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): Status;
  /**
   * Converts the picture of `dataIn` to the colour space of `headerOut`, of the same size, and writes it to `dataOut`.
   *
   * Headers are as `src/frame/header.ts` has them; without padding, one view.
   */
  convert(headerIn: Float64Array, dataIn: Uint8Array, headerOut: Float64Array, dataOut: Uint8Array): void;
  /** Requests the object's end; the event `closed` ends the request, or `END` that of a tap. */
  close(handle: number, side: Side): void;
  /** Frees the handle; what is still open is closed natively. Never throws. */
  release(handle: number): void;
  /** Makes sure that the runtime lets this program read `path`. */
  requestRead(path: string): void;
  /** Makes sure that the runtime lets this program connect to `host`, a name or address with a port. */
  requestNet(host: string): void;
  /** Makes sure that the runtime lets this program write `path`. */
  requestWrite(path: string): void;
}
