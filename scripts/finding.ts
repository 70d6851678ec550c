/** Shared by the checks of the gate: the repository's files, and the form of a finding. */

import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** The repository's root folder. */
export const ROOT: string = join(import.meta.dirname ?? ".", "..");

/** Something that a check refuses. */
export interface Finding {
  /** Path from the root folder. */
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  /** The fault and its fix. */
  readonly text: string;
}

/** Paths from the root folder that hold nothing of ours. */
const SKIPPED: ReadonlySet<string> = new Set([".git", "node_modules", "recordings", "shared", "target"]);

/** Sorted paths from `root` of the files under `root/folder` that end in one of `endings`; none without the folder. */
export function filesUnder(root: string, folder: string, endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inside = join(path, entry.name);
      if (SKIPPED.has(relative(root, inside))) continue;
      if (entry.isDirectory()) visit(inside);
      else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(relative(root, inside));
    }
  };
  if (existsSync(join(root, folder))) visit(join(root, folder));
  return found.sort();
}

/** The line, from 1, on which `index` lies in `text`. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Prints one line per finding and ends the process with 1, or says that the check passed. */
export function finish(check: string, findings: readonly Finding[]): void {
  for (const { file, line, text } of findings) console.error(`${file}:${line}: ${text}`);
  if (findings.length > 0) Deno.exit(1);
  console.log(`${check}: ok`);
}
