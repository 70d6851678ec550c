/**
 * The functions of the native library, the same through Deno's FFI and through Node's addon, types only.
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
  /** A handle, from `OpenOptions`. */
  openLater(options: string): Promise<string>;
  /** A handle, from `OpenOptions`. */
  open(options: string): number;
  /** The reply to a `Command`. */
  command(handle: number, command: string): string;
  /** The reply to a `Command`. */
  commandLater(handle: number, command: string): Promise<string>;
  /** Stats of any object. */
  stats(handle: number): string;
  /** A list of `Event`. */
  events(handle: number): string;
  /** A `Status`; see `Backend.exchange`. */
  exchange(tap: number, outcome: number, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): number;
  /** A `Status`; see `Backend.append`. */
  append(target: number, policy: number, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): number;
  /** See `Backend.convert`. */
  convert(headerIn: Float64Array, dataIn: Uint8Array, headerOut: Float64Array, dataOut: Uint8Array): void;
  /** Requests the end of any object. */
  close(handle: number): void;
  /** Frees a handle. */
  release(handle: number): void;
}

/** Makes sure that the runtime lets the program read or write a file, or throws an error with the grant to add. */
export type RequestPermission = (access: Access, subject: string) => void;

/** What a program wants: to read or write a path, or to connect to a host. */
export type Access = "read" | "write" | "net";
