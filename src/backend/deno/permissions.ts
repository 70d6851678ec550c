/**
 * Asks Deno before native code opens a file or a connection, for native code does not.
 *
 * @module
 */

import { errorOf } from "../../base/errors.ts";
import type { Access } from "../library.ts";

/**
 * Makes sure that the program may read or write a path, or connect to a host, and asks the user where Deno would.
 *
 * @throws {VideoSourceError | VideoTargetError} With the code `permission_denied` and the flag to add.
 */
export function requestPermission(access: Access, subject: string): void {
  const [state, cause] = request(access, subject);
  if (state === "granted") return;
  const action = access === "net" ? "connect to" : access;
  throw errorOf(access === "write" ? "target" : "source", {
    code: "permission_denied",
    stage: "options",
    message: `Cannot ${action} ${JSON.stringify(subject)}: Deno does not allow it; add --allow-${access}=${subject}`,
    field: access === "net" ? "url" : "path",
  }, cause === undefined ? undefined : { cause });
}

/** The state, or the error if it cannot be requested, which counts as not allowed. */
function request(access: Access, subject: string): [Deno.PermissionState | undefined, unknown] {
  try {
    const permission = access === "net" ? { name: access, host: subject } : { name: access, path: subject };
    return [Deno.permissions.requestSync(permission).state, undefined];
  } catch (error) {
    return [undefined, error];
  }
}
