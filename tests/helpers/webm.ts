/** WebM as a browser's `MediaRecorder` writes it, made of frames that the `ffmpeg` command has coded. */

import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";

/** Bytes of an IVF file before its frames, and of a frame before its samples. */
const IVF = { file: 32, frame: 12, width: 12, height: 14 } as const;

/** Milliseconds after which a cluster ends: its blocks count them in 16 bits. */
const CLUSTER_MS = 30_000;

/** The size and the frames of an IVF file. */
export interface IvfFrames {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Buffer[];
}

/** Reads the VP8 frames of an IVF file. */
export async function ivfFrames(path: string): Promise<IvfFrames> {
  const file = await readFile(path);
  const frames: Buffer[] = [];
  for (let at = IVF.file; at < file.length;) {
    const begin = at + IVF.frame;
    at = begin + file.readUInt32LE(at);
    frames.push(file.subarray(begin, at));
  }
  return { width: file.readUInt16LE(IVF.width), height: file.readUInt16LE(IVF.height), frames };
}

/**
 * A WebM file of VP8 frames at these times, in milliseconds: one SimpleBlock each, without a DefaultDuration, a Duration
 * or Cues, its segment and clusters of unknown length.
 */
export function webmOf({ width, height, frames }: IvfFrames, timesMs: readonly number[]): Buffer {
  const head = element(
    "1a45dfa3",
    number("4286", 1),
    number("42f7", 1),
    number("42f2", 4),
    number("42f3", 8),
    element("4282", Buffer.from("webm")),
    number("4287", 4),
    number("4285", 2),
  );
  const info = element(
    "1549a966",
    number("2ad7b1", 1_000_000),
    element("4d80", Buffer.from("Chrome")),
    element("5741", Buffer.from("Chrome")),
  );
  const picture = element("e0", number("b0", width), number("ba", height));
  const codec = element("86", Buffer.from("V_VP8"));
  const track = element("ae", number("d7", 1), number("73c5", 1), number("83", 1), codec, picture);
  const parts = [head, endless("18538067"), info, element("1654ae6b", track)];
  let base: number | undefined;
  for (const [index, ms] of timesMs.entries()) {
    const frame = frames[index] ?? Buffer.alloc(0);
    if (base === undefined || ms - base > CLUSTER_MS) {
      base = ms;
      parts.push(endless("1f43b675"), number("e7", ms));
    }
    const header = Buffer.from([0x81, 0, 0, ((frame[0] ?? 1) & 1) === 0 ? 0x80 : 0]);
    header.writeInt16BE(ms - base, 1);
    parts.push(element("a3", header, frame));
  }
  return Buffer.concat(parts);
}

/** An element of EBML (RFC 8794), its length in eight bytes. */
function element(id: string, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(content.length) | (1n << 56n));
  return Buffer.concat([Buffer.from(id, "hex"), length, content]);
}

/** The beginning of an element of unknown length. */
function endless(id: string): Buffer {
  return Buffer.from(`${id}01ffffffffffffff`, "hex");
}

function number(id: string, value: number): Buffer {
  const hex = value.toString(16);
  return element(id, Buffer.from(hex.padStart(hex.length + hex.length % 2, "0"), "hex"));
}
