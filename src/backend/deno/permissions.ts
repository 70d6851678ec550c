/**
 * Asks Deno before native code opens a file, because native code does not.
 *
 * @module
 */

import { errorOf } from "../../base/errors.ts";

/**
 * Makes sure that the program may read or write `path`, and asks the user where Deno would.
 *
 * @throws {VideoSourceError | VideoTargetError} With the code `permission_denied`, naming the flag to add.
 */
export function requestPermission(name: "read" | "write", path: string): void {
  const [state, cause] = request(name, path);
  if (state === "granted") return;
  throw errorOf(name === "read" ? "source" : "target", {
    code: "permission_denied",
    stage: "options",
    message: `Cannot ${name} ${JSON.stringify(path)}: Deno does not allow it; add --allow-${name}=${path}`,
    field: "path",
  }, cause === undefined ? undefined : { cause });
}

/** The state of a permission, or the error of asking for it, which counts as a denial. */
function request(name: "read" | "write", path: string): [Deno.PermissionState | undefined, unknown] {
  try {
    return [Deno.permissions.requestSync({ name, path }).state, undefined];
  } catch (error) {
    return [undefined, error];
  }
}
