/**
 * Texts for people: reports, capabilities and numbers.
 *
 * @module
 */

import { CODECS } from "../base/codec.ts";
import type { Capabilities, EncoderCapability, Latency, RecordingReport } from "../generated/contract.ts";

/** The report in a few lines. */
export function reportText({ target, stats, ...report }: RecordingReport): string {
  const { frames, durable } = stats;
  const { num, den } = target.frameRate;
  if (!report.exists) return `Nothing was recorded: ${frames.captured} frames captured, ${frames.failed} failed`;
  const rate = Number((num / den).toFixed(3));
  const ends = [report.finalised ? "finalised" : "not finalised", report.synced ? "synced" : "not synced"];
  return [
    target.path,
    `  ${CODECS[target.codec].name} by ${target.encoder} in ${target.container}, ` +
    `${report.width}x${report.height} ${report.pixelFormat}, ${rate} fps`,
    `  ${frames.captured} frames captured: ${frames.written} written, ${frames.dropped} dropped, ${frames.failed} failed`,
    ...frames.drops.map((drop) => `    ${drop.frames} dropped at ${drop.stage}: ${drop.reason.replaceAll("_", " ")}`),
    `  ${stats.durationSeconds.toFixed(2)} s, ${bytesOf(stats.bytes)}, ${ends.join(", ")} (${durable.syncs} syncs)`,
    `  capture to packet ${latencyOf(stats.captureToPacket)}, packet to disk ${latencyOf(stats.packetToDurable)}`,
  ].join("\n");
}

/** The command that plays `path`, quoted for a shell. */
export function playCommand(path: string): string {
  const safe = path.startsWith("-") ? `./${path}` : path;
  return `ffplay ${/^[\w@%+=:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`}`;
}

/** One sentence for each problem of a recording; none if every frame is accounted for and none failed. */
export function problemsOf(report: RecordingReport): string[] {
  const { captured, written, dropped, failed } = report.stats.frames;
  const problems: string[] = [];
  if (captured !== written + dropped + failed) {
    problems.push(`${captured} frames were captured, but ${written} + ${dropped} + ${failed} are accounted for`);
  }
  if (failed > 0) problems.push(`${failed} frames failed`);
  if (!report.exists) problems.push("no frame was recorded, so there is no file");
  return problems;
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

/** A duration in milliseconds. */
export function millisecondsOf(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

const HEADINGS = ["CODEC", "EXTENSIONS", "ENCODER", "STATE"];

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
