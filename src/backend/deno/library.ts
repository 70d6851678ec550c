/**
 * Opens the native library in Deno.
 *
 * @module
 */

import { errorOf } from "../../base/errors.ts";
import { VERSION } from "../../base/version.ts";
import { checkAbi, type Host, openLibrary, sentence, VARIABLE } from "../lookup.ts";
import { SYMBOLS, VERSION_SYMBOL } from "./symbols.ts";

/** The opened library. It is never unloaded: its threads may still run. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/**
 * Opens the library.
 *
 * @throws {GiftGrabError} If there is none that can be used; with the code `permission_denied` if Deno may not load it.
 */
export async function openSymbols(): Promise<Symbols> {
  return (await openLibrary(HOST)).symbols;
}

/** Whether this module is that of the npm package, where it is JavaScript, and names other packages as Node does. */
const isNpm = !import.meta.url.endsWith(".ts");

const HOST: Host<Deno.DynamicLibrary<typeof SYMBOLS>> = {
  get platform() {
    return `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
  },

  // Deno must not ask the user for this.
  get named() {
    const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
    return state === "granted" ? Deno.env.get(VARIABLE) || undefined : undefined;
  },

  get built() {
    // JSR's modules have no folder.
    if (import.meta.dirname === undefined || isNpm) return undefined;
    const root = import.meta.dirname.split(/[/\\]/).slice(0, -3).join("/");
    return `${root}/target/release/${fileName()}`;
  },

  async locate(name, isOptional) {
    const specifier = isNpm ? name : `npm:${name}@${VERSION}`;
    // An optional package is there if the program has it too.
    if (isOptional && !isInstalled(specifier)) return undefined;
    // A literal specifier would be downloaded at start-up, for every platform.
    const { default: path } = await import(specifier) as { readonly default: string };
    return path;
  },

  async sha256(path) {
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path)));
    return Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
  },

  load(path) {
    // A library of another ABI may lack other functions, so its number is asked for alone.
    const version = load(path, VERSION_SYMBOL);
    if (typeof version === "string") return version;
    checkAbi(path, version.symbols.gg_abi_version());
    return load(path, SYMBOLS);
  },
};

function isInstalled(specifier: string): boolean {
  try {
    return import.meta.resolve(specifier).startsWith("file:");
  } catch {
    return false;
  }
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

function load<Table extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: Table,
): Deno.DynamicLibrary<Table> | string {
  try {
    return Deno.dlopen(path, symbols);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw errorOf("library", {
        code: "permission_denied",
        stage: "boundary",
        message: `Cannot load library "${path}": Deno does not allow FFI; add --allow-ffi=${path}`,
      }, { cause: error });
    }
    return sentence(error);
  }
}
