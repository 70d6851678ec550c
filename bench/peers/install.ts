/**
 * Installs the peers under `target/bench/`, from the npm registry and from PyPI, and returns how to run them.
 *
 * A peer that cannot be installed is skipped by name and reason.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** The jobs of the programs. */
export type Job = "bgra" | "i420" | "i420-copy" | "encode";

/** A program that can do some of the jobs: it takes the job's name and its task as JSON, and prints an outcome. */
export interface Program {
  readonly name: string;
  readonly command: readonly string[];
  readonly jobs: readonly Job[];
}

/** The peers that are there, and why the others are not. */
export interface Peers {
  readonly programs: readonly Program[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

const NODE_AV = "6.1.1";
// Node 20 makes node-av end without a frame, so it comes along, too.
const NODE = "22.23.3";
const PYAV = "18.1.0";
const NUMPY = "2.4.6";

const SOURCES = import.meta.dirname ?? "bench/peers";
const CACHE = join(SOURCES, "..", "..", "target", "bench");

/** Installs the missing peers; does nothing if all are installed. */
export function installPeers(): Peers {
  const parts: readonly (readonly [name: string, install: () => Program[]])[] = [
    [`node-av ${NODE_AV}`, installNodeAv],
    [`PyAV ${PYAV}`, installPyav],
  ];
  const programs: Program[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const [name, install] of parts) {
    try {
      programs.push(...install());
    } catch (error) {
      skipped.push({ name, reason: error instanceof Error ? error.message.trim() : String(error) });
    }
  }
  return { programs, skipped };
}

function installNodeAv(): Program[] {
  const folder = join(CACHE, "node");
  const node = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  if (versionOf(folder, "node-av") !== NODE_AV || versionOf(folder, node) !== NODE) {
    console.log(`Installing node-av ${NODE_AV} and Node ${NODE} into ${folder}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    // Its installation script downloads an ffmpeg command, which the addon does not need.
    run("npm", [
      ...["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"],
      ...[`node-av@${NODE_AV}`, `${node}@${NODE}`],
    ]);
  }
  const copied = (file: string): string => {
    copyFileSync(join(SOURCES, file), join(folder, file));
    return join(folder, file);
  };
  const direct = copied("node_av.mjs");
  const generators = copied("node_av_api.mjs");
  const runtimes = [
    ["Node", [join(folder, "node_modules", node, "bin", "node")]],
    ["Deno", [process.execPath, "run", "-A", "--no-config", "--node-modules-dir=manual"]],
  ] as const;
  for (const [, command] of runtimes) run(command[0], [...command.slice(1), direct, "probe"]);
  return runtimes.flatMap(([runtime, command]): Program[] => [
    { name: `node-av ${runtime}`, command: [...command, direct], jobs: ["bgra", "i420", "i420-copy", "encode"] },
    { name: `node-av ${runtime}, generators`, command: [...command, generators], jobs: ["bgra", "i420"] },
  ]);
}

function installPyav(): Program[] {
  const folder = join(CACHE, "python");
  const python = join(folder, "bin", "python");
  const wanted = `${PYAV} ${NUMPY}`;
  const found = (): string =>
    existsSync(python) ? run(python, ["-c", "import av, numpy; print(av.__version__, numpy.__version__)"]) : "";
  let present = "";
  try {
    present = found();
  } catch {
    // A broken environment is made anew.
  }
  if (present !== wanted) {
    console.log(`Installing PyAV ${PYAV} into ${folder}`);
    run("python3", ["-m", "venv", "--clear", folder]);
    run(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", `av==${PYAV}`, `numpy==${NUMPY}`]);
    found();
  }
  return [{ name: "PyAV", command: [python, join(SOURCES, "pyav.py")], jobs: ["bgra", "i420", "encode"] }];
}

function versionOf(folder: string, name: string): string | undefined {
  const file = join(folder, "node_modules", name, "package.json");
  if (!existsSync(file)) return undefined;
  const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}
