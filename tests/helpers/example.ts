/** Runs programs as a user would. */

import { join } from "node:path";
import process from "node:process";
import { text } from "./command.ts";
import { isDeno } from "./runtime.ts";

/** The root folder of the checkout. */
export const ROOT = join(import.meta.dirname ?? ".", "..", "..");

/** The path of one of the examples. */
export function example(name: string): string {
  return join(ROOT, "examples", name);
}

/**
 * Runs `script` in `folder` with all permissions, and returns what it says.
 *
 * @throws {CommandError} If it exits with another code than 0, or writes to its standard error.
 */
export function run(script: string, folder: string, ...args: string[]): Promise<string> {
  const flags = isDeno ? ["run", "-A", "--quiet", "--frozen", "--config", join(ROOT, "deno.json")] : [];
  return text("sh", [
    ...["-c", 'cd "$1" && shift && exec "$@"', "sh", folder],
    ...[process.execPath, ...flags, script, ...args],
  ]);
}
