/**
 * The progress line of a recording on a terminal.
 *
 * @module
 */

import type { TargetStats } from "../generated/contract.ts";
import type { VideoFileWriter } from "../targets/file_writer.ts";
import { bytesOf, millisecondsOf } from "./report.ts";

const PERIOD_MS = 250;

/** Updates over which the frame rate is averaged. */
const SPAN = 8;

interface Sample {
  readonly atMs: number;
  readonly frames: number;
}

/** Shows the progress of the recording on stderr if that is a terminal; returns the function that ends the display. */
export function showProgress(writer: VideoFileWriter): () => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  const startMs = performance.now();
  const samples: Sample[] = [];
  // Only a display: the recording does not depend on it.
  const timer = setInterval(() => {
    const stats = statsOf(writer);
    if (stats === undefined) return;
    const now = { atMs: performance.now(), frames: stats.frames.captured };
    samples.push(now);
    if (samples.length > SPAN) samples.shift();
    const then = samples[0] ?? now;
    const rate = now.atMs > then.atMs ? (now.frames - then.frames) * 1000 / (now.atMs - then.atMs) : 0;
    print(lineOf(stats, (now.atMs - startMs) / 1000, rate));
  }, PERIOD_MS);
  return () => {
    clearInterval(timer);
    print("");
  };
}

/** The line. */
export function lineOf(stats: TargetStats, seconds: number, rate: number): string {
  return [
    `${seconds.toFixed(1)} s`,
    `${rate.toFixed(1)} fps`,
    bytesOf(stats.bytes),
    `${stats.frames.dropped} dropped`,
    `queue ${stats.frameQueue}+${stats.packetQueue}`,
    `latency ${millisecondsOf(stats.captureToPacket.p50Ms)}`,
  ].join("  ");
}

function statsOf(writer: VideoFileWriter): TargetStats | undefined {
  try {
    return writer.stats();
  } catch {
    // The writer has been closed meanwhile.
    return undefined;
  }
}

function print(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text.slice(0, columns() - 1)}`));
}

function columns(): number {
  try {
    // A terminal that does not know its size reports 0.
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
