/**
 * Finds the native library and makes sure that it was published with this source.
 *
 * @module
 */

import { errorOf } from "../base/errors.ts";
import { ABI_VERSION } from "../generated/contract.ts";
import { LIBRARIES } from "../generated/libraries.ts";

/** The runtime's part of the look-up. */
export interface Host<Loaded> {
  /** The platform as npm packages name it, such as `linux-x64`. */
  readonly platform: string;
  /** The library that the variable `GIFTGRAB_LIB` names, if the runtime may read it. */
  readonly named: string | undefined;
  /** The library that this checkout builds; `undefined` outside a checkout. */
  readonly built: string | undefined;
  /**
   * The path that the module of an npm package exports; `undefined` if an optional package is not installed.
   *
   * @throws If the package cannot be loaded.
   */
  locate(name: string, isOptional: boolean): Promise<string | undefined>;
  /** The SHA-256 of a file in hexadecimal; `undefined` if the runtime does not let this program read it. */
  sha256(path: string): Promise<string | undefined>;
  /**
   * Opens a library; returns a sentence if it cannot be opened.
   *
   * @throws If it would be useless to try another one.
   */
  load(path: string): Loaded | string;
}

/** A library that was tried, and why it could not be used. */
interface Attempt {
  readonly path: string;
  readonly why: string;
}

/** The variable that names a library. */
export const VARIABLE = "GIFTGRAB_LIB";

/**
 * Opens the first library that exists: the named one, the checkout's own build, that of an npm platform package.
 *
 * The package with the GPL encoders is only there if the user chose it, so it comes before the default one.
 *
 * @param published The SHA-256 of each package's library.
 * @throws {GiftGrabError} If none can be opened, listing all attempts; with the code `invalid_data` if a packaged
 * one is not the published one.
 */
export async function openLibrary<Loaded extends object>(
  host: Host<Loaded>,
  published: Readonly<Record<string, string>> = LIBRARIES,
): Promise<Loaded> {
  const attempts: Attempt[] = [];
  const open = (path: string): Loaded | undefined => {
    const loaded = host.load(path);
    if (typeof loaded === "object") return loaded;
    attempts.push({ path, why: loaded });
    return undefined;
  };
  if (host.named !== undefined) {
    // A named library is the only one that may be used.
    const library = open(host.named);
    if (library !== undefined) return library;
    throw notFound(attempts, `correct or unset ${VARIABLE}`);
  }
  const built = host.built && open(host.built);
  if (built) return built;
  for (const [suffix, isOptional] of [["-gnu-gpl", true], ["-gnu", false]] as const) {
    const name = `@giftgrab/core-${host.platform}${suffix}`;
    let path: string | undefined;
    try {
      path = await host.locate(name, isOptional);
    } catch (error) {
      attempts.push({ path: name, why: sentence(error) });
    }
    if (path === undefined) continue;
    checkSum(name, path, await host.sha256(path), published[name]);
    const packaged = open(path);
    if (packaged !== undefined) return packaged;
  }
  throw notFound(
    attempts,
    host.built === undefined
      ? "install @giftgrab/core anew, without the lock file if there is one; it is for Linux on x64 or arm64 with glibc"
      : "run `deno task setup`",
  );
}

/**
 * Rejects a library with another ABI.
 *
 * @throws {GiftGrabError} With the code `invalid_data`.
 */
export function checkAbi(path: string, version: number): void {
  if (version === ABI_VERSION) return;
  throw errorOf("library", {
    code: "invalid_data",
    stage: "boundary",
    message: `Cannot use library "${path}": it speaks ABI ${version}, this source ABI ${ABI_VERSION}; ` +
      "take both from one version, or run `deno task setup`",
  });
}

/** The first line of an error's message. */
export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? "";
}

/** Rejects a library that is not the published one; a library that may not be read is trusted. */
function checkSum(name: string, path: string, sum: string | undefined, wanted: string | undefined): void {
  if (wanted !== undefined && (sum === undefined || sum === wanted)) return;
  const why = wanted === undefined
    ? `this source knows no checksum of ${name}; take both from one version`
    : `it has been changed since it was published: its SHA-256 is ${sum}, not ${wanted}; install ${name} anew`;
  throw errorOf("library", {
    code: "invalid_data",
    stage: "boundary",
    message: `Cannot load library "${path}": ${why}`,
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
