/** Which Rust file uses which: paths are followed through modules and re-exports to the file that defines the item. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, lineAt } from "../finding.ts";
import type { Arrow } from "./graph.ts";
import { type RustFile, rustFile, type RustPath, type Use } from "./rust_file.ts";

/** A file, and the module that it is. */
interface Module {
  /** Path from the root folder. */
  readonly file: string;
  /** Segments of its module's path, without `crate`. */
  readonly path: readonly string[];
  readonly source: RustFile;
}

/** The files of the crate in the folder `source`, tests aside. */
export function rustFiles(root: string, source: string): string[] {
  return filesUnder(root, source, [".rs"]).filter((file) => !/[/_]tests?\.rs$|\/tests\//.test(file));
}

/**
 * Which file of the crate in the folder `source` uses which, tests aside.
 *
 * A declaration `mod name;` is no arrow, and neither is a re-export out of a module's own subtree whose name the module
 * itself does not use.
 */
export function rustArrows(root: string, source: string): Arrow[] {
  const crate = new Crate(
    rustFiles(root, source).map((file) => ({
      ...{ file, path: moduleOf(file.slice(source.length + 1)) },
      source: rustFile(readFileSync(join(root, file), "utf8")),
    })),
  );
  return crate.modules.flatMap((module) => crate.arrowsFrom(module));
}

function moduleOf(file: string): string[] {
  const segments = file.replace(/\.rs$/, "").split("/");
  return ["mod", "lib", "main"].includes(segments.at(-1) ?? "") ? segments.slice(0, -1) : segments;
}

class Crate {
  readonly modules: readonly Module[];
  readonly #byPath: ReadonlyMap<string, Module>;

  constructor(modules: readonly Module[]) {
    this.modules = modules;
    this.#byPath = new Map(modules.map((module) => [module.path.join("::"), module]));
  }

  arrowsFrom(module: Module): Arrow[] {
    const { file, source } = module;
    const targets = new Map<string, number>();
    const add = (path: RustPath, target: string | undefined): void => {
      if (target !== undefined && target !== file && !targets.has(target)) targets.set(target, path.index);
    };
    for (const use of source.uses) {
      const target = this.#targetOf(module, use);
      const isReExport = use.isPublic && target !== undefined && this.#isBelow(module, target);
      if (!isReExport || source.mentions(use.name)) add(use, target);
    }
    for (const path of source.paths) add(path, this.#targetOf(module, path));
    return [...targets].map(([target, index]) => ({ file, line: lineAt(source.code, index), target }));
  }

  #isBelow({ path }: Module, file: string): boolean {
    const target = this.modules.find((module) => module.file === file);
    return target !== undefined && target.path.length > path.length &&
      path.every((name, at) => target.path[at] === name);
  }

  /** The file with the item that a path in `module` names; nothing for a module, and for another crate's item. */
  #targetOf(module: Module, path: RustPath): string | undefined {
    const segments = this.#absolute(module, path, new Set());
    return segments && this.#fileOf(segments, new Set());
  }

  /** The path from the root of the crate, or nothing if it leads out of it. */
  #absolute(module: Module, path: RustPath, seen: Set<unknown>): readonly string[] | undefined {
    const [first = "", ...rest] = path.segments;
    if (first === "crate") return rest;
    const here = [...module.path, ...module.source.modulesAt(path.index)];
    if (first === "self") return [...here, ...rest];
    if (first === "super") {
      const ups = path.segments.findIndex((segment) => segment !== "super");
      return [...here.slice(0, here.length - ups), ...path.segments.slice(ups)];
    }
    const use = module.source.uses.find((each) => each !== path && each.name === first);
    if (use !== undefined && !seen.has(use)) {
      const target = this.#absolute(module, use, seen.add(use));
      return target && [...target, ...rest];
    }
    const isChild = this.#byPath.has([...module.path, first].join("::")) || module.source.defines(first);
    return isChild ? [...module.path, ...path.segments] : undefined;
  }

  /** The file that defines the item at an absolute path; nothing for a module. */
  #fileOf(path: readonly string[], seen: Set<unknown>): string | undefined {
    let module = this.#byPath.get("");
    for (const [at, name] of path.entries()) {
      const child: Module | undefined = this.#byPath.get(path.slice(0, at + 1).join("::"));
      if (child !== undefined) {
        module = child;
        continue;
      }
      if (module === undefined) return undefined;
      return name === "*" ? module.file : this.#definitionIn(module, path.slice(at), seen) ?? module.file;
    }
    return undefined;
  }

  /** The file to which `module` passes the first of `names` on, if it does not define it. */
  #definitionIn(module: Module, [name = "", ...rest]: readonly string[], seen: Set<unknown>): string | undefined {
    const { uses, defines } = module.source;
    if (defines(name)) return undefined;
    const follow = (use: Use, names: readonly string[]): string | undefined => {
      if (seen.has(use)) return undefined;
      const target = this.#absolute(module, use, new Set());
      return target && this.#fileOf([...target.filter((segment) => segment !== "*"), ...names], seen.add(use));
    };
    const named = uses.find((use) => use.name === name);
    if (named !== undefined) return follow(named, rest);
    for (const use of uses.filter((each) => each.name === "*")) {
      const file = follow(use, [name, ...rest]);
      if (this.modules.find((each) => each.file === file)?.source.defines(name)) return file;
    }
    return undefined;
  }
}
