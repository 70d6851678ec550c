/** The dependencies that each crate may have. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../finding.ts";

interface ManifestRule {
  readonly allowed: (dependency: string) => boolean;
  readonly why: string;
}

const RULES: Readonly<Record<string, ManifestRule>> = {
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

/** Every dependency of a crate that its rule does not allow. */
export function checkManifest(root: string, file: string): Finding[] {
  const rule = RULES[file];
  if (rule === undefined) {
    return [{ file, line: 1, text: "this crate has no rule; add one to scripts/layers/manifests.ts" }];
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
