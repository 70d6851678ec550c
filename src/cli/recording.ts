/**
 * Makes one recording from the command line.
 *
 * @module
 */

import {
  CODECS,
  ColourSpace,
  type FailureEvent,
  type RecordingReport,
  type SourceStats,
  type VideoFileWriter,
  type VideoSource,
  VideoSourceFactory,
  VideoTargetError,
  VideoTargetFactory,
} from "../../mod.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { frameRateOf, rationalToNumber } from "../base/rational.ts";
import type { Recording } from "./arguments.ts";
import { onInterrupt } from "./interrupt.ts";
import { showProgress } from "./progress.ts";
import { problemsOf } from "./report.ts";

/** The outcome of a recording. */
export interface RecordingOutcome {
  /** The report, if there is one. */
  readonly report: RecordingReport | undefined;
  /** One sentence for each problem. */
  readonly problems: readonly string[];
}

/** Records until the source ends, the time is over or a signal comes; the file is finished in each case. */
export async function record(recording: Recording): Promise<RecordingOutcome> {
  const source = await openSource(recording);
  const problems: string[] = [];
  let report: RecordingReport | undefined;
  try {
    report = await recordFrom(source, recording, problems);
  } finally {
    // A source that fails to close must hide neither the report nor an error before.
    await source.close().catch((error) => problems.push(sentence(error)));
  }
  return { report, problems };
}

async function recordFrom(
  source: VideoSource,
  recording: Recording,
  problems: string[],
): Promise<RecordingReport | undefined> {
  const writer = await openWriter(recording, source);
  const stopped = deferred<void>();
  onInterrupt(stopped.resolve);
  const hide = showProgress(writer);
  let report: RecordingReport | undefined;
  try {
    await run(source, writer, recording, stopped).catch((error) => problems.push(sentence(error)));
    report = await finish(writer, problems);
  } finally {
    hide();
  }
  // A source whose native side is lost has no stats.
  try {
    warnOfLosses(source.stats());
  } catch (error) {
    problems.push(sentence(error));
  }
  if (report !== undefined) problems.push(...problemsOf(report), ...await problemsOfFile(report));
  return report;
}

function openSource({ input, colour, pacing, rate = 30, seconds, size }: Recording): Promise<VideoSource> {
  const factory = VideoSourceFactory.getInstance();
  if (input !== undefined) return factory.createFileReader(input, colour, { pacing });
  const frameRate = frameRateOf(rate);
  const frames = seconds !== undefined && { frames: framesIn(seconds, rationalToNumber(frameRate)) };
  return factory.createTestPattern({ ...size, ...frames, frameRate, colour, pacing });
}

/** Frames that begin within `seconds`, at least the first one; a rounding error adds none. */
export function framesIn(seconds: number, rate: number): number {
  return Math.max(1, Math.ceil(seconds * rate - 1e-6));
}

async function openWriter({ codec, output, rate, settings }: Recording, source: VideoSource): Promise<VideoFileWriter> {
  let path = output;
  if (path === undefined) {
    await Deno.mkdir("recordings", { recursive: true });
    path = `recordings/${codec}-${stamp(new Date())}.${CODECS[codec].extensions[0]}`;
  }
  return VideoTargetFactory.getInstance().createFileWriter(codec, path, rate ?? source.getFrameRate(), settings);
}

/** Local date and time in a form that fits a file name. */
export function stamp(date: Date): string {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const times = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return [...parts, ...times].map((part) => String(part).padStart(2, "0")).join("-");
}

/** Lets the frames flow until the source ends or something stops it. */
async function run(
  source: VideoSource,
  writer: VideoFileWriter,
  { input, seconds }: Recording,
  stopped: Deferred<void>,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // The test pattern ends by its number of frames.
  if (input !== undefined && seconds !== undefined) {
    source.addEventListener("attached", () => timer ??= setTimeout(stopped.resolve, seconds * 1000));
  }
  source.addEventListener("warning", warn);
  writer.addEventListener("error", () => stopped.resolve());
  writer.addEventListener("warning", warn);
  source.attach(writer);
  try {
    await Promise.race([source.ended, stopped.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Warns of losses of the source, which no target counts. */
function warnOfLosses({ decodeErrors, missed }: SourceStats): void {
  if (decodeErrors > 0) console.error(`Warning: damaged pieces of the input that were skipped: ${decodeErrors}`);
  if (missed > 0) console.error(`Warning: frames missed because this machine was too busy: ${missed}`);
}

function warn({ error }: FailureEvent): void {
  console.error(`Warning: ${error.message}`);
}

async function finish(writer: VideoFileWriter, problems: string[]): Promise<RecordingReport | undefined> {
  try {
    return await writer.close();
  } catch (error) {
    problems.push(sentence(error));
    return error instanceof VideoTargetError ? error.report : undefined;
  }
}

/** Opens the file with our own reader and compares its number of frames. */
async function problemsOfFile({ target, stats, exists }: RecordingReport): Promise<string[]> {
  if (!exists) return [];
  try {
    const reader = await VideoSourceFactory.getInstance().createFileReader(target.path, ColourSpace.I420);
    const { frames } = reader.info;
    await reader.close();
    if (frames === null || frames === stats.frames.written) return [];
    return [`the file has ${frames} frames, but ${stats.frames.written} were written`];
  } catch (error) {
    return [`the file does not open again: ${sentence(error)}`];
  }
}

/** The message of `error`. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
