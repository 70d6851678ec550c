/** Packages for tests: of the bundled libraries, or of the checkout's own, which takes less time to build. */

import { existsSync } from "node:fs";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundledLibraries, pack, type Packages } from "../../scripts/pack.ts";
import { text } from "./command.ts";
import { ROOT } from "./example.ts";
import { onlyDeno } from "./runtime.ts";

/** The native library that `deno task setup` has built. */
const LIBRARY = join(ROOT, "target/release/libgiftgrab.so");

/** Settings of a test that makes packages. */
export function whereItPacks(): { readonly skip: string | false } {
  return onlyDeno("packages are made by Deno");
}

/** Settings of a test that makes packages of the bundled libraries. */
export function whereBundled(): { readonly skip: string | false } {
  const absent = [...bundledLibraries()].filter(([, path]) => !existsSync(path)).map(([variant]) => variant);
  if (absent.length === 0) return whereItPacks();
  return { skip: `no bundled library of variant ${absent.join(", ")}; run \`deno task bundle\`` };
}

/** Makes the packages in `folder/npm`, with libraries that differ from each other; they need the system's FFmpeg. */
export async function standInPackages(folder: string): Promise<Packages> {
  const libraries = new Map<string, string>();
  for (const [variant, licence] of [["default", "LGPL-2.1-or-later"], ["gpl", "GPL-2.0-or-later"]] as const) {
    libraries.set(variant, await standIn(join(folder, variant), licence));
  }
  // A loader does not read what follows the last section.
  await appendFile(libraries.get("gpl") ?? "", "gpl");
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
