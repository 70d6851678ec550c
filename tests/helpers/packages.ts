/** Packages for tests: of the bundled libraries, or of the checkout's own, which takes less time to build. */

import { existsSync } from "node:fs";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundledLibraries, pack, type Packages } from "../../scripts/pack.ts";
import { RUST_VERSION } from "../../scripts/pack/bundle.ts";
import { matrixOf, nativesOf } from "../../scripts/pack/matrix.ts";
import { text } from "./command.ts";
import { ROOT } from "./example.ts";
import { onlyDeno } from "./runtime.ts";

/** The native library that `deno task setup` has built. */
const LIBRARY = join(ROOT, "target/release/libgiftgrab.so");

/** Settings of a test that makes packages. */
export function whereItPacks(): { readonly skip: string | false } {
  return onlyDeno("packages are made by Deno");
}

/** This machine's own packages, by variant. */
export const OWN = { default: "linux-x64-gnu", gpl: "linux-x64-gnu-gpl" } as const;

/** The bundled libraries that are there. */
export function presentLibraries(): Map<string, string> {
  return new Map([...bundledLibraries()].filter(([, path]) => existsSync(path)));
}

/** Settings of a test that makes packages of the bundled libraries. */
export function whereBundled(): { readonly skip: string | false } {
  const present = presentLibraries();
  const absent = Object.values(OWN).filter((id) => !present.has(id));
  if (absent.length === 0) return whereItPacks();
  return { skip: `no bundled library of ${absent.join(", ")}; run \`deno task bundle\`` };
}

/** The licence of FFmpeg in each variant. */
const LICENCES: Readonly<Record<string, string>> = { default: "LGPL-2.1-or-later", gpl: "GPL-2.0-or-later" };

/**
 * Makes the packages in `folder/npm`, with libraries that differ from each other; they need the system's FFmpeg. Those
 * for other platforms hold a library of this one, which cannot be used there.
 */
export async function standInPackages(folder: string): Promise<Packages> {
  const libraries = new Map<string, string>();
  for (const { id, variant } of nativesOf("", matrixOf(ROOT))) {
    const library = await standIn(join(folder, id), LICENCES[variant.variant] ?? "");
    // A loader does not read what follows the last section.
    await appendFile(library, id);
    libraries.set(id, library);
  }
  return await pack(join(folder, "npm"), libraries);
}

/** Makes a library with the licences of its parts in `folder`, as the bundling build leaves them; returns its path. */
export async function standIn(folder: string, licence: string): Promise<string> {
  await mkdir(join(folder, "licences/ffmpeg"), { recursive: true });
  const path = join(folder, "libgiftgrab.so");
  await text("strip", ["-o", path, LIBRARY]);
  await writeFile(join(folder, "licences/ffmpeg/COPYING"), `The text of ${licence}\n`);
  const entry = {
    name: "ffmpeg",
    version: "8.1.2",
    licence,
    url: "https://ffmpeg.org",
    sha256: "",
    files: ["ffmpeg/COPYING"],
  };
  await writeFile(join(folder, "licences/licences.json"), JSON.stringify([entry]));
  await writeFile(join(folder, "licences", RUST_VERSION), "1.95.0\n");
  return path;
}

/** The files in a tarball of npm, without the folder that holds them all, sorted. */
export async function filesOf(tarball: string): Promise<string[]> {
  const list = await text("tar", ["-tzf", tarball]);
  return list.trimEnd().split("\n").map((path) => path.replace(/^package\//, "")).sort();
}

/** The text of one file in a tarball of npm. */
export function fileIn(tarball: string, file: string): Promise<string> {
  return text("tar", ["-xzOf", tarball, `package/${file}`]);
}
