/** Checks that no source file is longer than a person reads in one go; tests and generated files may be. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, type Finding, finish, ROOT } from "./finding.ts";

const LIMIT = 400;
const FREE = /(^|\/)(tests|generated|fixtures)\//;

/** Every source file of more than 400 lines. */
export function checkLengths(root: string): Finding[] {
  return filesUnder(root, ".", [".ts", ".rs", ".sh"])
    .filter((file) => !FREE.test(file))
    .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LIMIT)
    .map(({ file, lines }) => ({
      file,
      line: LIMIT + 1,
      text: `${lines} lines are more than ${LIMIT}; split the file by its reasons to change`,
    }));
}

if (import.meta.main) finish("lengths", checkLengths(ROOT));
