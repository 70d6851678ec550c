/**
 * Makes one recording from the command line.
 *
 * @module
 */

import {
  ColourSpace,
  type FailureEvent,
  LiveSource,
  type Rational,
  type RecordingReport,
  type SourceInfo,
  type SourceStats,
  type VideoFileWriter,
  type VideoSource,
  VideoSourceFactory,
  VideoTargetError,
  VideoTargetFactory,
} from "../../mod.ts";
import { rowOf } from "../base/codec.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { frameRateOf, rationalToNumber } from "../base/rational.ts";
import type { Recording } from "./arguments.ts";
import { onInterrupt, outliveTerminal } from "./interrupt.ts";
import { openLive, printStates, wordsOfLive } from "./live.ts";
import type { Printer } from "./printer.ts";
import { showProgress, type Watched } from "./progress.ts";
import { problemsOf } from "./report.ts";

/** The outcome of a recording. */
export interface RecordingOutcome {
  /** The report, if there is one. */
  readonly report: RecordingReport | undefined;
  /** The last stats of the source, if there are any. */
  readonly source: SourceStats | undefined;
  /** One sentence for each problem. */
  readonly problems: readonly string[];
}

/**
 * Records until the source ends, the time is over or a signal comes; the file is finished in each case.
 *
 * @param printer Prints what happens meanwhile.
 */
export async function record(recording: Recording, printer: Printer): Promise<RecordingOutcome> {
  const source = await openSource(recording);
  const problems: string[] = [];
  let outcome: RecordingOutcome;
  try {
    outcome = await recordFrom(source, recording, printer, problems);
  } finally {
    // A source that fails to close must hide neither the report nor an error before.
    await source.close().catch((error) => problems.push(sentence(error)));
  }
  return outcome;
}

async function recordFrom(
  source: VideoSource,
  recording: Recording,
  printer: Printer,
  problems: string[],
): Promise<RecordingOutcome> {
  const writer = await openWriter(recording, source);
  const stopped = deferred<void>();
  onInterrupt(stopped.resolve);
  outliveTerminal();
  printer.line(beginningOf(recording, writer.info.path));
  if (source.info.soundTracks > 0) printer.line("The sound is not recorded");
  for (const warning of guessOf(recording, source.info)) printer.line(warning);
  const hide = showProgress(watched(source, writer, recording), printer);
  let report: RecordingReport | undefined;
  try {
    await run(source, writer, recording, printer, stopped).catch((error) => problems.push(sentence(error)));
    report = await finish(writer, problems);
  } finally {
    hide();
  }
  let stats: SourceStats | undefined;
  try {
    stats = source.stats();
  } catch (error) {
    // A source whose native side is lost has no stats.
    problems.push(sentence(error));
  }
  if (report !== undefined) problems.push(...problemsOf(report, stats), ...await problemsOfFile(report));
  return { report, source: stats, problems };
}

function beginningOf({ input, live, seconds }: Recording, path: string): string {
  const into = `into ${JSON.stringify(path)}`;
  if (input !== undefined) return `Recording ${JSON.stringify(input)} ${into}`;
  if (live !== undefined) {
    const length = seconds === undefined ? "until Ctrl-C" : `for ${seconds} s`;
    return `Recording ${wordsOfLive(live)} ${length} ${into}`;
  }
  return `Recording the test pattern for ${seconds} s ${into}; --seconds and --input change that`;
}

function watched(source: VideoSource, writer: VideoFileWriter, { seconds = Infinity }: Recording): Watched {
  const { durationSeconds, frames, frameRate } = source.info;
  const length = durationSeconds ?? (frames === null ? Infinity : frames / rationalToNumber(frameRate));
  const total = Math.min(length, seconds);
  return {
    stats: () => writer.stats(),
    seconds: () => source.stats().durationSeconds,
    total: Number.isFinite(total) ? total : undefined,
  };
}

function openSource(
  { input, live, inputRate, colour, track, autorotate, pacing, rate, seconds, size }: Recording,
): Promise<VideoSource> {
  const factory = VideoSourceFactory.getInstance();
  if (live !== undefined) return openLive(live, colour);
  if (input !== undefined) {
    return factory.createFileReader(input, colour, {
      autorotate,
      pacing,
      ...(track !== undefined && { track }),
      ...(inputRate !== undefined && { frameRate: inputRate }),
    });
  }
  const frameRate = rate === undefined || rate === "source" ? { num: 30, den: 1 } : frameRateOf(rate);
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
    path = `recordings/${codec}-${stamp(new Date())}.${rowOf(codec).extensions[0]}`;
  }
  const frameRate = codec === "copy" ? "source" : rate ?? usualRate(source, path);
  return VideoTargetFactory.getInstance().createFileWriter(codec, path, frameRate, settings);
}

/** The rate of the source, or `"source"` where it has none that a writer takes and the container has a place for times. */
export function usualRate({ info }: Pick<VideoSource, "info">, path: string): Rational | "source" {
  if (/\.avi$/i.test(path)) return info.frameRate;
  if (info.isVariableRate) return "source";
  try {
    return frameRateOf(info.frameRate);
  } catch {
    return "source";
  }
}

/** What is to be said of the rate of a source that states none. */
function guessOf({ input }: Recording, { isFrameRateGuessed, frameRate }: SourceInfo): string[] {
  // The frames of a live source have times of their own.
  if (!isFrameRateGuessed || input === undefined) return [];
  const rate = Number(rationalToNumber(frameRate).toFixed(3));
  return [`Warning: ${JSON.stringify(input)} states no frame rate, and ${rate} is a guess; --input-rate sets it`];
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
  { input, live, seconds }: Recording,
  printer: Printer,
  stopped: Deferred<void>,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // The test pattern ends by its number of frames.
  if ((input !== undefined || live !== undefined) && seconds !== undefined) {
    source.addEventListener("attached", () => timer ??= setTimeout(stopped.resolve, seconds * 1000));
  }
  const warn = ({ error }: FailureEvent): void => void printer.line(`Warning: ${error.message}`);
  source.addEventListener("warning", warn);
  if (source instanceof LiveSource) printStates(source, printer);
  writer.addEventListener("error", () => stopped.resolve());
  writer.addEventListener("warning", warn);
  source.attach(writer);
  try {
    await Promise.race([source.ended, stopped.promise]);
  } finally {
    clearTimeout(timer);
  }
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
