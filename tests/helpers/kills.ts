/** Recordings whose processes are to be killed. */

import type { Codec } from "../../mod.ts";
import type { Random } from "./proof.ts";

/** One of them. */
export interface Kill {
  readonly codec: Codec;
  readonly extension: string;
  readonly bitRate: number;
  /** What codec, container and bit rate it has, in words. */
  readonly name: string;
  /** When it is killed, from 0 at the earliest moment up to 1. */
  readonly moment: number;
}

const EXTENSIONS: readonly (readonly [Codec, readonly string[]])[] = [
  ["hevc", ["mp4", "mkv"]],
  ["h264", ["mp4", "mkv"]],
  ["vp9", ["mp4", "mkv", "webm"]],
  ["av1", ["mp4", "mkv", "webm"]],
];

/** Kills of every codec in every container that it is streamed to, at a high and a low bit rate, so many of each. */
export function kills(each: number, random: Random): Kill[] {
  const all: Kill[] = [];
  for (let round = 0; round < each; round++) {
    for (const [codec, extensions] of EXTENSIONS) {
      for (const bitRate of [4_000_000, 100_000]) {
        const matroska = extensions[1 + (round + Number(bitRate < 1e6)) % (extensions.length - 1)] ?? "mkv";
        for (const extension of ["mp4", matroska]) {
          const container = extension === "mp4" ? "mp4" : extensions.slice(1).join("/");
          const name = `${codec} ${container} ${bitRate / 1000} kbit/s`;
          all.push({ codec, extension, bitRate, name, moment: random.between(0, 1) });
        }
      }
    }
  }
  return all;
}
