/** Checks that the generated files equal the present output of `deno task generate`. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Finding, finish, ROOT } from "./finding.ts";

/** Every file that differs from its text in `expected`, with the first line that does. */
export function checkGenerated(root: string, expected: ReadonlyMap<string, string>): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of expected) {
    const path = join(root, file);
    const present = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (present === text) continue;
    const [now, then] = [text.split("\n"), present.split("\n")];
    const index = (now.length > then.length ? now : then).findIndex((_, at) => now[at] !== then[at]);
    findings.push({ file, line: index + 1, text: "it is out of date; run `deno task generate`" });
  }
  return findings;
}

if (import.meta.main) {
  // Computed, so that the tests of this check do not load the generator's dependencies.
  const generator = new URL("./generate.ts", import.meta.url).href;
  const { generated } = await import(generator) as { generated: () => Promise<Map<string, string>> };
  finish("generated files", checkGenerated(ROOT, await generated()));
}
