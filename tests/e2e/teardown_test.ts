/** Workers and processes that end in the middle of recordings: no crash, no hang, nothing left behind. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { withFolder } from "../helpers/folder.ts";
import { HANG_MS } from "../helpers/hang.ts";
import { inParallel, isFullProof, Random } from "../helpers/proof.ts";

const SCRIPT = fileURLToPath(new URL("../fixtures/teardown_child.ts", import.meta.url));
const WORKERS = isFullProof ? 1000 : 20;
const PROCESSES = isFullProof ? 1000 : 10;

interface Ended {
  readonly status: number | string | null;
  readonly rounds: number;
  readonly complaints: string;
}

function run(kind: "workers" | "process", seed: number, folder: string, rounds: number): Promise<Ended> {
  const args = ["Deno" in globalThis ? ["run", "-A"] : [], SCRIPT, kind, `${seed}`, folder, `${rounds}`].flat();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let complaints = "";
  const hang = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
  child.stdout.on("data", (chunk: Uint8Array) => {
    printed += new TextDecoder().decode(chunk);
    hang.refresh();
  });
  child.stderr.on("data", (chunk: Uint8Array) => complaints += new TextDecoder().decode(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => {
      clearTimeout(hang);
      resolve({ status: status ?? signal, rounds: printed.trim().split("\n").length, complaints });
    });
  });
}

describe("what ends in the middle of a recording", () => {
  const random = new Random();

  it(`${WORKERS} workers end at any moment, and their recordings with them`, async (test) => {
    test.diagnostic(`seed ${random.seed}`);
    const ended = await withFolder((folder) => run("workers", random.seed, folder, WORKERS));
    assert.deepEqual(ended, { status: 0, rounds: WORKERS, complaints: "" });
  });

  it(`${PROCESSES} processes exit at any moment`, async (test) => {
    test.diagnostic(`seed ${random.seed}`);
    await withFolder((folder) =>
      inParallel(2, Array.from({ length: PROCESSES }, (_, round) => random.seed + round), async (seed) => {
        const { status, rounds, complaints } = await run("process", seed, folder, 1);
        assert.deepEqual({ seed, status, rounds, complaints }, { seed, status: 0, rounds: 1, complaints: "" });
      })
    );
  });
});
