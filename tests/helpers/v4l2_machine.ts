/** The machine of the device tests: a kernel with virtual cameras, in which this runtime runs a program. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ROOT } from "./example.ts";
import { isFullProof } from "./proof.ts";
import { isDeno } from "./runtime.ts";

const FOLDER = join(ROOT, "target/v4l2_vm");
const RUN = join(ROOT, "scripts/v4l2_vm/run.sh");

/** The longest life of the machine, in seconds: a test needs three minutes where nothing else runs. */
const LIMIT_S = 900;

/** Settings of the tests that need the machine: where there is none, they are skipped for that reason. */
export function whereMachine(): { readonly skip: string | false } {
  return { skip: lacking() ?? false };
}

function lacking(): string | undefined {
  if (process.arch !== "x64") return "the machine with virtual cameras is made for x64 alone";
  const hasQemu = spawnSync("qemu-system-x86_64", ["--version"], { stdio: "ignore" }).status === 0;
  if (!hasQemu) return "QEMU is not installed; `deno task setup-tests` says how";
  // It is written last.
  if (existsSync(join(FOLDER, "recipe"))) return undefined;
  return "the machine with virtual cameras is not made; `deno task setup-tests` makes it";
}

/** What a program in the machine has left behind. */
export interface MachineRun {
  /** The lines of its output. */
  readonly lines: readonly string[];
  /** Everything else that was said, to understand a failure. */
  readonly words: string;
}

/**
 * Boots the machine and runs a program of the checkout in it, on the runtime that this is, with `folder` as its
 * `/mnt/job`. All else that it can write to is below `/mnt`, in memory.
 *
 * Nothing but the program ends it early: a failure to boot is in `words`.
 */
export async function runInMachine(script: URL, folder: string, ...args: readonly string[]): Promise<MachineRun> {
  const flags = isDeno ? ["run", "-A", "--quiet", "--cached-only", "--no-check", "--no-lock"] : [];
  const command = [realpathSync(process.execPath), ...flags, fileURLToPath(script), ...args];
  const { GIFTGRAB_LIB, NODE_OPTIONS } = process.env;
  const env = { DENO_DIR: "/mnt/deno", GIFTGRAB_LIB, NODE_OPTIONS, ...(isFullProof && { GIFTGRAB_PROOF: "full" }) };
  const exports = Object.entries(env).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `export ${name}=${quoted(value ?? "")}\n`);
  writeFileSync(join(folder, "job.sh"), `${exports.join("")}exec ${command.map(quoted).join(" ")}\n`);
  const machine = spawn(RUN, [folder, String(LIMIT_S)], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  machine.stderr.on("data", (chunk: Uint8Array) => words += new TextDecoder().decode(chunk));
  // Its own trap ends the machine with it.
  const end = (): void => void machine.kill("SIGTERM");
  process.once("exit", end);
  const status = await new Promise<number | string | null>((resolve, reject) => {
    machine.once("error", reject);
    machine.once("close", (code, signal) => resolve(code ?? signal));
  });
  process.removeListener("exit", end);
  const read = (name: string): string => existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
  return {
    lines: read("stdout").split("\n").filter((line) => line !== ""),
    words: [`status ${status}`, words, read("stderr"), read("console")].map((part) => part.trim()).join("\n").trim(),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A folder for one run, which is removed by {@linkcode Job.remove}. */
export class Job {
  readonly folder: string = mkdtempSync(join(tmpdir(), "giftgrab-machine-"));

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.folder, name);
  }

  /** Removes it, unless `GIFTGRAB_KEEP` is set. */
  remove(): void {
    if (process.env.GIFTGRAB_KEEP === undefined) rmSync(this.folder, { recursive: true, force: true });
    else console.log(`kept: ${this.folder}`);
  }
}
