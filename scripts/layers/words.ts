/** The places of dangerous words, and the imports besides files. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Finding, lineAt } from "../finding.ts";
import { rustCode, typescriptCode } from "../source_text.ts";
import { type Import, importsOf, targetOf } from "./typescript.ts";

const RUNTIMES = /^src\/(backend\/[^/]+|cli)\//;
const BACKEND = /^src\/backend\/[^/]+\//;
const CONTRACT = "src/backend/contract.ts";
const OPENER = "src/native/context.ts";

/** Every use of a runtime or of a package in a file of the library that may not have it. */
export function checkTypescriptWords(root: string, file: string): Finding[] {
  const text = readFileSync(join(root, file), "utf8");
  const uses = RUNTIMES.test(file) ? [] : [...typescriptCode(text, "blank").matchAll(/\bDeno\s*(\.|\[|\?\.)/g)];
  return [
    ...uses.map(({ index }): Finding => ({
      ...{ file, line: lineAt(text, index) },
      text: "Deno's API is for src/backend/deno/ and src/cli/; ask the backend contract for it",
    })),
    ...importsOf(root, file).flatMap((each): Finding[] => {
      const why = refusal(each);
      return why === undefined ? [] : [{ file, line: each.line, text: `${JSON.stringify(each.specifier)}: ${why}` }];
    }),
  ];
}

/** Why the import is not allowed, if it is not. */
function refusal(each: Import): string | undefined {
  const { file, specifier, isType } = each;
  if (specifier.startsWith("node:")) {
    if (RUNTIMES.test(file)) return undefined;
    return "node: is for src/backend/<runtime>/ and src/cli/; ask the backend contract for it";
  }
  const target = targetOf(each);
  if (target === undefined) return "the library depends on no package";
  if (file === CONTRACT && !isType) return "the backend contract is types only; use `import type`";
  if (BACKEND.test(target) && file.startsWith("src/native/") && file !== OPENER) {
    return `only ${OPENER} picks a backend`;
  }
  return undefined;
}

interface RustRule {
  readonly word: RegExp;
  readonly allowed: (file: string) => boolean;
  readonly why: string;
}

const RUST_RULES: readonly RustRule[] = [
  {
    word: /\bunsafe\b/g,
    allowed: (file) => /^rust\/(core\/src\/(av|sys)(\/|\.rs$)|bindings\/)/.test(file),
    why: "`unsafe` is for rust/core/src/av/, rust/core/src/sys/ and rust/bindings/",
  },
  {
    word: /\bffmpeg_sys\w*/g,
    allowed: (file) => /^rust\/core\/src\/av(\/|\.rs$)/.test(file),
    why: "FFmpeg is for rust/core/src/av/; wrap the function there",
  },
  {
    word: /\b(no_mangle|export_name|gg_\w+|giftgrab::)/g,
    allowed: (file) => !file.startsWith("rust/core/"),
    why: "the core does not know its bindings",
  },
];

/** Every dangerous word in a Rust file that may not have it. */
export function checkRustWords(root: string, file: string): Finding[] {
  const code = rustCode(readFileSync(join(root, file), "utf8"));
  return RUST_RULES.filter((rule) => !rule.allowed(file)).flatMap(({ word, why }) =>
    [...code.matchAll(word)].map((match) => ({ file, line: lineAt(code, match.index), text: why }))
  );
}
