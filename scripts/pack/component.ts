/** The parts of a native library besides our own code. */

/** A part of the library that other people wrote. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string;
  /** Where its source is. */
  readonly source: string;
  /** The SHA-256 of that source in hexadecimal, where it is one file. */
  readonly sha256?: string;
  /** Its licence and its notices, as its authors wrote them. */
  readonly texts: readonly string[];
}
