import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Codec, CODECS } from "../../../mod.ts";

describe("the tables", () => {
  it("have every codec under its name, and the one that encodes nothing", () => {
    const named = Object.fromEntries(Object.entries(CODECS).map(([codec, { name }]) => [name, codec]));
    assert.deepEqual({ ...Codec }, { ...named, Copy: "copy" });
  });
});
