/**
 * Makes the libraries of the npm packages: one file for each variant, with FFmpeg and its codec libraries in it.
 *
 * Installs missing packages, builds FFmpeg into `target/ffmpeg/PLATFORM/VARIANT` unless that is fresh, then leaves
 * `target/bundled/PLATFORM/VARIANT/libgiftgrab.so`, with the licences of its parts. The first time takes about a
 * quarter of an hour on two cores, for each platform.
 */

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { foreign, missing } from "./requirements.ts";
import { ROOT } from "./finding.ts";
import { RUST_VERSION } from "./pack/bundle.ts";
import { BUNDLED } from "./pack/crates.ts";
import { matrixOf, ownPlatform, type Platform } from "./pack/matrix.ts";
import { fail, install, requireRust, run } from "./setup.ts";

const { platforms, variants } = matrixOf(ROOT);
const BUILT = platforms.filter(({ built }) => built);
const HELP = `deno task bundle [--platform NAME|all] [--variant NAME|all] [--sources DIR]

  --platform  ${BUILT.map(({ platform }) => platform).join(" or ")}; this machine's own if it is left out
  --variant   ${variants.map(({ variant }) => variant).join(" or ")}; all of them if it is left out
  --sources   folder in which source tarballs of scripts/ffmpeg/sources.txt are looked for first`;

/** The folders of this machine that the compilers would write into the library, and their replacements. */
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

/** The output of `rustc`. */
function askRust(...args: string[]): string {
  const command = new Deno.Command(Deno.env.get("RUSTC") ?? "rustc", { args, cwd: ROOT, stderr: "inherit" });
  const { success, stdout } = command.outputSync();
  if (!success) fail(`Cannot bundle: \`rustc ${args.join(" ")}\` fails; its output above says why`);
  return new TextDecoder().decode(stdout).trim();
}

/** Ends with advice if this machine cannot build for `platform`. */
function requireTarget({ platform, target }: Platform): void {
  if (existsSync(askRust("--print=target-libdir", `--target=${target}`))) return;
  fail(
    `Cannot bundle for ${platform}: this Rust has no standard library for it; run \`rustup target add ${target}\`, ` +
      "or name by the variable RUSTC a compiler that has one",
  );
}

/** Settings of cargo for another machine than this one. */
function crossing({ target, triple = "" }: Platform): Record<string, string> {
  const name = target.replaceAll("-", "_");
  return {
    CARGO_BUILD_TARGET: target,
    [`CARGO_TARGET_${name.toUpperCase()}_LINKER`]: `${triple}-gcc`,
    [`BINDGEN_EXTRA_CLANG_ARGS_${name}`]: `-isystem /usr/${triple}/include`,
    PKG_CONFIG_ALLOW_CROSS: "1",
  };
}

function build(platform: Platform, variant: string): void {
  const [name, isOwn] = [join(platform.platform, variant), platform.platform === ownPlatform()];
  const ffmpeg = join(ROOT, "target/ffmpeg", name);
  const library = join(ROOT, "target/bundled", name, platform.library);
  run("nice", ["-n", "10", "bash", "scripts/ffmpeg/build.sh", ffmpeg, variant, platform.triple ?? ""]);
  // FFmpeg's assembly addresses its own data directly, so that no other library may take the place of a symbol.
  const flags = [...remapped(), "-Clink-arg=-Wl,-Bsymbolic", "-Clink-arg=-Wl,--exclude-libs,ALL"];
  const target = join(ROOT, "target/bundled/cargo", name);
  const env = {
    CARGO_TARGET_DIR: target,
    CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"),
    PKG_CONFIG_LIBDIR: join(ffmpeg, "lib/pkgconfig"),
    PKG_CONFIG_ALL_STATIC: "1",
    ...(isOwn ? {} : crossing(platform)),
  };
  // Cargo does not look into the archives.
  if (isStale(library, join(ffmpeg, "lib"))) {
    run("cargo", ["clean", "--quiet", "--profile=bundle", "-p", "ffmpeg-sys-the-third"], env);
  }
  const crate = ["--locked", "-p", "giftgrab", ...BUNDLED];
  run("nice", ["-n", "10", "cargo", "build", "--profile=bundle", ...crate], env);
  mkdirSync(join(library, ".."), { recursive: true });
  // Renamed over the old one, which a process may have loaded.
  copyFileSync(join(target, isOwn ? "" : platform.target, "bundle", platform.library), `${library}.new`);
  renameSync(`${library}.new`, library);
  const licences = join(library, "../licences");
  rmSync(licences, { recursive: true, force: true });
  cpSync(join(ffmpeg, "licences"), licences, { recursive: true });
  writeFileSync(join(licences, RUST_VERSION), `${askRust("--version").split(" ")[1]}\n`);
  console.log(`target/bundled/${name}/${platform.library}: ${(statSync(library).size / 1e6).toFixed(2)} MB`);
}

/** Those that `asked` means, by name. */
function chosen<Item>(field: string, asked: string, all: readonly Item[], nameOf: (item: Item) => string): Item[] {
  const found = all.filter((item) => asked === "all" || nameOf(item) === asked);
  if (found.length === 0) {
    fail(`Cannot bundle the ${field} "${asked}": it must be one of ${[...all.map(nameOf), "all"].join(", ")}`);
  }
  return found;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      platform: { type: "string", default: ownPlatform() },
      variant: { type: "string", default: "all" },
      sources: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit();
  }
  const wantedPlatforms = chosen("platform", values.platform, BUILT, ({ platform }) => platform);
  const wantedVariants = chosen("variant", values.variant, variants, ({ variant }) => variant);
  if (values.sources !== undefined) {
    const sources = resolve(values.sources);
    if (readdirSync(sources).length === 0) fail(`Cannot bundle from "${sources}": it is empty`);
    Deno.env.set("GIFTGRAB_SOURCES", sources);
  }
  requireRust();
  install(missing("bundle"));
  for (const platform of wantedPlatforms) {
    if (platform.platform === ownPlatform()) continue;
    install(foreign(platform));
    requireTarget(platform);
  }
  for (const platform of wantedPlatforms) for (const { variant } of wantedVariants) build(platform, variant);
}
