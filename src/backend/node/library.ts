/**
 * Opens the native library in Node.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { errorOf } from "../../base/errors.ts";
import { checkAbi, type Host, openLibrary, sentence, VARIABLE } from "../lookup.ts";
import type { Addon } from "./addon.ts";

/**
 * Opens the library.
 *
 * @throws {GiftGrabError} If none can be used.
 */
export function openAddon(): Promise<Addon> {
  return openLibrary(HOST);
}

const HOST: Host<Addon> = {
  get platform() {
    return `${process.platform}-${process.arch}`;
  },

  get named() {
    return process.env[VARIABLE] || undefined;
  },

  get built() {
    // In a checkout this is a TypeScript file; npm's modules are JavaScript.
    if (!import.meta.url.endsWith(".ts")) return undefined;
    return join(dirname(fileURLToPath(import.meta.url)), "../../../target/release/libgiftgrab.so");
  },

  async locate(name, isOptional) {
    try {
      const { default: path } = await import(name) as { readonly default: string };
      return path;
    } catch (error) {
      if (isOptional && codeOf(error) === "ERR_MODULE_NOT_FOUND") return undefined;
      throw error;
    }
  },

  async sha256(path) {
    try {
      return createHash("sha256").update(await readFile(path)).digest("hex");
    } catch (error) {
      if (codeOf(error) !== "ERR_ACCESS_DENIED") throw error;
      throw denied(path, "it to be read", `--allow-fs-read=${path}`, error);
    }
  },

  load(path) {
    const holder = { exports: {} as Addon };
    try {
      // Node exports its own zlib and OpenSSL to all that is loaded after it; the library is to find its own first.
      process.dlopen(holder, path, constants.dlopen.RTLD_NOW | (constants.dlopen.RTLD_DEEPBIND ?? 0));
    } catch (error) {
      if (codeOf(error) === "ERR_DLOPEN_DISABLED") throw denied(path, "addons", "--allow-addons", error);
      return sentence(error);
    }
    checkAbi(path, holder.exports.abiVersion());
    return holder.exports;
  },
};

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string }).code;
}

function denied(path: string, what: string, flag: string, cause: unknown): Error {
  return errorOf("library", {
    code: "permission_denied",
    stage: "boundary",
    message: `Cannot load library "${path}": Node does not allow ${what}; add ${flag}`,
  }, { cause });
}
