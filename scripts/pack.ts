/**
 * Makes the npm packages and the sources for JSR: `pack.ts [--development] [--library ID=PATH]... [--out FOLDER]`.
 *
 * Leaves in the folder, by default `target/npm`: the tarballs, a folder for each package with its tarball's contents,
 * and `jsr/` with the sources that `deno publish` shall publish. By default it packs every native library of the matrix,
 * from `target/bundled/`; with `--library` only those named: `linux-x64-gnu-gpl=PATH`; with `--development` the library
 * that `deno task setup` has built, for this machine only.
 */

import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { outputOf, runScript, ScriptError } from "./command.ts";
import { ROOT } from "./finding.ts";
import { bareBundle, readBundle } from "./pack/bundle.ts";
import { linkedCrates } from "./pack/crates.ts";
import { matrixOf, nativesOf, ownPlatform } from "./pack/matrix.ts";
import { makeCore, makeNative } from "./pack/packages.ts";
import { configOf, stageSources } from "./pack/stage.ts";

/** A package that was made. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** The folder with its contents. */
  readonly folder: string;
  readonly tarball: string;
}

/** The results of {@linkcode pack}. */
export interface Packages {
  /** The sources for JSR. */
  readonly jsr: string;
  /** The package of JavaScript. */
  readonly core: Package;
  /** The packages of native libraries by their platform and variant. */
  readonly natives: ReadonlyMap<string, Package>;
}

/**
 * Makes all packages of the checkout in the folder `out`, which is made anew.
 *
 * @param libraries Path of the native library by platform and variant; a library that is not named is not packed.
 * @throws {ScriptError} If something is missing, or a licence is not known.
 */
export async function pack(out: string, libraries: ReadonlyMap<string, string>): Promise<Packages> {
  const config = configOf(ROOT);
  const natives = nativesOf(config.name, matrixOf(ROOT));
  const chosen = natives.filter(({ id }) => libraries.has(id));
  for (const id of libraries.keys()) {
    if (chosen.some((native) => native.id === id)) continue;
    throw new ScriptError(`Cannot pack "${id}": it must be one of ${natives.map((native) => native.id).join(", ")}`);
  }
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const bundles = chosen.map((native) => ({ native, bundle: readBundle(libraries.get(native.id) ?? "") }));
  const jsr = join(out, "jsr");
  await stageSources(ROOT, jsr, new Map(bundles.map(({ native, bundle }) => [native.name, bundle.sha256])));
  const folderOf = (name: string): string => join(out, name.replace("@", "").replace("/", "-"));
  const packed = async (name: string): Promise<Package> => {
    const folder = folderOf(name);
    const [tarball] = JSON.parse(
      await outputOf("npm", ["pack", "--json", "--ignore-scripts", `--pack-destination=${out}`], {
        cwd: folder,
        quiet: true,
      }),
    ) as readonly { readonly filename: string }[];
    if (tarball === undefined) throw new Error("`npm pack` names no file");
    return { name, version: config.version, folder, tarball: join(out, tarball.filename) };
  };

  const made = new Map<string, Package>();
  for (const { native, bundle } of bundles) {
    const crates = await linkedCrates(ROOT, native.platform.target, bundle.rust);
    makeNative(ROOT, folderOf(native.name), config, native, bundle, crates);
    made.set(native.id, await packed(native.name));
  }
  await makeCore(ROOT, jsr, folderOf(config.name), config, natives);
  return { jsr, core: await packed(config.name), natives: made };
}

/** The path at which the bundling build leaves the library of each package. */
export function bundledLibraries(): Map<string, string> {
  return new Map(
    nativesOf("", matrixOf(ROOT)).map(({ id, platform, variant }) => [
      id,
      join(ROOT, "target/bundled", platform.platform, variant.variant, platform.library),
    ]),
  );
}

/** The library that this checkout has built, as that of the default variant. */
function developmentLibrary(): Map<string, string> {
  const library = join(ROOT, "target/release/libgiftgrab.so");
  if (!existsSync(library)) throw new ScriptError(`Cannot pack "${library}": it is missing; run \`deno task setup\``);
  return new Map([[ownPlatform(), bareBundle(library, join(ROOT, "target/development"))]]);
}

function librariesNamed(named: readonly string[]): Map<string, string> {
  return new Map(named.map((text) => {
    const [, id, path] = /^([\w-]+)=(.+)$/.exec(text) ?? [];
    if (id === undefined || path === undefined) {
      throw new ScriptError(
        `Cannot read --library "${text}": it is no ID=PATH; write \`linux-x64-gnu=libgiftgrab.so\``,
      );
    }
    return [id, resolve(path)];
  }));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => statSync(join(folder, file)))
    .filter((stat) => stat.isFile())
    .reduce((sum, { size }) => sum + size, 0);
}

if (import.meta.main) {
  await runScript(async () => {
    const { values } = parseArgs({
      options: {
        development: { type: "boolean", default: false },
        library: { type: "string", multiple: true },
        out: { type: "string", default: join(ROOT, "target/npm") },
      },
    });
    const libraries = values.development
      ? developmentLibrary()
      : values.library
      ? librariesNamed(values.library)
      : bundledLibraries();
    const { jsr, core, natives } = await pack(resolve(values.out), libraries);
    for (const { name, version, folder, tarball } of [core, ...natives.values()]) {
      const [unpacked, packed] = [sizeOf(folder), statSync(tarball).size].map(megabytes);
      console.log(`${name}@${version}: ${packed}, unpacked ${unpacked}: ${tarball}`);
    }
    console.log(`sources for JSR: ${jsr}`);
  });
}
