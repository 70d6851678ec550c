/**
 * What the native library is to a runtime: the same functions through Deno's FFI and through Node's addon, types only.
 *
 * Every function that fails throws, or rejects with, an `Error` whose message is an `ErrorRecord` as JSON. Texts are
 * JSON, numbers unsigned integers of 32 bits.
 *
 * @module
 */

/** The functions of the library for one JavaScript context. */
export interface Library {
  /** Handles with events as a list. One call at a time. */
  wait(timeoutMs: number): Promise<string>;
  /** Ends the parked wait, or the next one. */
  wake(): void;
  /** `Capabilities`. */
  capabilities(): Promise<string>;
  /** A handle, from `SourceOptions`. */
  openSource(options: string): Promise<string>;
  /** A handle, from `FileWriterOptions`. */
  openTarget(options: string): Promise<string>;
  /** A handle, from `FilterOptions`. */
  openFilter(options: string): Promise<string>;
  /** A handle, from `TapOptions`. */
  openTap(options: string): number;
  /** `SourceInfo` or `TargetInfo`. */
  describe(handle: number): string;
  /** Figures of any object. */
  stats(handle: number): string;
  /** A list of `Event`. */
  events(handle: number): string;
  /** A status; see `Backend.exchange`. */
  exchange(tap: number, outcome: number, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): number;
  /** A status; see `Backend.append`. */
  append(target: number, mode: number, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): number;
  /** See `Backend.convert`. */
  convert(headerIn: Float64Array, dataIn: Uint8Array, headerOut: Float64Array, dataOut: Uint8Array): void;
  /** See `Backend.crop`. */
  crop(source: number, x: number, y: number, width: number, height: number): void;
  /** See `Backend.attach`. */
  attach(observable: number, target: number): void;
  /** See `Backend.detach`. */
  detach(observable: number, target: number): void;
  /** See `Backend.start`. */
  start(observable: number): void;
  /** Requests the end of any object. */
  close(handle: number): void;
  /** See `Backend.release`. */
  release(handle: number): void;
}

/** Makes sure that the runtime lets the program read or write a file, or throws what the user is to be told. */
export type RequestPermission = (name: "read" | "write", path: string) => void;
