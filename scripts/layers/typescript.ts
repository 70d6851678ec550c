/** The imports of TypeScript files. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { filesUnder, lineAt } from "../finding.ts";
import { typescriptCode } from "../source_text.ts";
import type { Arrow } from "./graph.ts";

/** One import or re-export, also of types only. */
export interface Import {
  /** Path of the importing file from the root folder. */
  readonly file: string;
  /** Its line, from 1. */
  readonly line: number;
  /** The specifier as it is written. */
  readonly specifier: string;
  /** Whether it imports types only. */
  readonly isType: boolean;
}

const IMPORT = /\b(import|export)(\s+type\b)?([^;"'()]*?\bfrom)?\s*\(?\s*["']([^"'\n]+)["']/g;

/** The files of the library: `mod.ts` and those under `src/`. */
export function libraryFiles(root: string): string[] {
  return [...filesUnder(root, "src", [".ts"]), ...["mod.ts"].filter((file) => existsSync(join(root, file)))];
}

/** Every import of `file`. */
export function importsOf(root: string, file: string): Import[] {
  const code = typescriptCode(readFileSync(join(root, file), "utf8"), "keep");
  return [...code.matchAll(IMPORT)].map(({ 2: isType, 4: specifier = "", index }) => ({
    ...{ file, line: lineAt(code, index) },
    ...{ specifier, isType: isType !== undefined },
  }));
}

/** The file that an import names, from the root folder, if it names a file. */
export function targetOf({ file, specifier }: Import): string | undefined {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined;
}

/** Which file of the library uses which. */
export function typescriptArrows(root: string): Arrow[] {
  return libraryFiles(root).flatMap((file) =>
    importsOf(root, file).flatMap((each) => {
      const target = targetOf(each);
      return target === undefined ? [] : [{ file, line: each.line, target }];
    })
  );
}
