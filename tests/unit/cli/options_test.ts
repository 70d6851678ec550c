import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { helpText, optionRows, OPTIONS } from "../../../src/cli/options.ts";
import { ROOT } from "../../helpers/example.ts";

describe("the options of `deno task record`", () => {
  it("are all in the help, in lines of at most 120 characters", () => {
    const lines = helpText().split("\n");
    for (const [name, option] of Object.entries(OPTIONS)) {
      const line = lines.findIndex((one) => one.slice(6).startsWith(`--${name} `));
      assert.ok(lines.slice(line).map((one) => one.trim()).join(" ").includes(option.does), name);
      if ("short" in option) assert.ok(lines[line]?.startsWith(`  -${option.short}, `), name);
    }
    assert.ok(lines.every((line) => line.length <= 120));
    const help = helpText().replace(/\s+/g, " ");
    const codecs = "hevc, h264, vp9, av1, xvid, ffv1, or copy for the packets of a live source";
    assert.ok(help.includes(` --codec NAME ${codecs} (default: vp9 for .webm, xvid for .avi, else hevc) `), help);
  });

  it("are the rows of the table in the documents", () => {
    const documents = ["README.md", ...readdirSync(ROOT).includes("docs") ? docs() : []];
    const rows = documents.flatMap((file) => readFileSync(join(ROOT, file), "utf8").split("\n"))
      .filter((line) => /^\| `(-\w, )?--/.test(line))
      .map((line) => line.replace(/ +/g, " "))
      .filter((line) => !line.startsWith("| `--allow"));
    assert.deepEqual(rows, optionRows().map((row) => row.replace(/ +/g, " ")));
  });
});

function docs(): string[] {
  return readdirSync(join(ROOT, "docs")).filter((file) => file.endsWith(".md")).map((file) => join("docs", file));
}
