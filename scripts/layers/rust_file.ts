/** One Rust file as text: its imports, the paths that it names and its definitions. */

import { rustCode } from "../source_text.ts";

/** A path that a file names. */
export interface RustPath {
  /** Its segments; the first may be `crate`, `self` or `super`. `*` is the last one of a glob. */
  readonly segments: readonly string[];
  /** The name under which an import is known. */
  readonly name: string;
  /** Where it stands in the text. */
  readonly index: number;
}

/** An import. */
export interface Use extends RustPath {
  /** Whether it is a re-export too. */
  readonly isPublic: boolean;
}

/** The parts of one file. */
export interface RustFile {
  /** Its code without comments, strings and tests. */
  readonly code: string;
  /** Its imports. */
  readonly uses: readonly Use[];
  /** The other paths that it names. */
  readonly paths: readonly RustPath[];
  /** The modules within it at each place in the text, outermost first. */
  readonly modulesAt: (index: number) => readonly string[];
  /** Whether it defines `name`. */
  readonly defines: (name: string) => boolean;
  /** Whether `name` stands anywhere but in its imports. */
  readonly mentions: (name: string) => boolean;
}

const USE = /\b(pub(?:\s*\([^)]*\))?\s+)?use\s+((?:::\s*)?[\w{][^;]*);/g;
const PATH = /(?<![\w:.]|::\s)[A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)+/g;
const ITEM = "(?:struct|enum|union|trait|type|fn|const|static|mod|macro_rules!)";

/** Reads the text of one file. */
export function rustFile(text: string): RustFile {
  const code = withoutTests(rustCode(text));
  const uses = [...code.matchAll(USE)].flatMap(({ 0: whole, 1: visibility, 2: tree = "", index }) =>
    usesIn(tree, index + whole.indexOf(tree)).map((use) => ({ ...use, isPublic: visibility !== undefined }))
  );
  const rest = code.replace(USE, blank);
  const inner = modulesIn(rest);
  return {
    code,
    uses,
    paths: [...rest.matchAll(PATH)].map(({ 0: path, index }) => {
      const segments = path.split(/\s*::\s*/);
      return { segments, name: segments.at(-1) ?? "", index };
    }),
    modulesAt: (index) => inner.filter(({ from, to }) => from <= index && index < to).map(({ name }) => name),
    defines: (name) => new RegExp(`\\b${ITEM}\\s+${name}\\b`).test(rest),
    mentions: (name) => name !== "*" && new RegExp(`\\b${name}\\b`).test(rest),
  };
}

/** The imports of one tree such as `crate::{a::b, c as d, e::*}`, which begins at `index` of the text. */
function usesIn(tree: string, index: number): RustPath[] {
  const found: RustPath[] = [];
  const prefixes: (readonly string[])[] = [[]];
  let segments: string[] = [];
  let at = index;
  let alias: string | undefined;
  const close = (): void => {
    const isSelf = segments.length > 1 && segments.at(-1) === "self";
    const path = isSelf ? segments.slice(0, -1) : segments;
    const name = alias ?? path.at(-1);
    if (segments.length > (prefixes.at(-1)?.length ?? 0) && name !== undefined) {
      found.push({ segments: path, name, index: at });
    }
    segments = [...prefixes.at(-1) ?? []];
    alias = undefined;
  };
  for (const { 0: token, 1: renamed, index: offset } of tree.matchAll(/\bas\s+(\w+)|\w+|[{},*]/g)) {
    if (renamed !== undefined) alias = renamed;
    else if (token === "{") prefixes.push([...segments]);
    else if (token === ",") close();
    else if (token === "}") {
      close();
      prefixes.pop();
      segments = [...prefixes.at(-1) ?? []];
    } else {
      segments.push(token);
      at = index + offset;
    }
  }
  close();
  return found;
}

interface Module {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The modules whose text lies in the file. */
function modulesIn(code: string): Module[] {
  return [...code.matchAll(/\bmod\s+(\w+)\s*\{/g)].map(({ 0: whole, 1: name = "", index }) => ({
    ...{ name, from: index + whole.length },
    to: endOfBlock(code, index + whole.length - 1),
  }));
}

/** The code without items that are compiled for tests only. */
function withoutTests(code: string): string {
  if (/^\s*#!\[cfg\(test\)\]/.test(code)) return blank(code);
  const marker = /#\[cfg\((?:test|all\(test\b[^\]]*)\)\]/g;
  let result = code;
  for (let match = marker.exec(result); match !== null; match = marker.exec(result)) {
    const end = endOfItem(result, match.index + match[0].length);
    result = result.slice(0, match.index) + blank(result.slice(match.index, end)) + result.slice(end);
  }
  return result;
}

/** Where the item ends that begins at `start`, its attributes included. */
function endOfItem(code: string, start: number): number {
  const body = /^(?:\s*#\[[^\]]*\])*\s*/.exec(code.slice(start))?.[0].length ?? 0;
  const from = start + body;
  if (/^(pub(\s*\([^)]*\))?\s+)?use\b/.test(code.slice(from))) return code.indexOf(";", from) + 1;
  let depth = 0;
  for (let index = from; index < code.length; index++) {
    const character = code[index];
    if (character === "(" || character === "[") depth++;
    else if (character === ")" || character === "]") depth--;
    else if (depth === 0 && character === ";") return index + 1;
    else if (depth === 0 && character === "{") return endOfBlock(code, index);
  }
  return code.length;
}

/** Where the block ends whose brace stands at `start`. */
function endOfBlock(code: string, start: number): number {
  let depth = 0;
  for (let index = start; index < code.length; index++) {
    if (code[index] === "{") depth++;
    else if (code[index] === "}" && --depth === 0) return index + 1;
  }
  return code.length;
}

function blank(part: string): string {
  return part.replace(/[^\n]/g, " ");
}
