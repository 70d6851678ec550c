/** Runs the tools of the scripts, and reports errors that a person must fix. */

import { ROOT } from "./finding.ts";

/** Signals something that a person must mend; its message says all. */
export class ScriptError extends Error {
  override name = "ScriptError";
}

/** A longer run of all tests hangs. The long proofs have no limit. */
export const TEST_LIMIT_MS = 2 * 3_600_000;

/** Folders of tests that need the processor for themselves: they run behind all others, one file after another. */
export const ALONE: readonly string[] = ["tests/v4l2"];

/** How a tool is run. */
export interface CommandSettings {
  /** Its working folder. Default: the repository's root. */
  readonly cwd?: string;
  /** Its standard input. Default: empty. */
  readonly input?: string;
  /** Whether its standard error is shown only when it fails. Default: no. */
  readonly quiet?: boolean;
}

/**
 * Runs `command`; returns its standard output.
 *
 * @throws {ScriptError} If it ends with another code than 0.
 */
export async function outputOf(
  command: string,
  args: readonly string[],
  { cwd = ROOT, input = "", quiet = false }: CommandSettings = {},
): Promise<string> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: quiet ? "piped" : "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const result = await child.output();
  const text = new TextDecoder().decode(result.stdout);
  if (result.success) return text;
  // Some tools write their errors to standard output.
  console.error(text.trimEnd());
  if (quiet) console.error(new TextDecoder().decode(result.stderr).trimEnd());
  const line = `${command} ${args.join(" ")}`;
  throw new ScriptError(`Cannot run \`${line}\`: it ended with ${result.code}; its output above says why`);
}

/** Runs `main`; an error that a person must mend is printed as one sentence and ends the process with 1. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
