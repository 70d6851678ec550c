/** Reports each test of a run by Node as a line of JSON: its path of names, whether it passed, why it was skipped. */

// deno-lint-ignore-file explicit-module-boundary-types -- JavaScript has none

export default async function* report(source) {
  const path = [];
  for await (const { type, data } of source) {
    if (type === "test:start") path.splice(data.nesting, Infinity, data.name);
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { nesting, skip, todo } = data;
    const skipped = skip ?? todo;
    const names = [...path.slice(0, nesting), data.name];
    yield `${JSON.stringify({ names, passed: type === "test:pass", ...(skipped === undefined ? {} : { skipped }) })}\n`;
  }
}
