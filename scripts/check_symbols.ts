/** Checks that the C header, Deno's table of symbols and the built library have the same functions. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Finding, finish, lineAt, ROOT } from "./finding.ts";

const HEADER = "rust/bindings/giftgrab.h";
const TABLE = "src/backend/deno/symbols.ts";
const LIBRARY = "target/release/libgiftgrab.so";

/** A function as Deno would declare it. */
interface Signature {
  readonly parameters: readonly string[];
  readonly result: string;
}

/** An entry of the table; `name` is that of the function, where the entry has another one. */
interface Entry extends Signature {
  readonly name?: string;
}

const FUNCTION = /^([a-z]\w*(?: \*| ))(\w+)\(([^)]*)\);/gm;

/** The native type that Deno must use for a C type; every pointer is a buffer, so that a path's grant suffices. */
function denoType(type: string): string {
  if (type.includes("*")) return "buffer";
  const scalars: Readonly<Record<string, string>> = {
    void: "void",
    int32_t: "i32",
    uint32_t: "u32",
    uintptr_t: "usize",
    size_t: "usize",
  };
  return scalars[type] ?? `(no type for ${type})`;
}

/** The functions that a header made by cbindgen declares. */
export function headerFunctions(header: string): Map<string, Signature & { readonly line: number }> {
  const functions = new Map<string, Signature & { readonly line: number }>();
  for (const match of header.matchAll(FUNCTION)) {
    const [, result = "", name = "", list = ""] = match;
    const parameters = list.trim() === "void"
      ? []
      : list.split(",").map((parameter) => denoType(parameter.trim().replace(/^const /, "").replace(/\s*\w+$/, "")));
    functions.set(name, { parameters, result: denoType(result.trim()), line: lineAt(header, match.index) });
  }
  return functions;
}

/** The names of `names` that the library at `path` does not export. */
export function missingSymbols(path: string, names: Iterable<string>): string[] {
  return [...names].filter((name) => {
    try {
      Deno.dlopen(path, { [name]: { parameters: [], result: "void" } });
      return false;
    } catch (error) {
      if (String(error).includes(name)) return true;
      throw error;
    }
  });
}

/** Every difference between the header and the table of symbols. */
export async function checkTable(root: string): Promise<Finding[]> {
  const absent = [HEADER, TABLE].filter((file) => !existsSync(join(root, file)));
  if (absent.length > 0) return absent.map((file) => ({ file, line: 1, text: "it is missing" }));
  const functions = headerFunctions(readFileSync(join(root, HEADER), "utf8"));
  const source = readFileSync(join(root, TABLE), "utf8");
  const { SYMBOLS } = await import(pathToFileURL(join(root, TABLE)).href) as { SYMBOLS: Record<string, Entry> };
  const at = (name: string): number => lineAt(source, Math.max(0, source.search(new RegExp(`\\b${name}\\b`))));
  const findings: Finding[] = [];
  if (functions.size === 0) findings.push({ file: HEADER, line: 1, text: "it declares no function" });
  const names = new Set(Object.entries(SYMBOLS).map(([key, entry]) => entry.name ?? key));
  for (const [name, { line }] of functions) {
    if (!names.has(name)) findings.push({ file: HEADER, line, text: `${name} is missing in ${TABLE}` });
  }
  for (const [key, symbol] of Object.entries(SYMBOLS)) {
    const name = symbol.name ?? key;
    const declared = functions.get(name);
    if (declared === undefined) {
      findings.push({ file: TABLE, line: at(key), text: `${name} is missing in ${HEADER}` });
      continue;
    }
    const [table, header] = [describe(symbol), describe(declared)];
    if (table !== header) {
      findings.push({ file: TABLE, line: at(key), text: `${name} is ${table} here and ${header} in the header` });
    }
  }
  return findings;
}

function describe({ parameters, result }: Signature): string {
  return `(${parameters.join(", ")}) → ${result}`;
}

/** Every function of the header that the built library lacks. */
export function checkLibrary(root: string): Finding[] {
  const path = join(root, LIBRARY);
  if (!existsSync(join(root, HEADER))) return [];
  if (!existsSync(path)) return [{ file: LIBRARY, line: 1, text: "it is not built; run `deno task setup`" }];
  const functions = headerFunctions(readFileSync(join(root, HEADER), "utf8"));
  return missingSymbols(path, functions.keys()).map((name) => ({
    file: HEADER,
    line: functions.get(name)?.line ?? 1,
    text: `${name} is missing in ${LIBRARY}`,
  }));
}

if (import.meta.main) finish("symbols", [...await checkTable(ROOT), ...checkLibrary(ROOT)]);
