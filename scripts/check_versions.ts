/** Checks that Cargo, the README and the sources repeat the version of `deno.json`, where it is written first. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, type Finding, finish, lineAt, ROOT } from "./finding.ts";

/** Every file with another version than that of `deno.json`. */
export function checkVersions(root: string): Finding[] {
  const read = (file: string): string => readFileSync(join(root, file), "utf8");
  const { version } = JSON.parse(read("deno.json")) as { version: string };
  const findings: Finding[] = [];
  const compare = (file: string, pattern: RegExp): void => {
    const text = read(file);
    const matches = [...text.matchAll(pattern)];
    if (matches.length === 0) findings.push({ file, line: 1, text: `there is no version; deno.json has ${version}` });
    for (const match of matches) {
      if (match[1] === version) continue;
      const line = lineAt(text, match.index + match[0].length);
      findings.push({ file, line, text: `version ${match[1]} differs from ${version} in deno.json` });
    }
  };
  compare("Cargo.toml", /^\[workspace\.package\]\n(?:(?!\[).*\n)*?version = "(.*)"/gm);
  compare("Cargo.lock", /^name = "giftgrab[\w-]*"\nversion = "(.*)"/gm);
  compare("src/base/version.ts", /^export const VERSION = "(.*)"/gm);
  compare("docs/packages.md", /npm:@giftgrab\/[\w-]+@([^"]+)"/g);
  for (const file of filesUnder(root, "rust", ["Cargo.toml"])) {
    const match = /^version\s*=.*/m.exec(read(file));
    if (match === null) continue;
    findings.push({ file, line: lineAt(read(file), match.index), text: "write `version.workspace = true` instead" });
  }
  return findings;
}

if (import.meta.main) finish("versions", checkVersions(ROOT));
