/**
 * Runs the tests on Node against the package as its users install it:
 * `test_node.ts [--node 20,22,24] [--variant NAME] [--library PATH] [FILE]...`.
 *
 * Without `--node` it takes the Node that is installed. The library is the one that this checkout has built; with
 * `--variant` the bundled one of that variant. `--library` names another file. `--installed` uses the installation
 * of an earlier run. Without a file, all tests run and must be those that Deno has run.
 */

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ALONE, runScript, ScriptError, TEST_LIMIT_MS } from "./command.ts";
import { filesUnder, ROOT } from "./finding.ts";
import { DENO_REPORTS } from "./test_deno.ts";
import { FOLDER, installNode, installPackage, type NodeProgram } from "./test_node/install.ts";
import { differences, fromDeno, fromNode, summary, type Tally } from "./test_node/tally.ts";

/** Runs the test files on one Node; returns the result of each test. */
async function run(node: NodeProgram, files: readonly string[]): Promise<Tally> {
  const isAlone = (file: string): boolean => ALONE.some((folder) => file.startsWith(`${folder}/`));
  const [together, alone] = [files.filter((file) => !isAlone(file)), files.filter(isAlone)];
  console.log(`Running ${files.length} files of tests on Node ${node.version}`);
  // Proofs measure time, so they run one after another.
  const width = process.env.GIFTGRAB_PROOF === "full" ? 1 : availableParallelism();
  return fromNode(await runSome(node, "together", together, width) + await runSome(node, "alone", alone, 1));
}

/** Runs test files, so many at the same time; returns the report on them. */
async function runSome(
  { path, version }: NodeProgram,
  name: string,
  files: readonly string[],
  width: number,
): Promise<string> {
  if (files.length === 0) return "";
  const report = join(FOLDER, `node-${version}-${name}.jsonl`);
  rmSync(report, { force: true });
  // The packaged library is tested, so none is named.
  const { GIFTGRAB_LIB: _, ...env } = Deno.env.toObject();
  const moduleUrl = (name: string): string => pathToFileURL(join(ROOT, "tests/node", name)).href;
  const isProof = env.GIFTGRAB_PROOF === "full";
  // Node waits for ever for anything that a test has left open.
  const limit = isProof ? {} : { signal: AbortSignal.timeout(TEST_LIMIT_MS) };
  const { code } = await new Deno.Command(path, {
    args: [
      ...["--test", `--test-concurrency=${width}`],
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...[`--test-reporter=${moduleUrl("reporter.mjs")}`, `--test-reporter-destination=${report}`],
      ...files,
    ],
    cwd: ROOT,
    clearEnv: true,
    // The processes that tests start load the library in the same way.
    env: { ...env, NODE_OPTIONS: `--import=${moduleUrl("register.mjs")}` },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    ...limit,
  }).spawn().status;
  const lines = readFileSync(report, "utf8");
  if (code !== 0 && ![...fromNode(lines).values()].some(({ state }) => state === "failed")) {
    throw new ScriptError(`Cannot run the tests on Node ${version}: it ended with ${code}; its output above says why`);
  }
  return lines;
}

async function testNode(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      node: { type: "string", default: "" },
      variant: { type: "string" },
      library: { type: "string" },
      installed: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const all = filesUnder(ROOT, "tests", ["_test.ts"]);
  const files = positionals.length === 0 ? all : positionals.map((file) => relative(ROOT, resolve(file)));
  const unknown = files.find((file) => !all.includes(file));
  if (unknown !== undefined) throw new ScriptError(`Cannot run "${unknown}": there is no such file of tests`);
  mkdirSync(FOLDER, { recursive: true });
  const nodes: NodeProgram[] = [];
  for (const line of values.node.split(",")) nodes.push(await installNode(line));
  if (!values.installed) await installPackage(values.variant, values.library);

  const tallies = new Map<string, Tally>();
  for (const node of nodes) tallies.set(`Node ${node.version}`, await run(node, files));
  const isWhole = positionals.length === 0;
  if (isWhole && DENO_REPORTS.every((report) => existsSync(report))) {
    // The results of `deno task test`.
    const reports = DENO_REPORTS.map((report) => readFileSync(report, "utf8"));
    tallies.set(`Deno ${Deno.version.deno}`, fromDeno(reports.join("\n")));
  }
  console.log(summary(tallies));
  const different = isWhole ? differences(tallies) : [];
  for (const line of different) console.error(line);
  const isFailed = [...tallies.values()].some((tally) => [...tally.values()].some(({ state }) => state === "failed"));
  if (isFailed || different.length > 0) Deno.exit(1);
}

if (import.meta.main) await runScript(testNode);
