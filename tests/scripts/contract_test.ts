import { strict as assert } from "node:assert";
import { it } from "node:test";
import { rulesOf } from "../../scripts/contract_rules.ts";

const kind = (name: string, options: string) => ({
  properties: { kind: { const: name }, options: { $ref: `#/$defs/${options}` } },
});

const DEFINITIONS = {
  OpenOptions: { oneOf: [kind("pattern", "PatternOptions"), kind("writer", "WriterOptions")] },
  PatternOptions: {
    properties: {
      path: { type: "string" },
      colour: { anyOf: [{ $ref: "#/$defs/Colour" }, { type: "null" }] },
      width: { type: ["integer", "null"], minimum: 16, maximum: 64 },
    },
  },
  WriterOptions: {
    properties: {
      raw: { type: "object", additionalProperties: { type: "string" } },
      metadata: { $ref: "#/$defs/Metadata" },
      finalise: { type: "boolean" },
      quality: { type: ["number", "null"] },
    },
  },
  Colour: { oneOf: [{ const: "bgra" }, { const: "i420" }] },
  Metadata: { type: "object", properties: { title: { type: ["string", "null"] } } },
};

it("rules: each kind of object has the rule of each of its options", () => {
  assert.deepEqual(rulesOf(DEFINITIONS), {
    pattern: {
      path: { type: "string" },
      colour: { words: ["bgra", "i420"] },
      width: { type: "integer", minimum: 16, maximum: 64 },
    },
    writer: {
      raw: { values: { type: "string" } },
      metadata: { fields: { title: { type: "string" } } },
      finalise: { type: "boolean" },
      quality: { type: "number" },
    },
  });
});

it("rules: an integer without a range is refused", () => {
  const definitions = {
    OpenOptions: { oneOf: [kind("pattern", "PatternOptions")] },
    PatternOptions: { properties: { width: { type: "integer", minimum: 0 } } },
  };
  assert.throws(() => rulesOf(definitions), /range/);
});
