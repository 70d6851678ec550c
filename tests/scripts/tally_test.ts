import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { differences, fromDeno, fromNode, summary, type Tally } from "../../scripts/test_node/tally.ts";

/** A report as Deno writes it. */
function deno(...cases: readonly (readonly [name: string, child?: "skipped/" | "failure"])[]): Tally {
  const text = cases.map(([name, child]) =>
    `        <testcase name="${name}" classname="./a_test.ts" time="0.000" line="1" col="1">\n` +
    `${child === undefined ? "" : `            <${child}>\n`}        </testcase>\n`
  );
  return fromDeno(`<testsuites>\n${text.join("")}</testsuites>`);
}

/** A report as Node's reporter writes it. */
function node(...cases: readonly (readonly [names: string, skipped?: string | false])[]): Tally {
  return fromNode(
    cases.map(([names, skipped]) =>
      JSON.stringify({ names: names.split(" > "), passed: skipped !== false, ...(skipped ? { skipped } : {}) })
    ).join("\n"),
  );
}

const states = (tally: Tally): unknown => Object.fromEntries([...tally].map(([name, { state }]) => [name, state]));

describe("the tally of a run", () => {
  it("counts the tests and not their groups", () => {
    const expected = { "a > b": "passed", "a > c": "skipped", d: "failed" };
    assert.deepEqual(states(deno(["a"], ["d", "failure"], ["a &gt; b"], ["a &gt; c", "skipped/"])), expected);
    assert.deepEqual(states(node(["a > b"], ["a > c", "why"], ["a"], ["d", false])), expected);
  });

  it("counts a group that has failed alone, and tests of the same name each", () => {
    assert.deepEqual(states(node(["a > b"], ["a", false])), { "a > b": "passed", a: "failed" });
    assert.deepEqual(states(node(["a > b", false], ["a", false])), { "a > b": "failed" });
    assert.deepEqual(states(node(["a"], ["a", "why"])), { a: "passed", "a (2)": "skipped" });
  });

  it("of nothing has no test", () => {
    assert.deepEqual([fromNode("").size, fromDeno("").size], [0, 0]);
  });
});

describe("the comparison of runs", () => {
  const tallies = new Map([
    ["Deno", deno(["same"], ["a"], ["a &gt; one"], ["a &gt; two"], ["b", "skipped/"])],
    ["Node", node(["same"], ["a", "it is Deno's"], ["b > three"], ["b"])],
  ]);

  it("takes a skipped group for the tests that the other has in it", () => {
    assert.deepEqual(differences(tallies), []);
    const lines = summary(tallies).split("\n").map((line) => line.trim().replace(/ +/g, " "));
    assert.ok(lines.includes("Deno 4 3 0 1"), lines.join("\n"));
    assert.ok(lines.includes("Node 4 2 0 2"));
    assert.ok(lines.includes("skipped: a > one: it is Deno's (Node)"));
    assert.ok(lines.includes("skipped: b > three: it is about Node alone (Deno)"));
  });

  it("names what one of them lacks", () => {
    const more = new Map([...tallies, ["Other", node(["same"], ["a > one"], ["b > three"])]]);
    assert.deepEqual(differences(more), ['Cannot compare "a > two": it is not a test on Other']);
  });
});
