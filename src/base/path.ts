/**
 * Paths of files, as strings or `file:` URLs.
 *
 * @module
 */

import { outOfRange, wrongType } from "./errors.ts";
import { textFault } from "./text.ts";

/**
 * The path that `value` names: a string as it is, a `file:` URL decoded.
 *
 * @throws {TypeError} If it is neither, or a URL that does not name a local file.
 * @throws {RangeError} If it is empty, contains a NUL character or is not well-formed Unicode.
 */
export function pathOf(value: string | URL, field = "path"): string {
  const path = value instanceof URL ? fromUrl(value, field) : value;
  if (typeof path !== "string") {
    throw wrongType(field, `Cannot use ${field} ${String(path)}: it must be a string or a file: URL`);
  }
  if (path === "") throw outOfRange(field, `Cannot use ${field} "": it is empty`);
  const fault = textFault(path);
  if (fault !== undefined) throw outOfRange(field, `Cannot use ${field} ${JSON.stringify(path)}: ${fault}`);
  return path;
}

function fromUrl(url: URL, field: string): string {
  const refuse = (why: string): TypeError => wrongType(field, `Cannot use ${field} "${url.href}": ${why}`);
  if (url.protocol !== "file:") throw refuse("only file: URLs name a file");
  if (url.hostname !== "") throw refuse("it names another computer");
  if (/%2f/i.test(url.pathname)) throw refuse("it contains an encoded slash");
  try {
    // A Windows path follows the URL's first slash: file:///C:/a.mp4.
    return decodeURIComponent(url.pathname).replace(/^\/(?=[A-Za-z]:\/)/, "");
  } catch {
    throw refuse("its percent-encoding is not UTF-8");
  }
}

/** The folder that the file at `path` is in. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, Math.max(end, 1));
}
