/** The frames of AVI files, to be damaged. */

import type { Buffer } from "node:buffer";

/** The bytes of each frame of the only stream of an AVI file, which can be written to. */
export function aviFrames(file: Buffer): Buffer[] {
  const begin = file.indexOf("movi") + 4;
  const end = file.indexOf("idx1", begin);
  const frames: Buffer[] = [];
  for (let at = begin; at < end;) {
    const length = file.readUInt32LE(at + 4);
    if (file.toString("latin1", at, at + 4) === "00dc") frames.push(file.subarray(at + 8, at + 8 + length));
    at += 8 + length + length % 2;
  }
  return frames;
}
