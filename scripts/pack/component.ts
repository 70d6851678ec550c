/** What a native library is made of, besides our own code. */

/** A work of somebody else that is in the library. */
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
