/**
 * How Node loads the tests: the library is the installed package, everything else is the checkout's TypeScript.
 *
 * `scripts/test_node.ts` has installed the package, the npm imports of the tests, and amaro, which takes the types out.
 */

// deno-lint-ignore-file explicit-module-boundary-types -- JavaScript has none

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = new URL("../../", import.meta.url).href;
/** An import from here resolves to the packages that are installed with ours. */
const CONSUMER = new URL("target/node-test/consumer.mjs", ROOT);
const require = createRequire(CONSUMER);
const PACKAGE = pathToFileURL(require.resolve("@giftgrab/core/package.json"));
// Node's own; unlike esbuild it needs no process, which Node's permissions would forbid, and every line stays in place.
const { transformSync } = require("amaro");

/** The module of the library that a file of the checkout stands for, if it is published. */
function installed(url) {
  const path = url.startsWith(ROOT) ? url.slice(ROOT.length) : "";
  const [, file, query = ""] = /^(mod|src\/(?!cli\/).+)\.ts(\?.*)?$/.exec(path) ?? [];
  return file && new URL(`${file}.js${query}`, PACKAGE).href;
}

export function resolve(specifier, context, next) {
  const [, name] = /^(?:npm|jsr):((?:@[^/]+\/)?[^@/]+)/.exec(specifier) ?? [];
  if (name !== undefined) return next(name, { ...context, parentURL: CONSUMER.href });
  if (/^(\.|file:)/.test(specifier)) {
    const url = installed(new URL(specifier, context.parentURL).href);
    if (url !== undefined) return next(url, context);
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const text = await readFile(fileURLToPath(url), "utf8");
  return { format: "module", source: transformSync(text, { mode: "strip-only" }).code, shortCircuit: true };
}
