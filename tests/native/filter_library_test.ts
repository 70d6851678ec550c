/** libavfilter, with all that it brings along, is loaded by the first filter and by nothing else. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { capabilities } from "../../mod.ts";
import type { FilterOrder, FilterOutcome } from "../fixtures/filter_child.ts";
import { runFixture } from "../helpers/attempt.ts";
import { text } from "../helpers/command.ts";
import { ROOT } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { probe } from "../helpers/probe.ts";

const { ffmpeg: { variant } } = await capabilities();
/** The bundled libraries have libavfilter in them. */
const separate = { skip: variant === "system" ? false : `libavfilter is part of the library, variant ${variant}` };

const run = (order: FilterOrder, prefix: readonly string[] = []): FilterOutcome =>
  runFixture("filter_child.ts", order, undefined, prefix) as FilterOutcome;

it("is loaded when the first filter is made, and not by a recording", separate, () =>
  withFolder((folder) => {
    const { written, recorded, filtered, errors } = run({ path: join(folder, "out.mkv"), filters: ["hflip", "vflip"] });
    assert.equal(written, 10);
    assert.deepEqual(recorded, []);
    assert.equal(filtered.length, 1, String(filtered));
    assert.deepEqual(errors, []);
    return Promise.resolve();
  }));

it("is not linked", async () => {
  const needed = await text("readelf", ["--dynamic", join(ROOT, "target/release/libgiftgrab.so")]);
  assert.match(needed, /NEEDED.*libavutil/);
  assert.doesNotMatch(needed, /libavfilter/);
});

it("is missed by filters only, with an error that names it", separate, async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "out.mkv");
    const { filtered: [library = ""] } = run({ path, filters: ["hflip"] });
    const soname = /libavfilter\.so\.\d+/.exec(library)?.[0] ?? "";
    // What cannot be loaded hides what could.
    writeFileSync(join(folder, soname), "");
    const order = { path: join(folder, "without.mkv"), filters: ["hflip", "hflip", "nonsense"] };
    const outcome = run(order, ["env", `LD_LIBRARY_PATH=${folder}`]);
    assert.deepEqual([outcome.written, outcome.filtered], [10, []]);
    assert.equal((await probe(order.path)).width, 64);
    const [first, second, third] = outcome.errors;
    assert.deepEqual(second, first);
    assert.equal(first?.code, "filter_unavailable");
    assert.equal(first.name, "ObserverError");
    assert.equal(first.field, undefined);
    assert.ok(
      first.message.startsWith(`Cannot use description "hflip": FFmpeg's filters need ${soname}, which cannot be`),
      first.message,
    );
    assert.ok(first.cause?.includes(soname), first.cause);
    assert.equal(third?.code, "invalid_argument");
    assert.doesNotMatch(third.message, /has no filter/);
  });
});
