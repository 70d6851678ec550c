/** What a reader shows of a file, beside what `ffprobe` finds in it. */

import assert from "node:assert/strict";
import {
  ColourSpace,
  type FileReaderSettings,
  type Observer,
  type Rational,
  type SourceInfo,
  type VideoFrame,
  VideoSourceFactory,
} from "../../mod.ts";
import { presentationTimes } from "./probe.ts";

/** What a reader shows of a file, from its first frame to its last. */
export interface Shown {
  /** The time of each frame, in seconds. */
  readonly times: readonly number[];
  /** Its rate as `getFrameRate` returns it. */
  readonly rate: Rational;
  readonly info: SourceInfo;
  /** Up to the end of the last frame. */
  readonly durationSeconds: number;
  /** Pieces that could not be decoded. */
  readonly decodeErrors: number;
  readonly warnings: readonly string[];
  /** Where its clock jumped, in seconds. */
  readonly jumps: readonly number[];
}

/** Reads the file at `path` to its end. */
export async function shownOf(path: string, settings: FileReaderSettings = {}): Promise<Shown> {
  const reader = await VideoSourceFactory.getInstance()
    .createFileReader(path, ColourSpace.I420, { pacing: "asap", ...settings });
  const warnings: string[] = [];
  const jumps: number[] = [];
  const times: number[] = [];
  reader.addEventListener("warning", ({ error }) => warnings.push(error.message));
  reader.addEventListener("discontinuity", ({ atSeconds }) => jumps.push(atSeconds));
  const observer: Observer = { update: (frame: VideoFrame) => void times.push((frame.timestamp ?? NaN) / 1e6) };
  reader.attach(observer);
  await reader.ended;
  const { durationSeconds, decodeErrors } = reader.stats();
  const [rate, { info }] = [reader.getFrameRate(), reader];
  await reader.close();
  return { times, rate, info, durationSeconds, decodeErrors, warnings, jumps };
}

/** Asserts that a reader shows every frame at the time that `ffprobe` finds; returns those times. */
export async function assertTimes(path: string): Promise<readonly number[]> {
  const { times } = await shownOf(path);
  const expected = (await presentationTimes(path)).sort((a, b) => a - b);
  const [first = 0] = expected;
  const wanted = expected.map((time) => time - first);
  assert.equal(times.length, wanted.length, path);
  for (const [index, time] of times.entries()) {
    // Both are rounded to microseconds, of the file's own ticks.
    assert.ok(
      Math.abs(time - (wanted[index] ?? NaN)) < 0.0011,
      `${path}: frame ${index} at ${time}, not ${wanted[index]}`,
    );
  }
  return times;
}
