/** Made-up trees of files for the checks of the gate. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Finding } from "../../scripts/finding.ts";

/** The files of a folder: path and text of each. */
export type Tree = Readonly<Record<string, string>>;

/** Runs `use` on a temporary folder that holds `tree`, and removes it. */
export async function onTree<T>(tree: Tree, use: (root: string) => T | Promise<T>): Promise<T> {
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
export function places(findings: readonly Finding[]): string[] {
  return findings.map(({ file, line }) => `${file}:${line}`);
}
