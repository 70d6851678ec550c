/** The check of layers refuses a made-up bad tree of each kind and accepts the good one it was made from. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { checkCore, checkLayers } from "../../scripts/check_layers.ts";
import { checkArrows, roomArrows } from "../../scripts/layers/graph.ts";
import { rustArrows } from "../../scripts/layers/rust_arrows.ts";
import { onTree, places, type Tree } from "../helpers/tree.ts";

const LAYERS: Tree = {
  "mod.ts": 'export * from "./src/sources/source.ts";\n',
  "src/sources/source.ts":
    '// Deno.open and "node:fs" stand only in this comment.\nimport type { Pump } from "../native/pump.ts";\n',
  "src/native/context.ts":
    'import type { Backend } from "../backend/contract.ts";\nconst runtime = "Deno" in globalThis;\n' +
    'await import("../backend/deno/backend.ts");\n',
  "src/native/pump.ts": "export interface Pump {}\n",
  "src/pipeline/tap.ts": 'import type { Pump } from "../native/pump.ts";\n',
  "src/base/errors.ts": "export class Failure extends Error {}\n",
  "src/base/options.ts": 'import type { Failure } from "./errors.ts";\n',
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
  "rust/bindings/src/calls.rs": "use crate::context::Context;\n",
  "rust/bindings/src/context.rs": "pub(crate) struct Context;\n",
};

it("layers: the good tree is accepted", async () => {
  assert.deepEqual(await onTree(LAYERS, checkLayers), []);
});

const LAYER_BREAKS: readonly (readonly [what: string, file: string, text: string, place: string])[] = [
  ["Deno's API in neutral source", "src/pipeline/tap.ts", "\nDeno.cwd();\n", "src/pipeline/tap.ts:2"],
  ["Deno's API in a template", "src/pipeline/tap.ts", "const x = `${Deno.pid}`;\n", "src/pipeline/tap.ts:1"],
  ["node: in neutral source", "src/pipeline/tap.ts", '\n\nimport { open } from "node:fs";\n', "src/pipeline/tap.ts:3"],
  ["a dynamic node: import", "src/pipeline/tap.ts", 'await import("node:fs");\n', "src/pipeline/tap.ts:1"],
  [
    "a backend imported past native/context.ts",
    "src/native/pump.ts",
    'import "../backend/deno/backend.ts";\n',
    "src/native/pump.ts:1",
  ],
  [
    "a backend imported from another room",
    "src/pipeline/tap.ts",
    'import "../backend/deno/backend.ts";\n',
    "src/pipeline/tap.ts:1",
  ],
  ["a backend imported by the door", "mod.ts", 'export * from "./src/backend/deno/backend.ts";\n', "mod.ts:1"],
  [
    "a backend that knows a service",
    "src/backend/deno/backend.ts",
    'import "../../sources/source.ts";\n',
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
  [
    "a library that knows its command line",
    "src/pipeline/tap.ts",
    'import "../cli/record.ts";\n',
    "src/pipeline/tap.ts:1",
  ],
  ["a library that imports its door", "src/pipeline/tap.ts", 'import "../../mod.ts";\n', "src/pipeline/tap.ts:1"],
  [
    "a library that imports what is not its own",
    "src/pipeline/tap.ts",
    'import "../../npm/x.ts";\n',
    "src/pipeline/tap.ts:1",
  ],
  ["a package", "src/pipeline/tap.ts", 'import x from "npm:left-pad";\n', "src/pipeline/tap.ts:1"],
  [
    "an arrow that is not on the list",
    "src/base/options.ts",
    '\nexport * from "../pipeline/tap.ts";\n',
    "src/base/options.ts:2",
  ],
  [
    "an arrow of a type that is not on the list",
    "src/base/options.ts",
    '\ntype Tap = import("../pipeline/tap.ts").Tap;\n',
    "src/base/options.ts:2",
  ],
  [
    "a circle of files, of types only",
    "src/base/errors.ts",
    '\nimport type { Options } from "./options.ts";\n',
    "src/base/errors.ts:2",
  ],
  ["a file that imports itself", "src/base/errors.ts", 'import "./errors.ts";\n', "src/base/errors.ts:1"],
  ["a file that lies in no room", "src/stray.ts", "export {};\n", "src/stray.ts:1"],
  [
    "a circle of files in the bindings",
    "rust/bindings/src/context.rs",
    "pub(crate) struct Context;\nuse crate::calls::open;\n",
    "rust/bindings/src/calls.rs:1",
  ],
  ["unsafe in the domain", "rust/core/src/pipeline/hub.rs", "\nunsafe fn f() {}\n", "rust/core/src/pipeline/hub.rs:2"],
  [
    "unsafe after a character and a lifetime",
    "rust/core/src/pipeline/hub.rs",
    "fn f<'a>() { '\"'; unsafe {} }\n",
    "rust/core/src/pipeline/hub.rs:1",
  ],
  ["FFmpeg outside av", "rust/core/src/sys.rs", "use ffmpeg_sys_the_third as ff;\n", "rust/core/src/sys.rs:1"],
  [
    "FFmpeg in the bindings",
    "rust/bindings/src/lib.rs",
    "use ffmpeg_sys_the_third as ff;\n",
    "rust/bindings/src/lib.rs:1",
  ],
  [
    "a core that exports symbols",
    "rust/core/src/pipeline/hub.rs",
    "#[unsafe_free]\n#[no_mangle]\n",
    "rust/core/src/pipeline/hub.rs:2",
  ],
  [
    "a core that names its bindings",
    "rust/core/src/pipeline/hub.rs",
    "use giftgrab::table;\n",
    "rust/core/src/pipeline/hub.rs:1",
  ],
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
  [
    "an arrow of the core that is not on the list",
    "rust/core/src/sys.rs",
    "use crate::av::x;\n",
    "rust/core/src/sys.rs:1",
  ],
  ["a crate without a rule", "rust/new/Cargo.toml", "[package]\n", "rust/new/Cargo.toml:1"],
];

for (const [what, file, text, place] of LAYER_BREAKS) {
  it(`layers: ${what} is refused`, async () => {
    assert.deepEqual(places(await onTree({ ...LAYERS, [file]: text }, checkLayers)), [place]);
  });
}

it("layers: a circle of rooms is refused though each arrow is allowed", () => {
  const rooms = {
    roomOf: (file: string) => file.split("/")[0] ?? "",
    allowed: { a: ["b"], b: ["c"], c: ["a"], d: ["a"] },
  };
  const arrows = [
    { file: "d/1", line: 1, target: "a/1" },
    { file: "b/1", line: 3, target: "c/1" },
    { file: "c/2", line: 4, target: "a/2" },
    { file: "a/1", line: 2, target: "b/1" },
  ];
  assert.deepEqual(checkArrows(arrows, rooms), [
    { file: "a/1", line: 2, text: "a circle of folders: a → b → c → a; turn one arrow round" },
  ]);
  assert.deepEqual(roomArrows(arrows, rooms), ["a → b", "b → c", "c → a", "d → a"]);
});

it("layers: each circle of files is one finding, as short as it can be", () => {
  const rooms = { roomOf: () => "a", allowed: { a: [] } };
  const arrow = (file: string, target: string) => ({ file, line: 1, target });
  const group = [arrow("1", "2"), arrow("2", "3"), arrow("3", "4"), arrow("4", "1"), arrow("3", "1"), arrow("0", "1")];
  assert.deepEqual(checkArrows([...group, arrow("x", "y"), arrow("y", "x")], rooms).map(({ text }) => text), [
    "a circle of files: 1 → 2 → 3 → 1; turn one arrow round",
    "a circle of files: x → y → x; turn one arrow round",
  ]);
});

const CORE: Tree = {
  "rust/core/src/lib.rs":
    "pub mod base;\npub mod pipeline;\npub mod source;\npub mod tap;\npub use pipeline::Sender;\n",
  "rust/core/src/base/mod.rs": "mod error;\npub mod time;\npub use error::{Error, Result as Answer};\n",
  "rust/core/src/base/error.rs": "pub struct Error;\npub type Result<T> = core::result::Result<T, Error>;\n",
  "rust/core/src/base/time.rs": "use super::Error;\n\npub fn now() -> Result<u64, Error> { Ok(0) }\n",
  "rust/core/src/pipeline/mod.rs": "mod queue;\npub(crate) use queue::*;\npub use self::queue::Sender;\n",
  "rust/core/src/pipeline/queue.rs":
    "use crate::base::{self, time};\n\npub struct Sender(base::Error);\npub struct Receiver;\nfn f() { time::now(); }\n",
  "rust/core/src/source/mod.rs": `//! [\`crate::tap::Tap\`] is only named.
mod inner {
    use super::thread::Thread;
    use crate::{base::Answer as A, pipeline::{Receiver}};
    pub enum Kind { Tap }
}
use inner::Kind::{self, *};
use std::fmt;
mod thread;
const NAME: &str = "crate::tap::Tap";
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Fake { tap: crate::tap::Tap }
#[cfg(test)]
use crate::tap::{Tap};
#[cfg(test)]
mod tests { use crate::tap::Tap; }
`,
  "rust/core/src/source/thread.rs": "pub struct Thread;\nfn f() -> crate::Sender { $crate::base::time::now() }\n",
  "rust/core/src/source/thread_tests.rs": "use crate::tap::Tap;\n",
  "rust/core/src/tap/mod.rs": "pub struct Tap;\n",
};

it("layers: an arrow of Rust leads to the file that defines the item", async () => {
  const arrows = await onTree(CORE, (root) => rustArrows(root, "rust/core/src"));
  assert.deepEqual(
    arrows.map(({ file, line, target }) => `${file}:${line} ${target}`.replaceAll("rust/core/src/", "")),
    [
      "base/time.rs:1 base/error.rs",
      "pipeline/queue.rs:3 base/error.rs",
      "pipeline/queue.rs:5 base/time.rs",
      "source/mod.rs:3 source/thread.rs",
      "source/mod.rs:4 base/error.rs",
      "source/mod.rs:4 pipeline/queue.rs",
      "source/thread.rs:2 pipeline/queue.rs",
      "source/thread.rs:2 base/time.rs",
    ],
  );
  assert.deepEqual(await onTree(CORE, checkCore), []);
});

const CORE_BREAKS: readonly (readonly [what: string, file: string, text: string, place: string])[] = [
  ["an arrow that is not on the list", "source/thread.rs", "\nuse crate::tap::Tap;\n", "source/thread.rs:2"],
  ["an arrow in a path", "source/thread.rs", "\nfn f() -> crate::tap::Tap {}\n", "source/thread.rs:2"],
  [
    "an arrow in a tree of imports",
    "base/time.rs",
    "use crate::{\n  base,\n  tap::{self, Tap as T},\n};\n",
    "base/time.rs:3",
  ],
  ["an arrow past a re-export", "tap/mod.rs", "\nfn f() { crate::source::K; }\n", "tap/mod.rs:2"],
  ["an arrow after a test", "tap/mod.rs", "#[cfg(test)]\nfn f() {}\nuse crate::source::K;\n", "tap/mod.rs:3"],
  ["a re-export from another room", "tap/mod.rs", "pub use crate::source::K;\n", "tap/mod.rs:1"],
  ["a circle of files", "base/error.rs", "use super::time::now;\npub struct Error;\n", "base/error.rs:1"],
  [
    "a circle through the module above",
    "pipeline/mod.rs",
    "mod queue;\npub use queue::Receiver;\npub struct Hub(Receiver);\n",
    "pipeline/mod.rs:2",
  ],
  ["a file that lies in no room", "stray.rs", "pub struct Stray;\n", "stray.rs:1"],
];

for (const [what, file, text, place] of CORE_BREAKS) {
  it(`layers of Rust: ${what} is refused`, async () => {
    const more: Tree = what.includes("module above")
      ? { "rust/core/src/pipeline/queue.rs": "use super::Hub;\npub struct Receiver(Hub);\n" }
      : {};
    const tree = { ...CORE, ...more, [`rust/core/src/${file}`]: text };
    assert.deepEqual(places(await onTree(tree, checkCore)), [`rust/core/src/${place}`]);
  });
}
