/** Licence expressions in the language of SPDX. */

import parse from "npm:spdx-expression-parse@4.0.0";
import { ScriptError } from "../command.ts";

/** Where a licence offers a choice, we take the one that comes first here; all others come after. */
export const PREFERENCE: readonly string[] = ["MIT", "BSD-2-Clause", "BSD-3-Clause"];

/** The licences that we have read, and found to fit together in one library of either variant. */
const ACCEPTED: ReadonlySet<string> = new Set([
  ...["Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "ISC", "Unicode-3.0", "WTFPL", "Zlib"],
  ...["LGPL-2.1-or-later", "GPL-2.0-or-later", "GPL-3.0-or-later WITH GCC-exception-3.1"],
]);

interface Leaf {
  readonly license: string;
  readonly plus?: boolean;
  readonly exception?: string;
}

interface Branch {
  readonly left: Node;
  readonly conjunction: "and" | "or";
  readonly right: Node;
}

type Node = Leaf | Branch;

/**
 * The licences that bind us if we take the preferred one wherever `expression` offers a choice, sorted.
 *
 * A slash between licences is read as OR, its former meaning in Cargo.
 *
 * @throws {ScriptError} If `owner`'s expression is not valid, or needs a licence that we have not accepted.
 */
export function chosenLicences(expression: string, owner: string): string[] {
  let tree: Node;
  try {
    tree = parse(expression.replaceAll("/", " OR ")) as Node;
  } catch (error) {
    throw new ScriptError(
      `Cannot find the licence of ${owner}: "${expression}" is not an SPDX expression; correct it`,
      {
        cause: error,
      },
    );
  }
  const licences = [...new Set(chosen(tree))].sort();
  const strange = licences.find((licence) => !ACCEPTED.has(licence));
  if (strange === undefined) return licences;
  throw new ScriptError(
    `Cannot pack ${owner}: its licence ${strange} is not reviewed; read it, then name it in scripts/pack/licence.ts`,
  );
}

/** The expression that says all of `licences` hold. */
export function conjunction(licences: Iterable<string>): string {
  return [...new Set(licences)].sort().join(" AND ");
}

function chosen(node: Node): string[] {
  if (!("conjunction" in node)) {
    const { license, plus = false, exception } = node;
    return [`${license}${plus ? "+" : ""}${exception === undefined ? "" : ` WITH ${exception}`}`];
  }
  const [left, right] = [chosen(node.left), chosen(node.right)];
  if (node.conjunction === "and") return [...left, ...right];
  return rank(right) < rank(left) ? right : left;
}

/** How late in the order of preference the last of `licences` stands. */
function rank(licences: readonly string[]): number {
  return Math.max(...licences.map((licence) => {
    const place = PREFERENCE.indexOf(licence);
    return place < 0 ? PREFERENCE.length : place;
  }));
}
