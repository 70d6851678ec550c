/**
 * Makes the native library: installs missing packages and builds; does nothing if nothing has changed.
 *
 * `--tests` also needs the tools of the tests, and makes the machine of the device tests and a media server where that is
 * possible. `GIFTGRAB_NO_APT=1` forbids installing.
 */

import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { inPath, missing, type Requirement } from "./requirements.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");
const LIBRARY = "target/release/libgiftgrab.so";
const OLDEST_RUST: readonly [number, number] = [1, 89];

/** Whether the library at `root` is newer than everything it is built from. */
export function isFresh(root: string): boolean {
  const library = join(root, LIBRARY);
  if (!existsSync(library)) return false;
  const built = statSync(library).mtimeMs;
  const newer = (path: string): boolean => statSync(path).mtimeMs > built;
  const rust = readdirSync(join(root, "rust"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".rs") || path.endsWith(".toml"))
    .map((path) => join("rust", path));
  return !["Cargo.toml", "Cargo.lock", ...rust].some((path) => newer(join(root, path)));
}

/** The one line that installs `packages`. */
export function installLine(packages: readonly string[]): string {
  return `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/** Prints why set-up cannot go on, and ends the process. */
export function fail(sentence: string): never {
  console.error(sentence);
  Deno.exit(1);
}

/** Runs a command in the checkout; returns its exit code. */
function codeOf(command: string, args: string[], env: Record<string, string> = {}): number {
  return new Deno.Command(command, { args, cwd: ROOT, env, stdin: "null", stdout: "inherit", stderr: "inherit" })
    .outputSync().code;
}

/** Runs a command in the checkout; ends with a sentence if it fails. */
export function run(command: string, args: string[], env: Record<string, string> = {}): void {
  const code = codeOf(command, args, env);
  if (code !== 0) fail(`Cannot set up: \`${command} ${args.join(" ")}\` ended with ${code}; its output above says why`);
}

/** Installs missing packages, or ends with the command that does it. */
export function install(wanted: readonly Requirement[]): void {
  if (wanted.length === 0) return;
  const packages = [...new Set(wanted.flatMap((requirement) => requirement.packages))];
  const names = wanted.map(({ name }) => name).join(", ");
  if (!inPath("apt-get")) fail(`Cannot set up: this machine lacks ${names}; install them with its package manager`);
  if (Deno.uid() !== 0 || Deno.env.get("GIFTGRAB_NO_APT") === "1") {
    console.error(`Cannot set up: this machine lacks ${names}; run this line, then try again:`);
    fail(`sudo ${installLine(packages)}`);
  }
  console.log(`Installing ${packages.length} packages: ${packages.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-q"], env);
  run("apt-get", installLine(packages).split(" ").slice(1), env);
}

/**
 * Makes the machine of the device tests, and installs its tools, where that can be done.
 *
 * Those tests are skipped without it, so nothing here ends set-up.
 */
function makeMachine(): void {
  if (process.arch !== "x64" || !inPath("apt-get")) return;
  const lacking = missing("machine");
  const packages = [...new Set(lacking.flatMap((requirement) => requirement.packages))];
  if (lacking.length > 0) {
    const names = lacking.map(({ name }) => name).join(", ");
    if (Deno.uid() !== 0 || Deno.env.get("GIFTGRAB_NO_APT") === "1") {
      console.error(`The device tests will be skipped: this machine lacks ${names}; this line installs them:`);
      return console.error(`sudo ${installLine(packages)}`);
    }
    console.log(`Installing ${packages.length} packages: ${packages.join(" ")}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    codeOf("apt-get", ["update", "-q"], env);
    if (codeOf("apt-get", installLine(packages).split(" ").slice(1), env) !== 0) {
      return console.error("The device tests will be skipped: the packages above cannot be installed");
    }
  }
  if (codeOf("scripts/v4l2_vm/prepare.sh", []) !== 0) {
    console.error("The device tests will be skipped: their machine was not made; the lines above say why");
  }
}

/** Builds the media server of the network tests where that can be done; they are skipped without it. */
function makeMediaServer(): void {
  if (!inPath("go") || !inPath("npm")) return;
  if (codeOf("scripts/media_server/build.sh", []) !== 0) {
    console.error("The tests with a media server will be skipped: it was not built; the lines above say why");
  }
}

/** Ends with advice if Rust is missing or too old. */
export function requireRust(): void {
  const wanted = OLDEST_RUST.join(".");
  const how = "install it from https://rustup.rs and open a new shell";
  if (!inPath("cargo")) {
    if (existsSync(join(Deno.env.get("HOME") ?? "/", ".cargo/bin/cargo"))) {
      fail('Cannot set up: cargo is installed but not on the search path; run `. "$HOME/.cargo/env"`');
    }
    fail(`Cannot set up: this machine lacks Rust ${wanted} or newer; ${how}`);
  }
  const { stdout } = new Deno.Command("cargo", { args: ["--version"], cwd: ROOT, stderr: "null" }).outputSync();
  const text = new TextDecoder().decode(stdout).trim();
  const [, major = "0", minor = "0"] = /(\d+)\.(\d+)/.exec(text) ?? [];
  if (Number(major) < OLDEST_RUST[0] || (Number(major) === OLDEST_RUST[0] && Number(minor) < OLDEST_RUST[1])) {
    fail(`Cannot set up: ${text || "this cargo"} is older than ${wanted}; ${how}`);
  }
}

function build(): void {
  console.log("Building the native library; the first time takes some minutes");
  const started = new Date();
  run("cargo", ["build", "--release", "--locked", "-p", "giftgrab"]);
  const library = join(ROOT, LIBRARY);
  if (!existsSync(library)) fail(`Cannot set up: the build left no ${LIBRARY}; unset CARGO_TARGET_DIR and try again`);
  // Cargo leaves the file alone when a change does not reach it; the next set-up must still find it newest.
  utimesSync(library, started, started);
  console.log(`Built ${LIBRARY} in ${Math.round((Date.now() - started.getTime()) / 1000)} s`);
}

if (import.meta.main) {
  const stale = !isFresh(ROOT);
  if (stale) requireRust();
  install([...(stale ? missing("build") : []), ...(Deno.args.includes("--tests") ? missing("tests") : [])]);
  if (stale) build();
  if (Deno.args.includes("--tests")) {
    makeMachine();
    makeMediaServer();
  }
}
