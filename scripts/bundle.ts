/**
 * Makes the libraries that the npm packages carry: one file for each variant, with FFmpeg and its codec libraries in it.
 *
 * Installs what is missing, builds FFmpeg into `target/ffmpeg/VARIANT` unless that is fresh, then leaves
 * `target/bundled/VARIANT/libgiftgrab.so`, with the licences of what is in it. The first time takes about twenty minutes
 * on two cores.
 */

import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { missing } from "./requirements.ts";
import { ROOT } from "./finding.ts";
import { BUNDLED } from "./pack/crates.ts";
import { fail, install, requireRust, run } from "./setup.ts";

const VARIANTS = ["default", "gpl"];
const HELP = `deno task bundle [--variant default|gpl|all] [--sources DIR]

  --variant  which library to make; all of them if it is left out
  --sources  folder in which source tarballs of scripts/ffmpeg/sources.txt are looked for first`;

/** What the compilers would write into the library of the folders of this machine, and what they write instead. */
function remapped(): string[] {
  const cargo = Deno.env.get("CARGO_HOME") ?? join(homedir(), ".cargo");
  // The last that fits wins.
  return [[homedir(), "/home"], [cargo, "/cargo"], [ROOT, "/giftgrab"]]
    .map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

/** Whether an archive in `folder` is younger than the library that has been linked with it. */
function isStale(library: string, folder: string): boolean {
  if (!existsSync(library)) return false;
  const linked = statSync(library).mtimeMs;
  return readdirSync(folder).some((name) => name.endsWith(".a") && statSync(join(folder, name)).mtimeMs > linked);
}

function build(variant: string): void {
  const ffmpeg = join(ROOT, "target/ffmpeg", variant);
  const library = join(ROOT, "target/bundled", variant, "libgiftgrab.so");
  run("nice", ["-n", "10", "bash", "scripts/ffmpeg/build.sh", ffmpeg, variant]);
  // FFmpeg's assembly addresses its own data directly, so that no other library may take the place of a symbol.
  const flags = [...remapped(), "-Clink-arg=-Wl,-Bsymbolic", "-Clink-arg=-Wl,--exclude-libs,ALL"];
  const target = join(ROOT, "target/bundled/cargo", variant);
  const env = {
    CARGO_TARGET_DIR: target,
    CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"),
    PKG_CONFIG_LIBDIR: join(ffmpeg, "lib/pkgconfig"),
    PKG_CONFIG_ALL_STATIC: "1",
  };
  // Cargo does not look into the archives.
  if (isStale(library, join(ffmpeg, "lib"))) {
    run("cargo", ["clean", "--quiet", "--profile=bundle", "-p", "ffmpeg-sys-the-third"], env);
  }
  const crate = ["--locked", "-p", "giftgrab", ...BUNDLED];
  run("nice", ["-n", "10", "cargo", "build", "--profile=bundle", ...crate], env);
  mkdirSync(join(library, ".."), { recursive: true });
  // Renamed over the old one, which a process may have loaded.
  copyFileSync(join(target, "bundle/libgiftgrab.so"), `${library}.new`);
  renameSync(`${library}.new`, library);
  const licences = join(library, "../licences");
  rmSync(licences, { recursive: true, force: true });
  cpSync(join(ffmpeg, "licences"), licences, { recursive: true });
  console.log(`target/bundled/${variant}/libgiftgrab.so: ${(statSync(library).size / 1e6).toFixed(2)} MB`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { variant: { type: "string", default: "all" }, sources: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit();
  }
  const wanted = values.variant === "all" ? VARIANTS : VARIANTS.filter((variant) => variant === values.variant);
  if (wanted.length === 0) {
    fail(`Cannot bundle the variant "${values.variant}": there are ${VARIANTS.join(", ")} and all`);
  }
  if (values.sources !== undefined) {
    const sources = resolve(values.sources);
    if (readdirSync(sources).length === 0) fail(`Cannot bundle from "${sources}": it is empty`);
    Deno.env.set("GIFTGRAB_SOURCES", sources);
  }
  requireRust();
  install(missing("bundle"));
  wanted.forEach(build);
}
