/** The notices that a native library must come with. */

import type { Component } from "./component.ts";
import { chosenLicences, conjunction, PREFERENCE } from "./licence.ts";

/** The licence of a library of ours that is made of `components`, as one SPDX expression. */
export function licenceOf(own: string, components: readonly Component[]): string {
  return conjunction([own, ...components.flatMap(({ licence, name }) => chosenLicences(licence, name))]);
}

/** The text of `THIRD_PARTY_NOTICES.md`. */
export function noticesOf(packageName: string, version: string, own: string, components: readonly Component[]): string {
  const rows = components.map(({ name, version, licence, source, sha256 }) =>
    `| ${name} | ${version} | ${licence} | <${source}>${sha256 === undefined ? "" : `, SHA-256 \`${sha256}\``} |`
  );
  return `# Third-party notices

The native library of ${packageName} ${version} is under ${
    licenceOf(own, components)
  }. Our own part of it is under ${own}.
It is made of the works below. Where one offers a choice of licences, we take it under ${
    PREFERENCE.join(", ")
  }, in this order, if it offers that.

Everything that is needed to build the library again, or to build it with another version of a part, is in the source
of @giftgrab/core ${version}: its scripts fetch the sources named here and check them by their SHA-256.

| work | version | licence | source |
| ---- | ------- | ------- | ------ |
${rows.join("\n")}

${sharedTexts(components)}`;
}

/** Each text once, under the names of all whose text it is. */
function sharedTexts(components: readonly Component[]): string {
  const owners = new Map<string, Set<string>>();
  for (const { name, version, texts } of components) {
    for (const text of texts) {
      const trimmed = text.replaceAll("\r\n", "\n").trim();
      owners.set(trimmed, (owners.get(trimmed) ?? new Set()).add(`${name} ${version}`));
    }
  }
  return [...owners].map(([text, names]) => `## ${[...names].join(", ")}\n\n${fenced(text)}\n`).join("\n");
}

/** `text` as Markdown that is shown as it is. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}
