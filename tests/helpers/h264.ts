/** H.264 streams as small cameras write them. */

import { Buffer } from "node:buffer";

/** A sequence parameter set among NAL units (ITU-T H.264, table 7-1). */
const SPS = 7;
/** Profiles whose parameter sets state a chroma format (7.3.2.1.1). */
const HIGH_PROFILES: readonly number[] = [100, 110, 122, 244];

/** The same Annex B stream without VUI in its parameter sets, so without timing, as a Raspberry Pi writes it. */
export function withoutTiming(stream: Buffer): Buffer {
  const parts: Buffer[] = [];
  const starts: { readonly at: number; readonly length: number }[] = [];
  for (let at = stream.indexOf("000001", 0, "hex"); at >= 0; at = stream.indexOf("000001", at + 3, "hex")) {
    starts.push({ at, length: 3 });
  }
  for (const [index, { at, length }] of starts.entries()) {
    const next = starts[index + 1]?.at ?? stream.length;
    // A fourth byte of the next start code is no part of this unit.
    const end = next < stream.length && stream[next - 1] === 0 ? next - 1 : next;
    const unit = stream.subarray(at + length, end);
    parts.push(Buffer.from([0, 0, 0, 1]), ((unit[0] ?? 0) & 31) === SPS ? withoutVui(unit) : unit);
  }
  return Buffer.concat(parts);
}

/** A parameter set up to its flag for VUI, which becomes 0 (7.3.2.1.1). */
function withoutVui(unit: Buffer): Buffer {
  const bits = [...unescaped(unit.subarray(1))].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let at = 0;
  const fixed = (count: number): number => {
    at += count;
    return Number.parseInt(bits.slice(at - count, at), 2);
  };
  const golomb = (): number => {
    const zeros = bits.indexOf("1", at) - at;
    at += zeros;
    return fixed(zeros + 1) - 1;
  };
  const profile = fixed(8);
  fixed(16);
  golomb();
  if (HIGH_PROFILES.includes(profile)) {
    if (golomb() === 3) fixed(1);
    golomb();
    golomb();
    fixed(1);
    if (fixed(1) === 1) throw new Error("the parameter set has scaling matrices");
  }
  golomb();
  const order = golomb();
  if (order === 1) throw new Error("the parameter set counts pictures in a cycle");
  if (order === 0) golomb();
  golomb();
  fixed(1);
  golomb();
  golomb();
  if (fixed(1) === 0) fixed(1);
  fixed(1);
  if (fixed(1) === 1) { for (let edge = 0; edge < 4; edge++) golomb(); }
  const text = `${bits.slice(0, at)}01`;
  const whole = text.padEnd(Math.ceil(text.length / 8) * 8, "0");
  const bytes = Uint8Array.from(whole.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
  return Buffer.concat([unit.subarray(0, 1), escaped(bytes)]);
}

/** Without the bytes that keep start codes out of a unit (7.4.1). */
function unescaped(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, at) => !(byte === 3 && bytes[at - 1] === 0 && bytes[at - 2] === 0));
}

function escaped(bytes: Uint8Array): Buffer {
  const result: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      result.push(3);
      zeros = 0;
    }
    result.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.from(result);
}
