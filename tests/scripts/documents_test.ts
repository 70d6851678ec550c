/** The documents hold what the sources say: links, tasks, options, codes, codecs, dependencies. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { Rule } from "../../src/base/options.ts";
import { CODECS, CODES, OPTION_RULES } from "../../src/generated/contract.ts";
import { ROOT } from "../helpers/example.ts";

const DOCUMENTS = ["", "docs", "npm"].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).filter((file) => file.endsWith(".md")).map((file) => join(folder, file))
);

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** The cells of every row of a table in `text` whose first cell begins with a word in backticks. */
function rowsIn(text: string): string[][] {
  return [...text.matchAll(/^\| (`.*) \|$/gm)].map(([, row = ""]) => row.split(" | ").map((cell) => cell.trim()));
}

/** The text of `file` between the heading `title` and the next heading. */
function section(file: string, title: string): string {
  const [, text = ""] = new RegExp(`^#+ ${title}\n([^]*)`, "m").exec(read(file)) ?? [];
  assert.notEqual(text, "", `${file} has no "${title}"`);
  return text.split(/^#+ /m)[0] ?? "";
}

/** The words in backticks of each row's first cell. */
function namesIn(rows: readonly string[][]): string[] {
  return rows.flatMap(([first = ""]) => [...first.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
}

/** The address that a heading gets. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\w\s-]/g, "").trim().replace(/\s/g, "-");
}

/** The words and numbers that a row must have: those of a closed set, the names of fields, the ends of a range. */
function limitsOf(rule: Rule): string[] {
  if ("words" in rule) return rule.words.map((word) => `"${word}"`);
  if ("fields" in rule) return Object.keys(rule.fields).filter((field) => !["num", "den"].includes(field));
  const { minimum, maximum } = rule as { minimum?: number; maximum?: number };
  return [minimum, maximum].filter((limit) => limit !== undefined).map(String);
}

/** The tables of options.md: kind of object, heading, and the options that are arguments of their own. */
const OPTION_TABLES: readonly (readonly [kind: keyof typeof OPTION_RULES, title: string, args: readonly string[]])[] = [
  ["file_reader", "Video files", ["path", "colour"]],
  ["device", "Capture devices", ["device", "colour"]],
  ["screen", "Screens", ["colour"]],
  ["network", "Network streams", ["url", "colour"]],
  ["test_pattern", "Test pattern", []],
  ["file_writer", "Writers", ["codec", "path", "frameRate"]],
  ["tap", "Observers", []],
];

describe("documents", () => {
  for (const file of DOCUMENTS) {
    it(`${file}: links lead to files and headings`, () => {
      for (const [, link = ""] of read(file).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(link) || link.includes("THIRD_PARTY_NOTICES")) continue;
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? file : join(dirname(file), path);
        assert.ok(existsSync(join(ROOT, target)), `${link} leads nowhere`);
        if (anchor === undefined) continue;
        const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
        assert.ok(headings.includes(anchor), `${link} leads to no heading`);
      }
    });

    it(`${file}: tasks are those of deno.json`, () => {
      const { tasks } = JSON.parse(read("deno.json")) as { readonly tasks: Readonly<Record<string, unknown>> };
      for (const [, task = ""] of read(file).matchAll(/deno(?:@[\d.]+)? task ([a-z-]+)/g)) {
        assert.ok(task in tasks, `there is no task ${task}`);
      }
    });
  }

  it("failures.md has every error code and every reason for which frames are dropped", () => {
    assert.deepEqual(namesIn(rowsIn(section("docs/failures.md", "Errors"))), Object.keys(CODES));
    const [, union = ""] = /^export type DropReason =([^;]*);/m.exec(read("src/generated/contract.ts")) ?? [];
    const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason = ""]) => reason);
    assert.notEqual(reasons.length, 0);
    assert.deepEqual(namesIn(rowsIn(section("docs/failures.md", "The account of frames"))).sort(), reasons.sort());
  });

  for (const [kind, title, args] of OPTION_TABLES) {
    it(`options.md has every option under "${title}", with its words and its range`, () => {
      const rows = rowsIn(section("docs/options.md", title));
      const rules: Readonly<Record<string, Rule>> = OPTION_RULES[kind];
      const wanted = Object.entries(rules).filter(([name]) => !args.includes(name));
      assert.deepEqual(rows.flatMap((row) => namesIn([row])).sort(), wanted.map(([name]) => name).sort());
      for (const [name, rule] of wanted) {
        const row = rows.find((row) => namesIn([row]).includes(name))?.join(" | ") ?? "";
        for (const limit of limitsOf(rule)) {
          assert.match(row, new RegExp(`(?<!\\w)${limit.replace(".", "\\.")}(?!\\w)`), `${name} names ${limit}`);
        }
      }
    });
  }

  it("options.md has every codec with its file extensions and encoders", () => {
    const rows = Object.values(CODECS).map(({ name, extensions, encoders }) => [
      `\`Codec.${name}\``,
      extensions.map((extension) => `\`.${extension}\``).join(" "),
      encoders.join(", "),
    ]);
    const found = rowsIn(section("docs/options.md", "Codecs and containers"));
    assert.deepEqual(found.map(([codec, extensions, encoders = ""]) => [codec, extensions, bare(encoders)]), rows);
  });

  it("every crate that we depend on has its reason", () => {
    const [, table = ""] = /^\[workspace\.dependencies\]\n((?:.+\n)+)/m.exec(read("Cargo.toml")) ?? [];
    const crates = [...table.matchAll(/^([\w-]+) =/gm)].map(([, crate = ""]) => crate);
    assert.ok(crates.includes("serde"));
    for (const crate of crates.filter((crate) => crate !== "giftgrab-core")) {
      for (const file of ["ARCHITECTURE.md", "docs/dependencies.md"]) {
        assert.match(read(file), new RegExp(`(?<![\\w-])${crate}(?![\\w-])`), `${crate} in ${file}`);
      }
    }
  });
});

/** `text` without what stands in brackets. */
function bare(text: string): string {
  return text.replace(/ \([^)]*\)/g, "");
}
