/** Checks the arrows of the architecture: who may import whom, and where the dangerous words may stand. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { filesUnder, type Finding, finish, lineAt, ROOT } from "./finding.ts";
import { rustCode, typescriptCode } from "./source_text.ts";

/** Every import or word that stands where the architecture does not allow it. */
export function checkLayers(root: string): Finding[] {
  return [
    ...[...filesUnder(root, "src", [".ts"]), ...DOORS.filter((file) => existsSync(join(root, file)))].flatMap((file) =>
      typescript(root, file)
    ),
    ...filesUnder(root, "rust", [".rs"]).flatMap((file) => rust(root, file)),
    ...filesUnder(root, "rust", ["Cargo.toml"]).flatMap((file) => manifest(root, file)),
  ];
}

const DOORS: readonly string[] = ["mod.ts", "npm/entry.ts"];
const BACKEND = /^src\/backend\/[^/]+\//;
const CONTRACT = "src/backend/contract.ts";
const BACKEND_IMPORTS = /^src\/(backend\/(contract|backend|library|lookup|version)|base\/\w+|generated\/\w+)\.ts$/;
const IMPORT = /\b(import|export)(\s+type\b)?([^;"'()]*?\bfrom)?\s*\(?\s*["']([^"'\n]+)["']/g;

function typescript(root: string, file: string): Finding[] {
  const text = readFileSync(join(root, file), "utf8");
  const findings: Finding[] = [];
  const refuse = (index: number, why: string): void => {
    findings.push({ file, line: lineAt(text, index), text: why });
  };
  const neutral = !BACKEND.test(file) && !file.startsWith("src/cli/");
  if (neutral) {
    for (const match of typescriptCode(text, "blank").matchAll(/\bDeno\s*(\.|\[|\?\.)/g)) {
      refuse(match.index, "Deno's API is for src/backend/deno/ and src/cli/; ask the backend contract for it");
    }
  }
  for (const match of typescriptCode(text, "keep").matchAll(IMPORT)) {
    const [, , isType, , specifier = ""] = match;
    const why = refusal(file, specifier, isType !== undefined, neutral);
    if (why !== undefined) refuse(match.index, `${JSON.stringify(specifier)}: ${why}`);
  }
  return findings;
}

/** Why `file` may not import `specifier`, if it may not. */
function refusal(file: string, specifier: string, isType: boolean, neutral: boolean): string | undefined {
  if (specifier.startsWith("node:")) {
    return neutral ? "node: is for src/backend/<runtime>/ and src/cli/; ask the backend contract for it" : undefined;
  }
  if (!specifier.startsWith(".")) return "the library depends on no package";
  const target = normalize(join(dirname(file), specifier));
  if (file === CONTRACT && !isType) return "the backend contract is types only; use `import type`";
  if (BACKEND.test(file)) {
    const own = target.startsWith(`${dirname(file)}/`);
    return own || BACKEND_IMPORTS.test(target)
      ? undefined
      : "a backend knows only what all backends share, errors, time, codecs and generated tables";
  }
  if (BACKEND.test(target) && file !== "src/native/context.ts") return "only src/native/context.ts picks a backend";
  if (file.startsWith("src/cli/")) return undefined;
  if (target.startsWith("src/cli/")) return "the library does not know its command line";
  if (!target.startsWith("src/")) return "the library imports only from src/";
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
    why: "FFmpeg is for rust/core/src/av/; wrap what is needed there",
  },
  {
    word: /\b(no_mangle|export_name|gg_\w+|giftgrab::)/g,
    allowed: (file) => !file.startsWith("rust/core/"),
    why: "the core does not know its bindings",
  },
];

function rust(root: string, file: string): Finding[] {
  const code = rustCode(readFileSync(join(root, file), "utf8"));
  return RUST_RULES.filter((rule) => !rule.allowed(file)).flatMap(({ word, why }) =>
    [...code.matchAll(word)].map((match) => ({ file, line: lineAt(code, match.index), text: why }))
  );
}

interface ManifestRule {
  readonly allowed: (dependency: string) => boolean;
  readonly why: string;
}

const MANIFEST_RULES: Readonly<Record<string, ManifestRule>> = {
  "rust/core/Cargo.toml": {
    allowed: (dependency) => !dependency.startsWith("giftgrab"),
    why: "the core depends on no other crate of this workspace",
  },
  "rust/bindings/Cargo.toml": {
    allowed: (dependency) =>
      ["giftgrab-core", "napi", "napi-build", "napi-derive", "serde", "serde_json"].includes(dependency),
    why: "the bindings translate: they depend on giftgrab-core, napi, serde and serde_json only",
  },
  "rust/contract/Cargo.toml": {
    allowed: (dependency) => dependency !== "giftgrab" && !dependency.startsWith("ffmpeg"),
    why: "the contract reads the core's types and the bindings' source text only",
  },
};

function manifest(root: string, file: string): Finding[] {
  const rule = MANIFEST_RULES[file];
  if (rule === undefined) {
    return [{ file, line: 1, text: "this crate has no rule; add one to scripts/check_layers.ts" }];
  }
  const findings: Finding[] = [];
  let inDependencies = false;
  readFileSync(join(root, file), "utf8").split("\n").forEach((line, index) => {
    const table = /^\[(.+)\]/.exec(line)?.[1];
    const named = /dependencies\.([\w-]+)$/.exec(table ?? "")?.[1];
    if (table !== undefined) inDependencies = /dependencies$/.test(table);
    const dependency = named ?? (inDependencies ? /^([\w-]+)\s*[.=]/.exec(line)?.[1] : undefined);
    if (dependency !== undefined && !rule.allowed(dependency)) {
      findings.push({ file, line: index + 1, text: `${dependency}: ${rule.why}` });
    }
  });
  return findings;
}

if (import.meta.main) finish("layers", checkLayers(ROOT));
