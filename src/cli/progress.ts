/**
 * The live line of a recording on a terminal.
 *
 * @module
 */

import type { TargetStats } from "../generated/contract.ts";
import type { VideoFileWriter } from "../targets/file_writer.ts";
import { bytesOf, millisecondsOf } from "./report.ts";

const PERIOD_MS = 250;

/** Ticks over which the frame rate is taken. */
const SPAN = 8;

interface Sample {
  readonly atMs: number;
  readonly frames: number;
}

/** Tells on stderr how the recording gets on, if that is a terminal; gives what ends it. */
export function showProgress(writer: VideoFileWriter): () => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  const startMs = performance.now();
  const samples: Sample[] = [];
  // A display, and no part of the recording: it reads the figures that native code keeps.
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

/** One line of figures. */
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
    // It has been closed in the meantime.
    return undefined;
  }
}

function print(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text.slice(0, columns() - 1)}`));
}

function columns(): number {
  try {
    // A terminal that knows no size tells 0.
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
