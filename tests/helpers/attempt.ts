/** Attempts in a process of its own, with fewer rights than the test has. */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Attempt, Outcome } from "../fixtures/attempt.ts";

/** The library as the checkout builds it. */
export const LIBRARY: string = fileURLToPath(new URL("../../target/release/libgiftgrab.so", import.meta.url));

/** Capabilities that let root read and write what its permissions forbid. */
const OVERRIDES = "-dac_override,-dac_read_search";

/** What puts a command in front of another so that permissions of files hold for it; `undefined` if nothing can. */
export function obedient(): readonly string[] | undefined {
  if (process.getuid?.() !== 0) return [];
  const prefix = ["setpriv", `--bounding-set=${OVERRIDES}`, "--inh-caps=-all"];
  return spawnSync("setpriv", [...prefix.slice(1), "true"]).status === 0 ? prefix : undefined;
}

/** Runs an attempt; `flags` are the runtime's, `prefix` comes before the command. */
export function attempt(order: Attempt, flags?: readonly string[], prefix?: readonly string[]): Outcome {
  return runFixture("attempt.ts", order, flags, prefix) as Outcome;
}

/** Runs a script of `tests/fixtures/` with `order` as JSON, and returns what it prints, from JSON. */
export function runFixture(
  name: string,
  order: unknown,
  flags: readonly string[] = ["-A"],
  prefix: readonly string[] = [],
): unknown {
  const script = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const args = ["Deno" in globalThis ? ["run", ...flags] : [], script, JSON.stringify(order)].flat();
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, ...args];
  const { status, signal, stdout, stderr } = spawnSync(command, rest, { encoding: "utf8", timeout: 60_000 });
  if (status !== 0 || stderr !== "") throw new Error(`${name} ended with ${status ?? signal}: ${stderr}`);
  return JSON.parse(stdout);
}
