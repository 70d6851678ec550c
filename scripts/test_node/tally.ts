/**
 * The result of each test in each runtime, and whether all ran the same tests.
 *
 * A test is known by its path of names. A group that is skipped counts as the tests which another runtime has in it.
 */

/** The result of a test. */
export interface Outcome {
  readonly state: "passed" | "failed" | "skipped";
  /** Why it was skipped, if that is known. */
  readonly reason?: string;
}

/** The tests of one run by their names. */
export type Tally = ReadonlyMap<string, Outcome>;

const BETWEEN = " > ";

/** The tests in a report of Deno in the form of JUnit. */
export function fromDeno(xml: string): Tally {
  const cases = xml.matchAll(/<testcase name="([^"]*)"[^>]*>\s*(<skipped|<failure)?/g);
  return tallyOf([...cases].map(([, name = "", child]) => [
    name.replace(/&(\w+);/g, (_, entity: string) => ENTITIES[entity] ?? ""),
    { state: child === undefined ? "passed" : child === "<skipped" ? "skipped" : "failed" },
  ]));
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The tests in a report of `tests/node/reporter.mjs`. */
export function fromNode(lines: string): Tally {
  return tallyOf(
    lines.trim().split("\n").filter((line) => line !== "").map((line) => {
      const { names, passed, skipped } = JSON.parse(line) as {
        readonly names: readonly string[];
        readonly passed: boolean;
        readonly skipped?: string | boolean;
      };
      const reason = typeof skipped === "string" ? { reason: skipped } : {};
      const state = !passed ? "failed" : skipped === undefined ? "passed" : "skipped";
      return [names.join(BETWEEN), { state, ...reason }];
    }),
  );
}

/** Numbers tests of the same name, and leaves out the groups. */
function tallyOf(outcomes: readonly (readonly [name: string, Outcome])[]): Tally {
  const tally = new Map<string, Outcome>();
  for (const [name, outcome] of outcomes) {
    let unique = name;
    for (let number = 2; tally.has(unique); number++) unique = `${name} (${number})`;
    tally.set(unique, outcome);
  }
  const groups = new Set([...tally.keys()].flatMap(groupsOf));
  // A group fails with a test in it; it counts only if it has failed alone.
  const explained = new Set(
    [...tally].filter(([, { state }]) => state === "failed").flatMap(([name]) => groupsOf(name)),
  );
  return new Map(
    [...tally].filter(([name, { state }]) => !groups.has(name) || (state === "failed" && !explained.has(name))),
  );
}

/** The names of the groups in which a test is, from the outermost. */
function groupsOf(name: string): string[] {
  const names = name.split(BETWEEN);
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join(BETWEEN));
}

/** The same with each skipped group as the tests that it has in one of the others. */
function expandedAll(tallies: ReadonlyMap<string, Tally>): Map<string, Tally> {
  const names = new Set([...tallies.values()].flatMap((tally) => [...tally.keys()]));
  const groups = new Set([...names].flatMap(groupsOf));
  return new Map([...tallies].map(([runtime, tally]) => {
    const result = new Map([...tally].filter(([name, { state }]) => state !== "skipped" || !groups.has(name)));
    for (const name of names) {
      const outcome = groupsOf(name).map((group) => tally.get(group)).find((outcome) => outcome?.state === "skipped");
      if (outcome !== undefined) result.set(name, outcome);
    }
    return [runtime, result];
  }));
}

/** The totals of each run, and every test that was skipped or failed, as a text to read. */
export function summary(tallies: ReadonlyMap<string, Tally>): string {
  const whole = expandedAll(tallies);
  const row = (name: string, cells: readonly unknown[]): string =>
    name.padEnd(16) + cells.map((cell) => String(cell).padStart(9)).join("");
  const rows = [...whole].map(([runtime, tally]) => {
    const count = (state: Outcome["state"]): number => [...tally.values()].filter((one) => one.state === state).length;
    return row(runtime, [tally.size, count("passed"), count("failed"), count("skipped")]);
  });
  const runtimesOf = new Map<string, string[]>();
  for (const [runtime, tally] of whole) {
    for (const [name, { state, reason = reasonFor(name, whole) }] of tally) {
      if (state === "passed") continue;
      const line = `${name}${state === "skipped" ? `: ${reason}` : ""}`;
      runtimesOf.set(`${state}: ${line}`, [...runtimesOf.get(`${state}: ${line}`) ?? [], runtime]);
    }
  }
  const lines = [...runtimesOf].map(([line, runtimes]) => `${line} (${runtimes.join(", ")})`);
  return ["", row("", ["tests", "passed", "failed", "skipped"]), ...rows, ...lines.sort()].join("\n");
}

/** Deno's report has no reason: another runtime's is the same, and a test that ran elsewhere only is about that one. */
function reasonFor(name: string, tallies: ReadonlyMap<string, Tally>): string {
  const outcomes = [...tallies].map(([runtime, tally]) => ({ runtime, ...tally.get(name) }));
  const reason = outcomes.find(({ reason }) => reason !== undefined)?.reason;
  const others = outcomes.filter(({ state }) => state === "passed").map(({ runtime }) => runtime.split(" ")[0]);
  return reason ??
    (others.length === 0 ? "no reason is known" : `it is about ${[...new Set(others)].join(" and ")} alone`);
}

/** One sentence for each test that some runs have and others lack. */
export function differences(tallies: ReadonlyMap<string, Tally>): string[] {
  const whole = expandedAll(tallies);
  const names = new Set([...whole.values()].flatMap((tally) => [...tally.keys()]));
  return [...names].sort().flatMap((name) => {
    const without = [...whole].filter(([, tally]) => !tally.has(name)).map(([runtime]) => runtime);
    return without.length === 0 ? [] : [`Cannot compare "${name}": it is not a test on ${without.join(", ")}`];
  });
}
