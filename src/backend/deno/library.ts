/**
 * Finds the native library, makes sure that it speaks our ABI and opens it.
 *
 * @module
 */

import { errorOf } from "../../errors.ts";
import { ABI_VERSION } from "../../generated/contract.ts";
import { SYMBOLS, VERSION_SYMBOL } from "./symbols.ts";
import { VERSION } from "./version.ts";

/** The opened library. It is never unloaded: its threads may still run. */
export type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

/** What was tried, and why it did not serve. */
interface Attempt {
  readonly path: string;
  readonly why: string;
}

const VARIABLE = "GIFTGRAB_LIB";

/**
 * Opens the first library that is there: `GIFTGRAB_LIB`, the checkout's own build, the npm platform package.
 *
 * @throws {GiftGrabError} If none can be opened, listing all that was tried, or if it speaks another ABI.
 * @throws {Deno.errors.NotCapable} If Deno may not load it, telling what to put into `--allow-ffi`.
 */
export async function openLibrary(): Promise<Library> {
  const attempts: Attempt[] = [];
  const named = namedPath();
  if (named !== undefined) {
    // Who names a library wants that one and no other.
    const library = tryOpen(named, attempts);
    if (library !== undefined) return library;
    throw notFound(attempts, `correct or unset ${VARIABLE}`);
  }
  const built = builtPath();
  const library = built && tryOpen(built, attempts);
  if (library) return library;
  const packaged = await packagedPath(attempts);
  const fromPackage = packaged && tryOpen(packaged, attempts);
  if (fromPackage) return fromPackage;
  throw notFound(attempts, "run `deno task setup` in a checkout");
}

/** The path that the user names, if Deno has been allowed to tell: it must not ask for that. */
function namedPath(): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  return state === "granted" ? Deno.env.get(VARIABLE) || undefined : undefined;
}

/** The path of the checkout's own build, if this file lies in a checkout. */
function builtPath(): string | undefined {
  if (import.meta.dirname === undefined) return undefined;
  const root = import.meta.dirname.split(/[/\\]/).slice(0, -3).join("/");
  return `${root}/target/release/${fileName()}`;
}

function fileName(): string {
  switch (Deno.build.os) {
    case "windows":
      return "giftgrab.dll";
    case "darwin":
      return "libgiftgrab.dylib";
    default:
      return "libgiftgrab.so";
  }
}

/** The path that the npm package for this platform tells. */
async function packagedPath(attempts: Attempt[]): Promise<string | undefined> {
  const cpu = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const platform = `${Deno.build.os}-${cpu}${Deno.build.os === "linux" ? "-gnu" : ""}`;
  // A literal specifier would be downloaded at start-up, for every platform.
  const specifier = `npm:@giftgrab/core-${platform}@${VERSION}`;
  try {
    const { default: path } = await import(specifier) as { readonly default: string };
    return path;
  } catch (error) {
    attempts.push({ path: specifier, why: sentence(error) });
    return undefined;
  }
}

function tryOpen(path: string, attempts: Attempt[]): Library | undefined {
  // A library of another ABI may lack other functions, so its number is asked for alone.
  const version = load(path, VERSION_SYMBOL, attempts);
  if (version === undefined) return undefined;
  checkAbi(path, version.symbols.gg_abi_version());
  return load(path, SYMBOLS, attempts);
}

function load<Symbols extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: Symbols,
  attempts: Attempt[],
): Deno.DynamicLibrary<Symbols> | undefined {
  try {
    return Deno.dlopen(path, symbols);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new Deno.errors.NotCapable(`${error.message}; give --allow-ffi=${path}`, { cause: error });
    }
    attempts.push({ path, why: sentence(error) });
    return undefined;
  }
}

function checkAbi(path: string, version: number): void {
  if (version === ABI_VERSION) return;
  throw errorOf("library", {
    code: "invalid_data",
    stage: "boundary",
    message: `Cannot use library "${path}": it speaks ABI ${version}, this source ABI ${ABI_VERSION}; ` +
      "take both from one version, or run `deno task setup`",
  });
}

function notFound(attempts: readonly Attempt[], fix: string): Error {
  const tried = attempts.map(({ path, why }) => `\n  ${path}: ${why}`).join("");
  return errorOf("library", {
    code: "not_found",
    stage: "boundary",
    message: `Cannot open the native library: none of these serves; ${fix}${tried}`,
  });
}

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? "";
}
