/**
 * Codecs, containers and colour spaces: closed sets with one table behind them.
 *
 * @module
 */

import { Codec, CODECS, ColourSpace, CONTAINERS, COPY } from "../generated/contract.ts";
import { checkedWord } from "./options.ts";
import { errorOf } from "./errors.ts";

export { Codec, CODECS, ColourSpace, CONTAINERS };

/** A codec that can be encoded. */
export type EncodedCodec = keyof typeof CODECS;

/** The row of any codec. */
export function rowOf(codec: Codec): typeof CODECS[EncodedCodec] | typeof COPY {
  return codec === "copy" ? COPY : CODECS[codec];
}

/**
 * Checks the name of a codec.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If it is not one of `Codec`.
 */
export function checkedCodec(value: Codec): Codec {
  return checkedWord("codec", value, Object.values(Codec));
}

/**
 * Checks the name of a colour space.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If it is not one of `ColourSpace`.
 */
export function checkedColour(value: ColourSpace): ColourSpace {
  return checkedWord("colour", value, Object.values(ColourSpace));
}

/** The first codec of the table that the container of `path` holds; none if the extension names no container. */
export function codecFor(path: string): Codec | undefined {
  const extension = extensionOf(path);
  const encoded = Object.keys(CODECS) as EncodedCodec[];
  return encoded.find((codec) => (CODECS[codec].extensions as readonly string[]).includes(extension));
}

/**
 * Makes sure that the extension of `path`, in upper or lower case, names a container that holds `codec`.
 *
 * @throws {VideoTargetError} With the code `container_mismatch`, naming the extensions that fit.
 */
export function checkContainer(codec: Codec, path: string): void {
  const { name: own, extensions } = rowOf(codec);
  const name = codec === "copy" ? "the packets of a source" : own;
  const extension = extensionOf(path);
  if ((extensions as readonly string[]).includes(extension)) return;
  const cause = extension === "" ? "it has no extension" : `.${extension} ${causeFor(codec, extension, name, path)}`;
  const fitting = extensions.map((one) => `.${one}`).join(", ");
  throw errorOf("target", {
    code: "container_mismatch",
    stage: "options",
    message: `Cannot write ${name} to ${JSON.stringify(path)}: ${cause}; use ${fitting}`,
    field: "path",
  });
}

/** Why a container does not fit. */
function causeFor(codec: Codec, extension: string, name: string, path: string): string {
  if (codec === "copy" && extension === "avi") return "counts frames and has no place for their times";
  return codecFor(path) === undefined ? "names no container" : `cannot hold ${name}`;
}

/** The extension of the file name, in lower case; a leading dot begins none. */
function extensionOf(path: string): string {
  const name = path.split("/").at(-1) ?? "";
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}
