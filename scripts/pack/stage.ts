/** The sources as they are published: those of the checkout, with the table of native libraries filled. */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outputOf } from "../command.ts";

/** The fields of `deno.json` that are read here. */
export interface DenoConfig {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: string;
  readonly publish: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly compilerOptions: unknown;
}

/** The configuration of the checkout at `root`, where the version of everything is written. */
export function configOf(root: string): DenoConfig {
  return JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as DenoConfig;
}

/**
 * Copies the published files from `root` into the new folder `stage`, and fills `src/generated/libraries.ts`.
 *
 * `deno publish` there puts it on JSR, `deno pack` makes the npm package of it.
 */
export async function stageSources(
  root: string,
  stage: string,
  libraries: ReadonlyMap<string, string>,
): Promise<void> {
  const { name, version, license, exports, publish, compilerOptions } = configOf(root);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  for (const path of publish.include) cpSync(join(root, path), join(stage, path), { recursive: true });
  for (const path of publish.exclude) rmSync(join(stage, path), { recursive: true });
  const config = { name, version, license, exports, publish, compilerOptions, nodeModulesDir: "none" };
  writeFileSync(join(stage, "deno.json"), `${JSON.stringify(config, null, 2)}\n`);
  const table = join(stage, "src/generated/libraries.ts");
  writeFileSync(table, filled(readFileSync(table, "utf8"), libraries));
  await outputOf(Deno.execPath(), ["fmt", "--quiet", "--line-width=120", table]);
}

function filled(text: string, libraries: ReadonlyMap<string, string>): string {
  const entries = JSON.stringify(Object.fromEntries(libraries));
  const result = text.replace(/= \{\};\n$/, `= ${entries};\n`);
  if (result === text) throw new Error("src/generated/libraries.ts does not end in an empty table");
  return result;
}
