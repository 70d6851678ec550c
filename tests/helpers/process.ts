/** What this process holds, from /proc. */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { memoryUsage } from "node:process";
import { setTimeout as after } from "node:timers/promises";
import { HANG_MS } from "./hang.ts";

/** Resident memory in MiB. */
export function residentMiB(): number {
  const pages = Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]);
  return pages * 4096 / 2 ** 20;
}

/** Resident memory without JavaScript's heap, which V8 makes larger as it likes, whatever is in it. */
export function nativeMiB(): number {
  return residentMiB() - memoryUsage().heapTotal / 2 ** 20;
}

/** What each open file descriptor stands for. */
function targets(): string[] {
  return readdirSync("/proc/self/fd").flatMap((file) => {
    try {
      return [readlinkSync(`/proc/self/fd/${file}`)];
    } catch {
      return []; // It is closed.
    }
  });
}

/** Open file descriptors, without sockets: those are the runtime's, and Deno opens some when it has run for a while. */
export function openFiles(): number {
  return targets().filter((target) => !target.startsWith("socket:")).length;
}

/** Open files that lie in `folder`. */
export function filesIn(folder: string): number {
  return targets().filter((target) => target.startsWith(`${folder}/`)).length;
}

/** Names of threads that the JavaScript runtime starts and ends as it likes, and of the one that waits for its context. */
const RUNTIME_THREADS = ["deno", "tokio-runtime-w", "V8 ", "V8Worker", "libuv-worker", "DelayedTaskSche", "gg-wait"];

/** Threads that are not in `pools`; those that an encoder starts have the name of their starter. */
export function threads(prefix = "", pools: readonly string[] = RUNTIME_THREADS): number {
  const names = readdirSync("/proc/self/task").map((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, "utf8");
    } catch {
      return undefined; // It is gone.
    }
  });
  return names.filter((name) => name?.startsWith(prefix) && !pools.some((pool) => name.startsWith(pool)))
    .length;
}

/** How long threads may take to end: a process that waits for them a few times still reports before it is killed. */
const SETTLE_MS = HANG_MS / 4;

/** Waits for the threads of the library, which end right after their last event; returns how many are left. */
export async function settle(): Promise<number> {
  const until = performance.now() + SETTLE_MS;
  while (threads("gg-") > 0 && performance.now() < until) await after(10);
  return threads("gg-");
}

/** The slope of `ys` over `xs` by least squares. */
export function slope(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(xs), mean(ys)];
  const above = xs.reduce((sum, one, index) => sum + (one - x) * ((ys[index] ?? NaN) - y), 0);
  return above / xs.reduce((sum, one) => sum + (one - x) ** 2, 0);
}
