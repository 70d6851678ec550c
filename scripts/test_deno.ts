/** Runs every test on Deno, several files at the same time, and ends a run that hangs: `test_deno.ts`. */

import { runScript, ScriptError, TEST_LIMIT_MS } from "./command.ts";
import { ROOT } from "./finding.ts";

async function testDeno(): Promise<void> {
  const tests = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--parallel", "--junit-path=target/deno-test.xml", "tests/"],
    cwd: ROOT,
    stdin: "null",
  }).spawn();
  // On this signal Deno names the tests that are not over. A limit of its own for each test would not stop a loop.
  let isOver = false;
  const limit = setTimeout(() => {
    isOver = true;
    tests.kill("SIGINT");
  }, TEST_LIMIT_MS);
  const { code } = await tests.status;
  clearTimeout(limit);
  if (isOver) throw new ScriptError(`Cannot end the tests: they take more than ${TEST_LIMIT_MS / 60_000} minutes`);
  if (code !== 0) Deno.exit(code);
}

if (import.meta.main) await runScript(testDeno);
