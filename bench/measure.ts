/**
 * Shared by the benches: the clip, and the measurements of a process.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** Jiffies a second in /proc, the same on every Linux of today (sysconf(_SC_CLK_TCK)). */
export const TICKS_PER_SECOND = 100;

/** The cost of one process. */
export interface Run {
  /** From its start to its end. */
  readonly wallSeconds: number;
  /** Of all its threads. */
  readonly cpuSeconds: number;
  readonly peakMebibytes: number;
  /** Processors that other programs kept busy meanwhile, on average. */
  readonly disturbance: number;
  /** Its standard output. */
  readonly output: string;
}

/** How a clip is made. */
export interface ClipOptions {
  readonly path: string;
  /** Scaled to 1080p, and repeated as often as needed; without it a moving pattern with noise. */
  readonly file: string | undefined;
  readonly frames: number;
  /** Strength of the pattern's noise. */
  readonly noise: number;
  readonly quality: number;
}

/** Makes a 1080p H.264 clip with B-frames and returns its path. */
export function makeClip({ path, file, frames, noise, quality }: ClipOptions): string {
  const source = file === undefined
    ? ["-f", "lavfi", "-i", `testsrc2=size=1920x1080:rate=30,noise=alls=${noise}:allf=t`]
    : ["-stream_loop", "-1", "-i", file];
  execFileSync("ffmpeg", [
    ...["-v", "error", ...source, "-an", "-vf", "scale=1920:1080", "-frames:v", String(frames)],
    ...["-c:v", "libx264", "-preset", "fast", "-crf", String(quality), "-pix_fmt", "yuv420p", path],
  ], { stdio: ["ignore", "inherit", "inherit"] });
  return path;
}

/** Ends the bench if the command that measures is not there. */
export function requireTime(): void {
  if (existsSync("/usr/bin/time")) return;
  console.error("Cannot measure: /usr/bin/time is missing; run: apt-get install -y time");
  process.exit(1);
}

/** Runs a command to its end; `folder` holds the measurements meanwhile. */
export function timed(folder: string, command: readonly string[]): Run {
  const measurements = join(folder, "time.txt");
  const before = busySeconds();
  const output = execFileSync("/usr/bin/time", ["-f", "%e %U %S %M", "-o", measurements, ...command], {
    encoding: "utf8",
    // Its standard error is part of the error that a failure throws; some peers' encoders always write there.
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 26,
  });
  const others = busySeconds() - before;
  const [wall = 0, user = 0, system = 0, peak = 0] = readFileSync(measurements, "utf8").trim().split(" ").map(Number);
  const cpuSeconds = user + system;
  const disturbance = Math.max(0, others - cpuSeconds) / wall;
  return { wallSeconds: wall, cpuSeconds, peakMebibytes: peak / 1024, disturbance, output };
}

/** Seconds that the machine's processors have worked, all together, since it started. */
export function busySeconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync("/proc/stat", "utf8")
    .slice(0, 200).split("\n")[0]?.split(/\s+/).map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}
