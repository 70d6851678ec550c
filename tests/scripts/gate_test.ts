/** Each check of the gate refuses a made-up bad tree and accepts the good one it was made from. */

import assert from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { it } from "node:test";
import { checkGenerated } from "../../scripts/check_generated.ts";
import { checkLengths } from "../../scripts/check_lengths.ts";
import { checkLibrary, checkTable, headerFunctions, missingSymbols } from "../../scripts/check_symbols.ts";
import { checkVersions } from "../../scripts/check_versions.ts";
import { onlyDeno } from "../helpers/runtime.ts";
import { onTree, places, type Tree } from "../helpers/tree.ts";
import { installLine, isFresh } from "../../scripts/setup.ts";

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
  gg_events_now: { name: "gg_events", parameters: ["u32", "buffer", "usize"], result: "i32" },
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

const AT = "src/backend/deno/symbols.ts";
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
  ["another width under another name", '"gg_events", parameters: ["u32"', '"gg_events", parameters: ["u64"', `${AT}:4`],
  ["another name", 'name: "gg_events"', 'name: "gg_event"', `${AT}:4`],
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
  "src/base/version.ts": 'export const VERSION = "1.2.3";\n',
  "docs/packages.md": '`import "npm:@giftgrab/core-linux-x64-gnu-gpl@1.2.3"`\n',
};

const VERSION_BREAKS: readonly (readonly [what: string, file: string, text: string, place: string])[] = [
  ["another version in Cargo.toml", "Cargo.toml", '[workspace.package]\nversion = "1.2.4"\n', "Cargo.toml:2"],
  ["no version in Cargo.toml", "Cargo.toml", "[workspace.package]\n[profile.release]\n", "Cargo.toml:1"],
  ["another version in Cargo.lock", "Cargo.lock", 'name = "giftgrab-core"\nversion = "1.2.2"\n', "Cargo.lock:2"],
  [
    "another version in the sources",
    "src/base/version.ts",
    '\nexport const VERSION = "1";\n',
    "src/base/version.ts:2",
  ],
  [
    "another version in a document",
    "docs/packages.md",
    '\n`import "npm:@giftgrab/core-x@1.2.2"`\n',
    "docs/packages.md:2",
  ],
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
