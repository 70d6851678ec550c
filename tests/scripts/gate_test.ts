/** Each check of the gate refuses a made-up bad tree and accepts the good one it was made from. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { it } from "node:test";
import { checkGenerated } from "../../scripts/check_generated.ts";
import { checkLayers } from "../../scripts/check_layers.ts";
import { checkLengths } from "../../scripts/check_lengths.ts";
import { checkLibrary, checkTable, headerFunctions, missingSymbols } from "../../scripts/check_symbols.ts";
import { checkVersions } from "../../scripts/check_versions.ts";
import type { Finding } from "../../scripts/finding.ts";
import { onlyDeno } from "../helpers/runtime.ts";
import { installLine, isFresh } from "../../scripts/setup.ts";

type Tree = Readonly<Record<string, string>>;

/** Runs `use` on a temporary folder that holds `tree`. */
async function onTree<T>(tree: Tree, use: (root: string) => T | Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "giftgrab-gate-"));
  try {
    for (const [file, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return await use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** `file:line` of each finding. */
function places(findings: readonly Finding[]): string[] {
  return findings.map(({ file, line }) => `${file}:${line}`);
}

const LAYERS: Tree = {
  "mod.ts": 'export * from "./src/source.ts";\n',
  "src/source.ts":
    '// Deno.open and "node:fs" stand only in this comment.\nimport type { Backend } from "./backend/contract.ts";\n',
  "src/native/context.ts": 'const runtime = "Deno" in globalThis;\nawait import("../backend/deno/backend.ts");\n',
  "src/base/errors.ts": "export class Failure extends Error {}\n",
  "src/backend/contract.ts": 'import type { Failure } from "../base/errors.ts";\n',
  "src/backend/deno/backend.ts":
    'import { Failure } from "../../base/errors.ts";\nimport "./library.ts";\nDeno.cwd();\n',
  "src/backend/node/backend.ts": 'import { dlopen } from "node:process";\n',
  "src/cli/record.ts": 'import { parseArgs } from "node:util";\nimport "../../mod.ts";\nDeno.exit();\n',
  "rust/core/Cargo.toml": "[dependencies]\nrav1e.workspace = true\n",
  "rust/core/src/lib.rs": "#![deny(unsafe_code)]\n//! Not unsafe.\nfn f<'a>(x: &'a str) {}\n",
  "rust/core/src/av/frame.rs": "use ffmpeg_sys_the_third as ff;\nunsafe fn f() {}\n",
  "rust/core/src/sys.rs": "unsafe fn f() {}\n",
  "rust/bindings/Cargo.toml": '[lib]\nname = "giftgrab"\n[dependencies]\ngiftgrab-core.workspace = true\n',
  "rust/bindings/src/lib.rs": "unsafe fn f() {}\n",
};

it("layers: the good tree is accepted", async () => {
  assert.deepEqual(await onTree(LAYERS, checkLayers), []);
});

const LAYER_BREAKS: readonly (readonly [what: string, file: string, text: string, place: string])[] = [
  ["Deno's API in neutral source", "src/source.ts", "\nDeno.cwd();\n", "src/source.ts:2"],
  ["Deno's API in a template", "src/source.ts", "const x = `${Deno.pid}`;\n", "src/source.ts:1"],
  ["node: in neutral source", "src/source.ts", '\n\nimport { open } from "node:fs";\n', "src/source.ts:3"],
  ["a dynamic node: import", "src/source.ts", 'await import("node:fs");\n', "src/source.ts:1"],
  [
    "a backend imported past native/context.ts",
    "src/source.ts",
    'import "./backend/deno/backend.ts";\n',
    "src/source.ts:1",
  ],
  ["a backend imported by the door", "mod.ts", 'export * from "./src/backend/deno/backend.ts";\n', "mod.ts:1"],
  [
    "a backend that knows a service",
    "src/backend/deno/backend.ts",
    'import "../../source.ts";\n',
    "src/backend/deno/backend.ts:1",
  ],
  [
    "a backend that knows another",
    "src/backend/deno/backend.ts",
    'import "../node/backend.ts";\n',
    "src/backend/deno/backend.ts:1",
  ],
  [
    "a contract with values",
    "src/backend/contract.ts",
    'import { Failure } from "../base/errors.ts";\n',
    "src/backend/contract.ts:1",
  ],
  ["a library that knows its command line", "src/source.ts", 'import "./cli/record.ts";\n', "src/source.ts:1"],
  ["a library that imports its door", "src/source.ts", 'import "../mod.ts";\n', "src/source.ts:1"],
  ["a package", "src/source.ts", 'import x from "npm:left-pad";\n', "src/source.ts:1"],
  ["unsafe in the domain", "rust/core/src/hub.rs", "\nunsafe fn f() {}\n", "rust/core/src/hub.rs:2"],
  [
    "unsafe after a character and a lifetime",
    "rust/core/src/hub.rs",
    "fn f<'a>() { '\"'; unsafe {} }\n",
    "rust/core/src/hub.rs:1",
  ],
  ["FFmpeg outside av", "rust/core/src/sys.rs", "use ffmpeg_sys_the_third as ff;\n", "rust/core/src/sys.rs:1"],
  [
    "FFmpeg in the bindings",
    "rust/bindings/src/lib.rs",
    "use ffmpeg_sys_the_third as ff;\n",
    "rust/bindings/src/lib.rs:1",
  ],
  ["a core that exports symbols", "rust/core/src/hub.rs", "#[unsafe_free]\n#[no_mangle]\n", "rust/core/src/hub.rs:2"],
  ["a core that names its bindings", "rust/core/src/hub.rs", "use giftgrab::table;\n", "rust/core/src/hub.rs:1"],
  [
    "a core that depends on its bindings",
    "rust/core/Cargo.toml",
    '[dependencies]\ngiftgrab = "1"\n',
    "rust/core/Cargo.toml:2",
  ],
  [
    "bindings with a dependency",
    "rust/bindings/Cargo.toml",
    '[dependencies]\nrav1e = "1"\n',
    "rust/bindings/Cargo.toml:2",
  ],
  [
    "bindings with a long dependency",
    "rust/bindings/Cargo.toml",
    "[dependencies.rav1e]\n",
    "rust/bindings/Cargo.toml:1",
  ],
  ["a crate without a rule", "rust/new/Cargo.toml", "[package]\n", "rust/new/Cargo.toml:1"],
];

for (const [what, file, text, place] of LAYER_BREAKS) {
  it(`layers: ${what} is refused`, async () => {
    assert.deepEqual(places(await onTree({ ...LAYERS, [file]: text }, checkLayers)), [place]);
  });
}

const HEADER = `/**
 * gg_comment(uint32_t no);
 */
uint32_t gg_abi_version(void);

int32_t gg_events(uint32_t handle,
                  const uint8_t *out,
                  uintptr_t cap);
`;
const TABLE = `export const SYMBOLS = {
  gg_abi_version: { parameters: [], result: "u32" },
  gg_events: { parameters: ["u32", "buffer", "usize"], result: "i32", nonblocking: true },
} as const;
`;
const symbols = (table: string): Tree => ({
  "rust/bindings/giftgrab.h": HEADER,
  "src/backend/deno/symbols.ts": table,
});

it("symbols: an equal table is accepted", async () => {
  assert.deepEqual([...headerFunctions(HEADER).keys()], ["gg_abi_version", "gg_events"]);
  assert.deepEqual(await onTree(symbols(TABLE), checkTable), []);
});

const SYMBOL_BREAKS: readonly (readonly [what: string, from: string, to: string, place: string])[] = [
  ["a missing symbol", "gg_abi_version:", "// gg_abi_version:", "rust/bindings/giftgrab.h:4"],
  [
    "a stranger",
    "gg_abi_version:",
    'gg_new: { parameters: [], result: "u32" },\n  gg_abi_version:',
    "src/backend/deno/symbols.ts:2",
  ],
  ["another width", '["u32", "buffer"', '["u64", "buffer"', "src/backend/deno/symbols.ts:3"],
  ["another arity", '"buffer", "usize"]', '"buffer"]', "src/backend/deno/symbols.ts:3"],
  ["a pointer for a buffer", '"buffer"', '"pointer"', "src/backend/deno/symbols.ts:3"],
  ["another result", 'result: "u32"', 'result: "i32"', "src/backend/deno/symbols.ts:2"],
];

for (const [what, from, to, place] of SYMBOL_BREAKS) {
  it(`symbols: ${what} is refused`, async () => {
    assert.ok(TABLE.includes(from));
    assert.deepEqual(places(await onTree(symbols(TABLE.replace(from, to)), checkTable)), [place]);
  });
}

it("symbols: a missing table is refused", async () => {
  const tree = { "rust/bindings/giftgrab.h": HEADER };
  assert.deepEqual(places(await onTree(tree, checkTable)), ["src/backend/deno/symbols.ts:1"]);
});

it("symbols: an empty header is refused", async () => {
  const tree = { ...symbols("export const SYMBOLS = {};\n"), "rust/bindings/giftgrab.h": "\n" };
  assert.deepEqual(places(await onTree(tree, checkTable)), ["rust/bindings/giftgrab.h:1"]);
});

it(
  "symbols: a library that lacks one, or is not there, is refused",
  onlyDeno("the check asks Deno's FFI"),
  async () => {
    assert.deepEqual(missingSymbols("libc.so.6", ["strlen", "gg_nothing"]), ["gg_nothing"]);
    assert.deepEqual(places(await onTree(symbols(TABLE), checkLibrary)), ["target/release/libgiftgrab.so:1"]);
  },
);

it("lengths: 401 lines are refused, except in tests and generated files", async () => {
  const lines = (count: number): string => "x\n".repeat(count);
  const tree = {
    "src/good.ts": lines(400),
    "src/bad.ts": lines(401),
    "rust/bad.rs": lines(500),
    "bad.sh": lines(401),
    "tests/unit/long_test.ts": lines(900),
    "rust/core/tests/long.rs": lines(900),
    "src/generated/long.ts": lines(900),
    "target/long.rs": lines(900),
    "rust/core/src/target/bad.rs": lines(401),
  };
  assert.deepEqual(places(await onTree(tree, checkLengths)), [
    "bad.sh:401",
    "rust/bad.rs:401",
    "rust/core/src/target/bad.rs:401",
    "src/bad.ts:401",
  ]);
});

const VERSIONS: Tree = {
  "deno.json": '{ "version": "1.2.3" }',
  "Cargo.toml": '[workspace]\nresolver = "3"\n\n[workspace.package]\nedition = "2024"\nversion = "1.2.3"\n',
  "Cargo.lock": '[[package]]\nname = "giftgrab"\nversion = "1.2.3"\n\n[[package]]\nname = "rav1e"\nversion = "9.9.9"\n',
  "rust/core/Cargo.toml": "[package]\nversion.workspace = true\n",
  "src/backend/version.ts": 'export const VERSION = "1.2.3";\n',
  "README.md": '`import "npm:@giftgrab/core-linux-x64-gnu-gpl@1.2.3"`\n',
};

const VERSION_BREAKS: readonly (readonly [what: string, file: string, text: string, place: string])[] = [
  ["another version in Cargo.toml", "Cargo.toml", '[workspace.package]\nversion = "1.2.4"\n', "Cargo.toml:2"],
  ["no version in Cargo.toml", "Cargo.toml", "[workspace.package]\n[profile.release]\n", "Cargo.toml:1"],
  ["another version in Cargo.lock", "Cargo.lock", 'name = "giftgrab-core"\nversion = "1.2.2"\n', "Cargo.lock:2"],
  [
    "another version in the sources",
    "src/backend/version.ts",
    '\nexport const VERSION = "1";\n',
    "src/backend/version.ts:2",
  ],
  ["another version in the README", "README.md", '\n`import "npm:@giftgrab/core-x@1.2.2"`\n', "README.md:2"],
  ["a crate's own version", "rust/core/Cargo.toml", '[package]\nversion = "1.2.3"\n', "rust/core/Cargo.toml:2"],
];

it("versions: equal ones are accepted", async () => {
  assert.deepEqual(await onTree(VERSIONS, checkVersions), []);
});

for (const [what, file, text, place] of VERSION_BREAKS) {
  it(`versions: ${what} is refused`, async () => {
    assert.deepEqual(places(await onTree({ ...VERSIONS, [file]: text }, checkVersions)), [place]);
  });
}

it("generated files: a missing, an edited and a cut one are refused", async () => {
  const expected = new Map([["same", "a\nb\n"], ["missing", "a\n"], ["edited", "a\nb\n"], ["cut", "a\nb\n"]]);
  const tree = { same: "a\nb\n", edited: "a\nc\n", cut: "a" };
  const findings = await onTree(tree, (root) => checkGenerated(root, expected));
  assert.deepEqual(places(findings), ["missing:1", "edited:2", "cut:2"]);
});

it("set-up: a library counts as fresh only while it is newer than every source", async () => {
  const tree = { "Cargo.toml": "", "Cargo.lock": "", "rust/core/src/lib.rs": "", "rust/bindings/giftgrab.h": "" };
  await onTree(tree, (root) => {
    const library = join(root, "target/release/libgiftgrab.so");
    const touch = (file: string, seconds: number): void => utimesSync(join(root, file), seconds, seconds);
    Object.keys(tree).forEach((file) => touch(file, 1000));
    assert.equal(isFresh(root), false);
    mkdirSync(dirname(library), { recursive: true });
    writeFileSync(library, "");
    touch("target/release/libgiftgrab.so", 2000);
    touch("rust/bindings/giftgrab.h", 3000);
    assert.equal(isFresh(root), true);
    for (const file of ["rust/core/src/lib.rs", "Cargo.toml", "Cargo.lock"]) {
      touch(file, 3000);
      assert.equal(isFresh(root), false, file);
      touch(file, 1000);
    }
  });
});

it("set-up: the line to run names every package", () => {
  assert.equal(installLine(["gcc", "nasm"]), "apt-get install -y --no-install-recommends gcc nasm");
});
