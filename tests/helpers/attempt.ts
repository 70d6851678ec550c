/** Attempts in a process of its own, with fewer rights than the test has. */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { join } from "node:path";
import type { Attempt, Outcome } from "../fixtures/attempt.ts";
import { ROOT } from "./example.ts";
import { HANG_MS } from "./hang.ts";
import { isDeno } from "./runtime.ts";

/** The library that is tested: as the checkout builds it, unless another one is named. */
export const LIBRARY: string = process.env.GIFTGRAB_LIB ?? join(ROOT, "target/release/libgiftgrab.so");

/** A runtime reads the name of another library only where it may read the environment. */
const ENV_FLAGS: readonly string[] = isDeno && process.env.GIFTGRAB_LIB !== undefined
  ? ["--allow-env=GIFTGRAB_LIB"]
  : [];

/** What a program is granted; what is missing is not. */
export interface Grants {
  readonly library?: boolean;
  readonly read?: string;
  readonly write?: string;
}

/** The flag of the runtime that grants the library. */
export const LIBRARY_FLAG: string = isDeno ? `--allow-ffi=${LIBRARY}` : "--allow-addons";

/** The flag of the runtime that grants a file. */
export function fileFlag(name: "read" | "write", path: string): string {
  return `--allow-${isDeno ? "" : "fs-"}${name}=${path}`;
}

/** Flags of the runtime that grant an attempt this and nothing else. */
export function flagsOf({ library = false, read, write }: Grants): string[] {
  return [
    ...(isDeno ? ["--no-prompt"] : nodeFlags()),
    ...(library ? [LIBRARY_FLAG, ...ENV_FLAGS] : []),
    ...(read === undefined ? [] : [fileFlag("read", read)]),
    ...(write === undefined ? [] : [fileFlag("write", write)]),
  ];
}

/** Flags that turn Node's permissions on, and let it load its modules as the tests have it. */
function nodeFlags(): string[] {
  // Node 20 calls them an experiment, and says so.
  const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  return [flag, "--no-warnings", "--allow-worker", fileFlag("read", `${ROOT}/`)];
}

/** Capabilities that let root read and write what its permissions forbid. */
const OVERRIDES = "-dac_override,-dac_read_search";

/** What puts a command in front of another so that permissions of files hold for it; `undefined` if nothing can. */
export function obedient(): readonly string[] | undefined {
  if (process.getuid?.() !== 0) return [];
  const prefix = ["setpriv", `--bounding-set=${OVERRIDES}`, "--inh-caps=-all"];
  return spawnSync("setpriv", [...prefix.slice(1), "true"]).status === 0 ? prefix : undefined;
}

/** Runs an attempt, by default with every right; `prefix` comes before the command. */
export function attempt(order: Attempt, grants?: Grants, prefix?: readonly string[]): Outcome {
  return runFixture("attempt.ts", order, grants, prefix) as Outcome;
}

/** Runs a script of `tests/fixtures/` with `order` as JSON, and returns what it prints, from JSON. */
export function runFixture(name: string, order: unknown, grants?: Grants, prefix: readonly string[] = []): unknown {
  const flags = grants === undefined ? (isDeno ? ["-A"] : []) : flagsOf(grants);
  const script = join(ROOT, "tests/fixtures", name);
  const args = [...(isDeno ? ["run"] : []), ...flags, script, JSON.stringify(order)];
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, ...args];
  const { status, signal, stdout, stderr } = spawnSync(command, rest, { encoding: "utf8", timeout: HANG_MS });
  if (status !== 0 || stderr !== "") throw new Error(`${name} ended with ${status ?? signal}: ${stderr}`);
  return JSON.parse(stdout);
}
