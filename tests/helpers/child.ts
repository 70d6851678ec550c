/** A recording in a process of its own, and what of it is in the file after its end. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Deferred, deferred } from "../../src/base/deferred.ts";
import type { Line, Order } from "../fixtures/record_child.ts";
import { decodeIndices } from "./barcode.ts";
import { assertConserved } from "./ledger.ts";
import { packets, probe } from "./probe.ts";

type StatsLine = Extract<Line, { type: "stats" }>;

/** A process that records. */
export interface RecordingProcess {
  /** Fulfilled with the wall clock at the first frame, as far as it is known then. */
  readonly firstFrame: Promise<number>;
  /** Fulfilled when so many frames are captured, and the ledger calls one of them written. */
  reached(captured: number): Promise<void>;
  /** Fulfilled when it has said that the end comes. */
  readonly ending: Promise<number>;
  /** Fulfilled after its end. */
  readonly ended: Promise<EndedProcess>;
  /** Sends a signal and returns the wall clock right after. */
  kill(signal: "SIGKILL" | "SIGINT" | "SIGTERM"): number;
}

/** A process that has recorded. */
export interface EndedProcess {
  readonly lines: readonly StatsLine[];
  /** When it said that the end comes. */
  readonly endingAt: number | undefined;
  /** When it was gone. */
  readonly goneAt: number;
  readonly status: number | string | null;
  readonly complaints: string;
}

/** What is in the file of a process that is gone. */
export interface Survivors {
  /** Frames in the file. */
  readonly frames: number;
  /** Index of the first frame behind the last one in the file. */
  readonly end: number;
  /** The last stats that the process printed. */
  readonly last: StatsLine;
}

/** What was lost of a recording whose process ended at some moment. */
export interface Loss {
  /** From the capture of the first lost frame to the end, in milliseconds. */
  readonly lossMs: number;
  /** How much of `lossMs` is not known but assumed to be loss. */
  readonly doubtMs: number;
  readonly frames: number;
  /** By the last stats that were printed. */
  readonly captured: number;
  readonly dropped: number;
  readonly missed: number;
}

const SCRIPT = fileURLToPath(new URL("../fixtures/record_child.ts", import.meta.url));

/** Starts a recording. */
export function startRecording(order: Order): RecordingProcess {
  const args = ["Deno" in globalThis ? ["run", "-A"] : [], SCRIPT, JSON.stringify(order)].flat();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: StatsLine[] = [];
  const first = deferred<number>();
  const waiting: { readonly captured: number; readonly reached: Deferred<void> }[] = [];
  const ending = deferred<number>();
  let endingAt: number | undefined;
  let complaints = "";
  child.stderr.on("data", (chunk: Uint8Array) => complaints += new TextDecoder().decode(chunk));
  createInterface({ input: child.stdout }).on("line", (text: string) => {
    let line: Line;
    try {
      line = JSON.parse(text);
    } catch {
      return; // The last line of a killed process may be torn.
    }
    if (line.type === "ending") return ending.resolve(endingAt = line.at);
    lines.push(line);
    if (line.captured > 0) first.resolve(line.after);
    if (line.frames.written === 0) return;
    for (const { captured, reached } of waiting) if (line.captured >= captured) reached.resolve();
  });
  const ended = new Promise<EndedProcess>((resolve, reject) => {
    let goneAt = 0;
    child.once("error", reject);
    child.once("exit", () => goneAt = Date.now());
    child.once("close", (status, signal) => {
      const unheard = new Error(`the process is gone: ${status ?? signal}; ${complaints}`);
      first.reject(unheard);
      ending.reject(unheard);
      for (const { reached } of waiting) reached.reject(unheard);
      resolve({ lines, endingAt, goneAt, status: status ?? signal, complaints });
    });
  });
  for (const promise of [first.promise, ending.promise]) promise.catch(() => {});
  const kill = (signal: "SIGKILL" | "SIGINT" | "SIGTERM"): number => {
    child.kill(signal);
    return Date.now();
  };
  const reached = (captured: number): Promise<void> => {
    const goal = { captured, reached: deferred<void>() };
    waiting.push(goal);
    return goal.reached.promise;
  };
  return { firstFrame: first.promise, reached, ending: ending.promise, ended, kill };
}

/**
 * Asserts that the file opens, decodes without an error and holds frame 0 and all that follow in order, without a hole
 * that the process did not report, and every frame that its ledger had called written.
 */
export async function survivors(path: string, lines: readonly StatsLine[]): Promise<Survivors> {
  for (const { frames } of lines) assertConserved(frames);
  const last = lines.at(-1);
  assert.ok(last !== undefined && last.captured > 0, "nothing was captured");
  const words = JSON.stringify(last);
  await probe(path);
  // FFmpeg calls it an error to decode a file whose header alone has been written.
  const isEmpty = (await packets(path)).length === 0;
  const indices = isEmpty ? [] : await decodeIndices(path);
  // What came behind them may have been dropped without a word.
  const reported = last.captured + last.missed;
  let holes = 0;
  let end = 0;
  for (const index of indices) {
    assert.ok(index !== null, `an unreadable frame after ${end - 1}`);
    assert.ok(index >= end, `frame ${index} after ${end - 1}`);
    holes += Math.max(0, Math.min(index, reported) - end);
    end = index + 1;
  }
  assert.equal(indices[0] ?? 0, 0, "the first frame is lost");
  const lost = last.frames.dropped + last.missed;
  assert.ok(holes <= lost, `${holes} frames are missing inside, ${lost} were reported; ${words}`);
  assert.ok(indices.length >= last.frames.written, `${indices.length} frames are in the file; ${words}`);
  return { frames: indices.length, end, last };
}

/**
 * Measures what was lost before `endAt`; asserts what {@linkcode survivors} asserts.
 *
 * The pattern captures frame `n` at `start + n × period` by absolute deadlines, never earlier. Readings of the counters
 * between two looks at the wall clock bound `start` from both sides; the earlier bound is taken, which makes the loss
 * larger by `doubtMs` at most.
 */
export async function measureLoss(
  path: string,
  rate: number,
  lines: readonly StatsLine[],
  endAt: number,
): Promise<Loss> {
  const { frames, end, last } = await survivors(path, lines);
  const period = 1000 / rate;
  let earliest = -Infinity;
  let latest = Infinity;
  for (const { before, after, captured, missed } of lines) {
    if (captured === 0) continue;
    latest = Math.min(latest, after - (captured + missed - 1) * period);
    earliest = Math.max(earliest, before - (captured + missed) * period);
  }
  const start = Math.min(earliest, latest);
  return {
    lossMs: endAt - (start + end * period),
    doubtMs: Math.max(0, latest - earliest),
    frames,
    captured: last.captured,
    dropped: last.frames.dropped,
    missed: last.missed,
  };
}
