/**
 * Paths of files, as strings or `file:` URLs.
 *
 * @module
 */

import { outOfRange, wrongType } from "./errors.ts";
import { textFault } from "./text.ts";

/** What `import.meta.resolve` and others return as a string; `file:a.mp4` is the name of a file like any other. */
const URL_TEXT = /^file:\/\//i;

/**
 * The path that `value` names: a string as it is, a `file:` URL decoded, also as a string that begins with `file://`.
 *
 * @throws {TypeError} If it is neither, or a URL that does not name a local file.
 * @throws {RangeError} If it is empty, contains a NUL character or is not well-formed Unicode.
 */
export function pathOf(value: string | URL, field = "path"): string {
  const isUrl = value instanceof URL || (typeof value === "string" && URL_TEXT.test(value));
  const path = isUrl ? fromUrl(urlOf(value, field), field) : value;
  if (typeof path !== "string") {
    throw wrongType(field, `Cannot use ${field} ${String(path)}: it must be a string or a file: URL`);
  }
  if (path === "") throw outOfRange(field, `Cannot use ${field} "": it is empty`);
  const fault = textFault(path);
  if (fault !== undefined) throw outOfRange(field, `Cannot use ${field} ${JSON.stringify(path)}: ${fault}`);
  return path;
}

function urlOf(value: string | URL, field: string): URL {
  if (value instanceof URL) return value;
  if (URL.canParse(value)) return new URL(value);
  const why = "it is no URL; write a path, or file:///FOLDER/NAME";
  throw wrongType(field, `Cannot use ${field} ${JSON.stringify(value)}: ${why}`);
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
