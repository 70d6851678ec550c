/** Files in which frames come at any distance, made by the `ffmpeg` command. */

import { fileArgument, text } from "./command.ts";
import { makeFile, testPicture } from "./ffmpeg.ts";
import type { Random } from "./proof.ts";

/** How each kind of file is made: its clock in ticks a second, its longest gap in milliseconds, and its codec. */
const KINDS = {
  mp4: { clock: 90_000, longest: 20_000, codec: ["-c:v", "libx264", "-bf", "0", "-video_track_timescale", "90000"] },
  mov: { clock: 600, longest: 20_000, codec: ["-c:v", "libx264", "-bf", "2", "-video_track_timescale", "600"] },
  mkv: { clock: 1000, longest: 20_000, codec: ["-c:v", "libx264", "-bf", "2"] },
  webm: { clock: 1000, longest: 20_000, codec: ["-c:v", "libvpx", "-deadline", "realtime"] },
  // Readers take a gap of more than ten seconds for a clock that has jumped.
  ts: { clock: 90_000, longest: 9000, codec: ["-c:v", "libx264", "-bf", "2"] },
  "twice.mkv": { clock: 1000, longest: 20_000, codec: ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"] },
  avi: { clock: 50, longest: 20_000, codec: ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"] },
} as const;

/** Kinds of files with times of their own, by their extensions. */
export type VariableKind = keyof typeof KINDS;

/** All of them. */
export const VARIABLE_KINDS = Object.keys(KINDS) as readonly VariableKind[];

/** Random times of `count` frames in milliseconds: bursts, a steady rate, gaps and pauses up to `longest`. */
export function randomTimes(random: Random, count: number, longest: number): number[] {
  const times = [0];
  let steady = 0;
  while (times.length < count) {
    const kind = random.below(10);
    if (steady === 0 && kind === 0) steady = 1 + random.below(8);
    else if (steady > 0) steady--;
    const gap = steady > 0
      ? 1000 / 60
      : kind < 4
      ? random.between(1, 16)
      : kind < 9
      ? random.between(15, 250)
      : random.between(1000, longest);
    times.push((times.at(-1) ?? 0) + gap);
  }
  return times;
}

/**
 * Makes a file whose frames come at `times`, in milliseconds, as far as the clock of its kind states them.
 *
 * In a `twice.mkv` each third frame has the time of the one before, which no encoder but only a muxer takes.
 */
export async function makeVariable(path: string, kind: VariableKind, times: readonly number[]): Promise<string> {
  const { clock, codec } = KINDS[kind];
  const isTwice = kind === "twice.mkv";
  let last = -1;
  const ticks = times.map((ms) => last = Math.max(Math.round(ms * clock / 1000), last + 1));
  const stated = ticks.map((tick, index) => isTwice && index % 3 === 2 ? ticks[index - 1] ?? 0 : tick);
  const shown = stated.reduceRight((rest, tick, index) => `if(eq(N,${index}),${tick},${rest})`, "0");
  return await makeFile(
    path,
    ...testPicture("96x64", 25, times.length / 25 + 1),
    ...["-frames:v", `${times.length}`, ...codec, "-vsync", "passthrough"],
    ...isTwice
      ? ["-bsf:v", `setts=ts='${shown}':time_base=1/${clock}`]
      : ["-vf", `settb=1/${clock},setpts='${shown}'`, "-enc_time_base", `1/${clock}`],
  );
}

/** A file of random times: mostly few frames, so that many files are made in little time. */
export function makeRandom(path: string, kind: VariableKind, random: Random): Promise<string> {
  return makeVariable(path, kind, randomTimes(random, 12 + random.below(30), KINDS[kind].longest));
}

/** The times of the pictures that `ffprobe` decodes, in seconds from the first one, and the clock that states them. */
export async function shownTimes(path: string): Promise<{ times: number[]; tick: number }> {
  const entries = "stream=time_base:frame=best_effort_timestamp";
  const args = ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", fileArgument(path)];
  const { streams, frames } = JSON.parse(await text("ffprobe", args));
  const [num = NaN, den = NaN] = String(streams[0].time_base).split("/").map(Number);
  const ticks = (frames as { best_effort_timestamp: number }[]).map((frame) => frame.best_effort_timestamp);
  const [first = 0] = ticks;
  return { times: ticks.map((tick) => (tick - first) * num / den), tick: num / den };
}
