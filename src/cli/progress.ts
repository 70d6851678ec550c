/**
 * The progress of a recording.
 *
 * @module
 */

import type { TargetStats } from "../generated/contract.ts";
import type { Printer } from "./printer.ts";
import { bytesOf, clockOf, millisecondsOf } from "./report.ts";

/** Milliseconds from one line to the next, which replaces it on a terminal. */
const PERIOD_MS = { terminal: 250, other: 10_000 };

/** Lines over which the frame rate is averaged. */
const SPAN = 8;

/** What is watched. */
export interface Watched {
  /** Stats of the writer. */
  stats(): TargetStats;
  /** Seconds of video that the source has captured. */
  seconds(): number;
  /** Seconds of video that there will be, if that is known. */
  readonly total: number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly frames: number;
}

/** The progress of one recording that begins at `startMs`. */
export class Progress {
  readonly #watched: Watched;
  readonly #startMs: number;
  readonly #samples: Sample[];

  /** The progress of what is watched. */
  constructor(watched: Watched, startMs: number) {
    this.#watched = watched;
    this.#startMs = startMs;
    this.#samples = [{ atMs: startMs, frames: 0 }];
  }

  /** The line at `nowMs`. */
  line(nowMs: number): string {
    const stats = this.#watched.stats();
    const elapsed = (nowMs - this.#startMs) / 1000;
    return [
      `${elapsed.toFixed(1)} s`,
      ...this.#outlook(elapsed),
      `${this.#rate({ atMs: nowMs, frames: stats.frames.captured }).toFixed(1)} fps`,
      bytesOf(stats.bytes),
      `${stats.frames.dropped} dropped`,
      `queue ${stats.frameQueue}+${stats.packetQueue}`,
      `latency ${millisecondsOf(stats.captureToPacket.p50Ms)}`,
    ].join("  ");
  }

  /** How much is done, and how long the rest will take at the same speed. */
  #outlook(elapsed: number): string[] {
    const { total } = this.#watched;
    if (total === undefined || total <= 0) return [];
    const done = Math.min(this.#watched.seconds() / total, 1);
    const left = done > 0 ? [`${clockOf(elapsed * (1 - done) / done)} left`] : [];
    return [`${Math.floor(done * 100)} %`, ...left];
  }

  #rate(now: Sample): number {
    this.#samples.push(now);
    if (this.#samples.length > SPAN) this.#samples.shift();
    const then = this.#samples[0] ?? now;
    return now.atMs > then.atMs ? (now.frames - then.frames) * 1000 / (now.atMs - then.atMs) : 0;
  }
}

/** Shows progress until the returned function is called. */
export function showProgress(watched: Watched, printer: Printer): () => void {
  const progress = new Progress(watched, performance.now());
  const timer = setInterval(() => {
    let line: string;
    try {
      line = progress.line(performance.now());
    } catch {
      return; // Its stats end before the display does.
    }
    printer.status(line);
  }, printer.isTerminal ? PERIOD_MS.terminal : PERIOD_MS.other);
  return () => {
    clearInterval(timer);
    printer.clear();
  };
}
