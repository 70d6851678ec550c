/** A native library with FFmpeg in it, as the bundling build leaves it: beside it lie the licences of its parts. */

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ScriptError } from "../command.ts";
import type { Component } from "./component.ts";

/** A native library that is to be packed. */
export interface Bundle {
  /** Path of the library. */
  readonly library: string;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** The version of Rust that has built it. */
  readonly rust: string;
  /** The parts that were linked into it besides Rust code. */
  readonly components: readonly Component[];
}

/** The file among the licences that holds the version of Rust. */
export const RUST_VERSION = "rust-version";

/** One entry of `licences.json`. */
interface Entry {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly url: string;
  /** Empty for parts of the compiler or the system. */
  readonly sha256: string;
  /** Paths of its texts beside `licences.json`. */
  readonly files: readonly string[];
}

/**
 * The library at `library`, with its parts from the folder `licences` beside it.
 *
 * @throws {ScriptError} If one of them is missing.
 */
export function readBundle(library: string): Bundle {
  const folder = join(dirname(library), "licences");
  const index = join(folder, "licences.json");
  const rust = join(folder, RUST_VERSION);
  for (const path of [library, index, rust]) {
    if (existsSync(path)) continue;
    throw new ScriptError(`Cannot pack "${path}": it is missing; build the bundled library, or name its path`);
  }
  const entries = JSON.parse(readFileSync(index, "utf8")) as Entry[];
  return {
    library,
    sha256: createHash("sha256").update(readFileSync(library)).digest("hex"),
    rust: readFileSync(rust, "utf8").trim(),
    components: entries.map(({ name, version, licence, url, sha256, files }) => ({
      name,
      version,
      licence,
      source: url,
      ...(sha256 === "" ? {} : { sha256 }),
      texts: files.map((file) => readFileSync(join(folder, file), "utf8")),
    })),
  };
}

/**
 * A copy of `library` in `folder` as a bundle that lists no parts: its package is for the machine that built it only.
 *
 * @returns Path of the copy.
 */
export function bareBundle(library: string, folder: string): string {
  const licences = join(folder, "licences");
  mkdirSync(licences, { recursive: true });
  const copy = join(folder, basename(library));
  cpSync(library, copy);
  writeFileSync(join(licences, "licences.json"), "[]\n");
  writeFileSync(join(licences, RUST_VERSION), "0\n");
  return copy;
}
