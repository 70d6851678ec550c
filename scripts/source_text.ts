/** Source text without the parts that a check must not read: comments, and on request the contents of strings. */

// Template literals stay as they are: the text in `${…}` is code.
const TYPESCRIPT = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`(?:\\[\s\S]|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;

// A quote that is not closed after one character begins a lifetime.
const RUST = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[^\n]{1,8}?|[^'\\\n])'/g;

/** Whether the contents of strings are kept. */
export type Strings = "keep" | "blank";

/** TypeScript without comments; every character stays on its line and column. */
export function typescriptCode(text: string, strings: Strings): string {
  return text.replace(TYPESCRIPT, (part) => {
    if (part.startsWith("/")) return blank(part);
    return strings === "keep" || part.startsWith("`") ? part : blank(part);
  });
}

/** Rust without comments and without the contents of strings; every character stays on its line and column. */
export function rustCode(text: string): string {
  return text.replace(RUST, blank);
}

function blank(part: string): string {
  return part.replace(/[^\n]/g, " ");
}
