/**
 * Texts for people: reports, capabilities and numbers.
 *
 * @module
 */

import { rowOf } from "../base/codec.ts";
import type {
  Capabilities,
  DropReason,
  EncoderCapability,
  Latency,
  Rational,
  RecordingReport,
  SourceStats,
} from "../generated/contract.ts";

/** Reasons for which a user expects frames to be left out: `--rate` asks for fewer, or Ctrl-C came first. */
const EXPECTED: readonly DropReason[] = ["frame_rate", "detached"];

/** The report in a few lines, with what the source itself lost. */
export function reportText({ target, stats, ...report }: RecordingReport, source: SourceStats | undefined): string {
  const { frames, durable } = stats;
  if (!report.exists) return `Nothing was recorded: ${frames.captured} frames captured, ${frames.failed} failed`;
  const ends = [report.finalised ? "finalised" : "not finalised", report.synced ? "synced" : "not synced"];
  return [
    target.path,
    `  ${rowOf(target.codec).name} by ${target.encoder} in ${target.container}, ` +
    `${report.width}x${report.height} ${report.pixelFormat}, ${rateOf(target.frameRate)}`,
    `  ${frames.captured} frames captured: ${frames.written} written, ${frames.dropped} dropped, ${frames.failed} failed`,
    ...frames.drops.map((drop) => `    ${drop.frames} dropped at ${drop.stage}: ${wordsOf(drop.reason)}`),
    ...source === undefined
      ? []
      : [`  source: ${source.missed} missed, ${source.decodeErrors} undecodable${liveOf(source)}`],
    ...report.gaps.map(({ beganAt, seconds, cause }) =>
      `  no frames for ${seconds.toFixed(1)} s from ${beganAt}: ${cause.message}`
    ),
    `  ${stats.durationSeconds.toFixed(2)} s, ${bytesOf(stats.bytes)}, ${ends.join(", ")} (${durable.syncs} syncs)`,
    `  capture to packet ${latencyOf(stats.captureToPacket)}, packet to disk ${latencyOf(stats.packetToDurable)}`,
  ].join("\n");
}

function liveOf({ live }: SourceStats): string {
  return live === null
    ? ""
    : `, ${live.lost} lost, ${live.damaged} damaged, ${live.distrustedStamps} stamps not believed`;
}

function rateOf(rate: Rational | "source"): string {
  return rate === "source" ? "at the source's times" : `${Number((rate.num / rate.den).toFixed(3))} fps`;
}

/** The command that plays `path`, quoted for a shell. */
export function playCommand(path: string): string {
  // ffplay takes a name with a dash for an option, and one with a colon, as 12:30.mp4, for a protocol.
  const safe = /^-|^[^/]*:/.test(path) ? `./${path}` : path;
  return `ffplay ${/^[\w@%+:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`}`;
}

/** One sentence for each problem of a recording; none if it has every frame that a user expects. */
export function problemsOf(report: RecordingReport, source: SourceStats | undefined): string[] {
  const { captured, written, dropped, failed, drops } = report.stats.frames;
  const problems: string[] = [];
  if (captured !== written + dropped + failed) {
    problems.push(`${captured} frames were captured, but ${written} + ${dropped} + ${failed} are accounted for`);
  }
  for (const { frames, reason } of drops) {
    if (!EXPECTED.includes(reason)) problems.push(`frames dropped (${wordsOf(reason)}): ${frames}`);
  }
  if (failed > 0) problems.push(`frames that failed: ${failed}`);
  const { missed = 0, decodeErrors = 0 } = source ?? {};
  if (missed > 0) problems.push(`frames missed because this machine was too busy: ${missed}`);
  if (decodeErrors > 0) problems.push(`damaged pieces of the input that were skipped: ${decodeErrors}`);
  const { lost = 0, damaged = 0, gapCount = 0 } = source?.live ?? {};
  if (lost > 0) problems.push(`frames that the device or the network lost: ${lost}`);
  if (damaged > 0) problems.push(`frames that came damaged: ${damaged}`);
  if (gapCount > 0) problems.push(`times without frames: ${gapCount}, together ${gapsOf(report).toFixed(1)} s`);
  if (!report.exists) problems.push("no frame was recorded, so there is no file");
  return problems;
}

/** Seconds without frames. */
function gapsOf({ gaps }: RecordingReport): number {
  return gaps.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** A table of the encoders on this machine. */
export function capabilitiesText({ ffmpeg, codecs }: Capabilities): string {
  const rows = codecs.flatMap((codec) =>
    codec.encoders.map((encoder, index) => [
      index === 0 ? codec.name : "",
      index === 0 ? codec.extensions.map((extension) => `.${extension}`).join(" ") : "",
      encoder.name,
      stateOf(encoder, encoder.name === codec.default),
    ])
  );
  return [`FFmpeg ${ffmpeg.version} (${ffmpeg.licence})`, "", ...table([HEADINGS, ...rows])].join("\n");
}

/** A number of bytes with a fitting unit. */
export function bytesOf(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A duration as a clock shows it: `0:07`, `1:02:03`. */
export function clockOf(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const parts = hours > 0 ? [hours, minutes, whole % 60] : [minutes, whole % 60];
  return parts.map((part, index) => index === 0 ? `${part}` : String(part).padStart(2, "0")).join(":");
}

/** A duration in milliseconds. */
export function millisecondsOf(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

const HEADINGS = ["CODEC", "EXTENSIONS", "ENCODER", "STATE"];

function wordsOf(reason: DropReason): string {
  return reason.replaceAll("_", " ");
}

function stateOf(encoder: EncoderCapability, isDefault: boolean): string {
  if (!encoder.available) return ["missing", encoder.reason, encoder.fix].filter(Boolean).join("; ");
  const presets = encoder.presets.length === 0 ? "" : `; presets ${encoder.presets.join(" ")}`;
  return `${isDefault ? "default" : "available"}${presets}`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}

function latencyOf({ p50Ms, p99Ms }: Latency): string {
  return `${millisecondsOf(p50Ms)} (p99 ${millisecondsOf(p99Ms)})`;
}
