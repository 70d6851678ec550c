/** The Rust code that is in the native library, with its licences. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { outputOf, ScriptError } from "../command.ts";
import type { Component } from "./component.ts";
import { chosenLicences } from "./licence.ts";

/** Cargo's features of a library with FFmpeg in it. */
export const BUNDLED: readonly string[] = ["--no-default-features", "--features=bundled"];

interface Crate {
  readonly name: string;
  readonly version: string;
  readonly license: string | null;
  readonly authors: readonly string[];
  readonly manifest_path: string;
  /** `null` for a crate of ours. */
  readonly source: string | null;
}

/** Files that hold a licence or a notice. */
const TEXTS = /^(licen[cs]e|copying|copyright|notice|patents|unlicen[cs]e)/i;

/** Among those, files that hold the text of one licence, which we may not have chosen. */
const NAMED: readonly (readonly [file: RegExp, licence: string])[] = [
  [/^licen[cs]e[-_.]apache[^_]*(_with_llvm.*)?$/i, "Apache-2.0"],
  [/^licen[cs]e[-_.]mit/i, "MIT"],
  [/^unlicen[cs]e/i, "Unlicense"],
];

/**
 * The crates of others that are linked into the bundled library for `target`, and the standard library of Rust `rust`.
 *
 * @throws {ScriptError} If a crate names no licence, or none of its files contains it.
 */
export async function linkedCrates(root: string, target: string, rust: string): Promise<Component[]> {
  const tree = await outputOf(
    "cargo",
    // Macros run while it is built; nothing of them is in it.
    [
      "tree",
      "--locked",
      "-p",
      "giftgrab",
      ...BUNDLED,
      "-e",
      "normal,no-proc-macro",
      "--prefix=none",
      "--target",
      target,
    ],
    { cwd: root },
  );
  const linked = new Set(tree.split("\n").map((line) => line.split(" ").slice(0, 2).join(" ")));
  const metadata = await outputOf(
    "cargo",
    ["metadata", "--locked", "--format-version=1", "--filter-platform", target],
    {
      cwd: root,
    },
  );
  const { packages } = JSON.parse(metadata) as { readonly packages: readonly Crate[] };
  const standard = await standardLibrary(rust);
  const mit = standard.texts[0] ?? "";
  return [
    ...packages
      .filter(({ name, version, source }) => source !== null && linked.has(`${name} v${version}`))
      .map((crate) => componentOf(crate, mit)),
    standard,
  ];
}

function componentOf({ name, version, license, authors, manifest_path }: Crate, mit: string): Component {
  if (license === null) throw new ScriptError(`Cannot find the licence of crate ${name}: its Cargo.toml names none`);
  const chosen = chosenLicences(license, `crate ${name}`);
  const folder = dirname(manifest_path);
  const files = readdirSync(folder).filter((file) => TEXTS.test(file)).sort();
  const wanted = files.filter((file) => {
    const named = NAMED.find(([pattern]) => pattern.test(file));
    return named === undefined || chosen.includes(named[1]);
  });
  const texts = (wanted.length > 0 ? wanted : files).map((file) => readFileSync(join(folder, file), "utf8"));
  if (texts.length === 0) {
    if (!chosen.includes("MIT")) {
      throw new ScriptError(`Cannot find the licence of crate ${name}: its source has no file with ${license}`);
    }
    texts.push(`Copyright (c) ${authors.join(", ") || `the authors of ${name}`}\n\n${mit}`);
  }
  return { name, version, licence: license, source: `https://crates.io/crates/${name}/${version}`, texts };
}

/** Rust's standard library, whose own parts are under the same licences. */
async function standardLibrary(version: string): Promise<Component> {
  const folder = join((await outputOf("rustc", ["--print=sysroot"])).trim(), "share/doc/rust/licenses");
  if (!existsSync(folder)) {
    throw new ScriptError(`Cannot find the licence of Rust: "${folder}" is missing; install Rust by rustup`);
  }
  return {
    name: "Rust standard library",
    version,
    licence: "(MIT OR Apache-2.0) AND Unicode-3.0",
    source: `https://github.com/rust-lang/rust/tree/${version}/library`,
    texts: ["MIT.txt", "Unicode-3.0.txt"].map((file) => readFileSync(join(folder, file), "utf8")),
  };
}
