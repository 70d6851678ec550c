/** `deno task record` as a person uses it: in a folder, with keys, signals and a terminal. */

import { spawn } from "node:child_process";
import { existsSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { ROOT } from "./example.ts";

const CLI = join(ROOT, "src", "cli", "record.ts");

/** A terminal of its own: its keys, and what it shows. */
export type Terminal = ReturnType<typeof spawn> & { readonly stdin: Writable; readonly stdout: Readable };

/** How a command ended, and what it printed. */
export interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Command {
  readonly ended: Promise<Ending>;
  kill(signal: NodeJS.Signals): void;
  /** Closes the pipes that it prints to. */
  leave(): void;
}

/** A recording that is long enough to be looked at, and slow enough for any machine. */
export const SLOW = ["--codec", "h264", "--size", "320x180", "--rate", "5", "--seconds", "4"];

/** Its frames, with those that the pattern misses on a busy machine. */
export const SLOW_INSTANTS = 20;

/** The key that stops a terminal. */
export const CTRL_S = "\x13";
/** The key that lets it go on. */
export const CTRL_Q = "\x11";

/** How many frames a report counts, with those that the source missed. */
export function instantsOf(out: string): number {
  const [, captured] = /(\d+) frames captured/.exec(out) ?? [];
  const [, missed] = /source: (\d+) missed/.exec(out) ?? [];
  return Number(captured) + Number(missed);
}

/** Runs the command in `folder`. */
export function record(folder: string, ...args: string[]): Command {
  const child = spawn(process.execPath, ["run", "-A", "--quiet", CLI, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => out += chunk);
  child.stderr.on("data", (chunk) => err += chunk);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
  const leave = (): void => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  return { ended, kill: (signal) => void process.kill(child.pid ?? 0, signal), leave };
}

/** Runs what `line` makes of the words of a recording in a terminal of its own, whose keys are `stdin`. */
export function inTerminal(folder: string, args: readonly string[], line: (words: string) => string): Terminal {
  const words = [process.execPath, "run", "-A", "--quiet", CLI, ...args].map((word) => `'${word}'`).join(" ");
  return spawn("script", ["--quiet", "--return", "--command", line(words), "/dev/null"], {
    cwd: folder,
    env: { ...process.env, SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "ignore"],
  });
}

/** Resolves as soon as a file holds something. */
export function begun(path: string): Promise<void> {
  return changed(path, () => existsSync(path) && statSync(path).size > 0);
}

/** Resolves as soon as something holds of a file, by the folder's own word. */
export async function changed(path: string, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((resolve) => {
      const watcher = watch(join(path, ".."), () => done());
      const timer = setTimeout(() => done(), 200);
      const done = () => {
        clearTimeout(timer);
        watcher.close();
        resolve();
      };
    });
  }
}
