/**
 * Runs every test on Deno, several files at the same time, then those that need the machine for themselves, and ends a
 * run that hangs: `test_deno.ts`.
 */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { ALONE, runScript, ScriptError, TEST_LIMIT_MS } from "./command.ts";
import { ROOT } from "./finding.ts";

/** The reports of both runs. */
export const DENO_REPORTS: readonly string[] = ["deno-test.xml", "deno-test-alone.xml"]
  .map((name) => join(ROOT, "target", name));

async function testDeno(): Promise<void> {
  const [together = "", alone = ""] = DENO_REPORTS;
  const until = Date.now() + TEST_LIMIT_MS;
  for (const report of DENO_REPORTS) rmSync(report, { force: true });
  const codes = [
    await run(until, ["--parallel", `--junit-path=${together}`, `--ignore=${ALONE.join(",")}`, "tests/"]),
    await run(until, [`--junit-path=${alone}`, ...ALONE]),
  ];
  const code = codes.find((code) => code !== 0);
  if (code !== undefined) Deno.exit(code);
}

/** Runs Deno's tests until that time at most; returns the exit code. */
async function run(until: number, args: readonly string[]): Promise<number> {
  const tests = new Deno.Command(Deno.execPath(), { args: ["test", "-A", ...args], cwd: ROOT, stdin: "null" }).spawn();
  // On this signal Deno names the tests that are not over. A limit of its own for each test would not stop a loop.
  let isOver = false;
  const limit = setTimeout(() => {
    isOver = true;
    tests.kill("SIGINT");
  }, until - Date.now());
  const { code } = await tests.status;
  clearTimeout(limit);
  if (isOver) throw new ScriptError(`Cannot end the tests: they take more than ${TEST_LIMIT_MS / 60_000} minutes`);
  return code;
}

if (import.meta.main) await runScript(testDeno);
