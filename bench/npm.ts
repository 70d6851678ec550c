/**
 * Measures the npm packages that `deno task pack` made, installed, in Node: how long the start takes, and how much of
 * Node's thread pool many live sources leave free. `deno task bench-npm --help` lists the options.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { makeClip } from "./measure.ts";
import { median, spread } from "./statistics.ts";

interface Start {
  readonly importMs: number;
  readonly frameMs: number;
}

interface Sources {
  readonly idle: { readonly p50: number; readonly p99: number };
  readonly busy: { readonly p50: number; readonly p99: number };
  readonly captured: number;
  readonly missed: number;
  readonly seen: number;
  readonly written: number;
}

/** Bars of issue 5, in milliseconds and bytes. */
const BARS = { importMs: 60, frameMs: 150, statP50: 0.3, unpacked: 25e6, packed: 11e6 };
const SOURCES = 16;

const { values } = parseArgs({
  options: {
    packages: { type: "string", default: "target/npm" },
    variant: { type: "string", default: "default" },
    node: { type: "string", default: "20,22,24" },
    rounds: { type: "string", default: "11" },
    seconds: { type: "string", default: "10" },
    input: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(
    "deno task bench-npm [--packages target/npm] [--variant default] [--node 20,22,24]\n" +
      "  [--rounds 11] [--seconds 10] [--input FILE]",
  );
  process.exit(0);
}

const HERE = import.meta.dirname ?? "bench";
const folder = mkdtempSync(join(tmpdir(), "giftgrab-bench-"));
let missedBars = 0;

try {
  const tarballs = chooseTarballs(resolve(values.packages), values.variant);
  install(tarballs);
  const packed = tarballs.reduce((sum, tarball) => sum + statSync(tarball).size, 0);
  const unpacked = sizeOf(join(folder, "node_modules/@giftgrab"));
  judge("packed", packed / 1e6, BARS.packed / 1e6, "MB");
  judge("unpacked", unpacked / 1e6, BARS.unpacked / 1e6, "MB");

  const clip = values.input ?? makeClip({
    path: join(folder, "clip.mp4"),
    file: undefined,
    frames: 30,
    noise: 0,
    quality: 23,
  });
  const nodes = values.node.split(",").map((version) => [version, nodeOf(version)] as const);
  const starts = new Map<string, Start[]>(nodes.map(([version]) => [version, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [version, node] of nodes) starts.get(version)?.push(child(node, "start.mjs", clip));
  }
  for (const [version, runs] of starts) {
    for (const key of ["importMs", "frameMs"] as const) {
      const times = runs.map((run) => run[key]);
      const what = key === "importMs" ? "import" : "import to the first frame shown";
      judge(`Node ${version}: ${what}`, median(times), BARS[key], "ms", spread(times));
    }
  }
  for (const [version, node] of nodes) {
    const { idle, busy, ...counts }: Sources = child(node, "sources.mjs", `${SOURCES}`, values.seconds, folder);
    console.log(
      `Node ${version}: ${SOURCES} live sources: fs.stat p50 idle ${idle.p50.toFixed(3)}, p99 ${
        busy.p99.toFixed(3)
      } ms; ` +
        `${JSON.stringify(counts)}`,
    );
    judge(`Node ${version}: fs.stat p50 beside ${SOURCES} live sources`, busy.p50, BARS.statP50, "ms");
    const lost = counts.missed + 2 * counts.captured - counts.seen - counts.written;
    judge(`Node ${version}: frames lost`, lost, 0, "");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (missedBars > 0) console.log(`${missedBars} bars missed`);

function judge(what: string, value: number, bar: number, unit: string, range?: string): void {
  const isMet = value <= bar;
  if (!isMet) missedBars++;
  const spreadText = range === undefined ? "" : ` (${range})`;
  console.log(`${what}: ${Number(value.toFixed(3))} ${unit}${spreadText}; bar ${bar}: ${isMet ? "met" : "missed"}`);
}

function chooseTarballs(packages: string, variant: string): string[] {
  const platform = `${process.platform}-${process.arch}-gnu`;
  const wanted = ["core", `core-${platform}${variant === "gpl" ? "-gpl" : ""}`];
  const files = readdirSync(packages);
  return wanted.map((name) => {
    const file = files.find((file) => new RegExp(`^giftgrab-${name}-\\d.*\\.tgz$`).test(file));
    if (file === undefined) {
      throw new Error(`Cannot measure: ${packages} has no tarball of ${name}; run: deno task pack`);
    }
    return join(packages, file);
  });
}

function install(tarballs: readonly string[]): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  npm(folder, ...tarballs);
  for (const file of ["start.mjs", "sources.mjs"]) copyFileSync(join(HERE, "npm", file), join(folder, file));
}

/** The binary of a version of Node, from npm; kept for the next time. */
function nodeOf(version: string): string {
  const cache = join(HERE, "..", "target", "bench", `node-${version}`);
  mkdirSync(cache, { recursive: true });
  if (!readdirSync(cache).includes("node_modules")) {
    writeFileSync(join(cache, "package.json"), JSON.stringify({ private: true }));
    execFileSync("npm", ["install", "--prefix", cache, "--no-audit", "--no-fund", "--silent", `node@${version}`]);
  }
  return join(cache, "node_modules/node/bin/node");
}

function npm(prefix: string, ...packages: readonly string[]): void {
  execFileSync("npm", ["install", "--prefix", prefix, "--offline", "--no-audit", "--no-fund", "--silent", ...packages]);
}

function child<T>(node: string, script: string, ...args: readonly string[]): T {
  return JSON.parse(execFileSync(node, [join(folder, script), ...args], { encoding: "utf8" }));
}

function sizeOf(path: string): number {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((file) => statSync(join(path, file)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}
