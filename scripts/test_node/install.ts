/** The needs of the tests on Node, installed by npm: the package, the imports of the tests, and Node itself. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { outputOf, ScriptError } from "../command.ts";
import { ROOT } from "../finding.ts";
import { bundledLibraries, pack } from "../pack.ts";
import { bareBundle } from "../pack/bundle.ts";
import { matrixOf, nativesOf, ownPlatform } from "../pack/matrix.ts";

/** The folder of a program that uses the package. */
export const FOLDER: string = join(ROOT, "target/node-test");

/** The newest of each line of Node that is supported. */
export const NODES: Readonly<Record<string, string>> = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0" };

/** The package that takes the types out of TypeScript; see `tests/node/hooks.mjs`. */
const STRIPPER = "amaro@1.2.1";

/** A Node that can be run. */
export interface NodeProgram {
  readonly path: string;
  readonly version: string;
}

/**
 * The newest Node of a line such as `22`, installed if it is not; with an empty text the Node that is on the search
 * path. `platform` may be another one, such as `linux-arm64`.
 *
 * @throws {ScriptError} If there is none.
 */
export async function installNode(
  line: string,
  platform: string = ownPlatform().replace(/-gnu$/, ""),
): Promise<NodeProgram> {
  if (line === "") return { path: "node", version: (await outputOf("node", ["--version"])).trim().slice(1) };
  const version = NODES[line];
  if (version === undefined) {
    throw new ScriptError(`Cannot test on Node "${line}": it must be one of ${Object.keys(NODES).join(", ")}`);
  }
  const name = `node-${platform}`;
  const folder = join(FOLDER, "nodes", `${platform}-${version}`);
  mkdirSync(folder, { recursive: true });
  await npmInstall(folder, [`${name}@${version}`]);
  return { path: join(folder, "node_modules", name, "bin/node"), version };
}

/**
 * Packs the checkout and installs the package in {@linkcode FOLDER}.
 *
 * @param variant The variant whose bundled library is packed. Default: the library that this checkout has built, as the
 * default variant.
 * @param library Path of the library, if it is another.
 * @throws {ScriptError} If there is no such library.
 */
export async function installPackage(variant: string | undefined, library: string | undefined): Promise<void> {
  const path = library === undefined ? undefined : resolve(library);
  const wanted = variant ?? "default";
  const native = nativesOf("", matrixOf(ROOT)).find((each) =>
    each.platform.platform === ownPlatform() && each.variant.variant === wanted
  );
  if (native === undefined) {
    throw new ScriptError(
      `Cannot test variant "${wanted}": there is none for ${ownPlatform()}; see npm/platforms.json`,
    );
  }
  const packed = variant === undefined
    ? bareBundle(path ?? join(ROOT, "target/release/libgiftgrab.so"), join(FOLDER, "library"))
    : path ?? bundledLibraries().get(native.id) ?? "";
  const { core, natives } = await pack(join(FOLDER, "packages"), new Map([[native.id, packed]]));
  for (const file of ["node_modules", "package-lock.json"]) {
    rmSync(join(FOLDER, file), { recursive: true, force: true });
  }
  // Tests and examples import by specifiers that Deno has locked.
  const { specifiers } = JSON.parse(readFileSync(join(ROOT, "deno.lock"), "utf8")) as {
    readonly specifiers: Readonly<Record<string, string>>;
  };
  const imported = Object.keys(specifiers).map((specifier) => specifier.replace(/^npm:/, ""));
  const tarballs = [core, ...natives.values()].map(({ tarball }) => tarball);
  await npmInstall(FOLDER, [...tarballs, STRIPPER, ...imported]);
}

async function npmInstall(folder: string, packages: readonly string[]): Promise<void> {
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  // Optional packages of ours are those of other platforms and variants, which are not in the registry.
  const flags = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await outputOf("npm", ["install", ...flags, ...packages], { cwd: folder, quiet: true });
}
