/** The rules by which TypeScript checks options, from the JSON schemas that the core prints. */

import type { Rule, Rules } from "../src/base/options.ts";
import type { Schema } from "./contract_types.ts";

type Definitions = Readonly<Record<string, Schema>>;

/** The rules for the options of each kind of object that can be opened. */
export function rulesOf(definitions: Definitions): Readonly<Record<string, Rules>> {
  const kinds = definitions["OpenOptions"]?.oneOf ?? [];
  return Object.fromEntries(kinds.map(({ properties = {} }) => {
    const [kind, options] = [properties["kind"]?.const, properties["options"]];
    if (typeof kind !== "string" || options === undefined) throw new Error("Cannot read the kinds of OpenOptions");
    return [kind, fieldsOf(resolved(options, definitions), definitions)];
  }));
}

function fieldsOf({ properties = {} }: Schema, definitions: Definitions): Rules {
  return Object.fromEntries(Object.entries(properties).map(([field, schema]) => [field, ruleOf(schema, definitions)]));
}

function ruleOf(schema: Schema, definitions: Definitions): Rule {
  const found = resolved(schema, definitions);
  const { type, oneOf, properties, additionalProperties, minimum, maximum } = found;
  if (isPrimitive(found.anyOf)) return { types: found.anyOf.map(({ type }) => type) };
  if (oneOf !== undefined) return { words: oneOf.map((variant) => String(variant.const)) };
  switch (Array.isArray(type) ? type.find((one) => one !== "null") : type) {
    case "string":
      return { type: "string" };
    case "boolean":
      return { type: "boolean" };
    case "number":
      return { type: "number", ...(minimum === undefined || maximum === undefined ? {} : { minimum, maximum }) };
    case "integer":
      if (schema["format"] === "int32") return { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
      if (minimum === undefined || maximum === undefined) break;
      return { type: "integer", minimum, maximum };
    case "object":
      if (properties !== undefined) return { fields: fieldsOf({ properties }, definitions) };
      if (typeof additionalProperties === "object") return { values: ruleOf(additionalProperties, definitions) };
  }
  throw new Error(`Cannot make a rule of ${JSON.stringify(schema)}; give an integer its range in the core`);
}

/** A type of which a value may be one of several. */
type Primitive = "boolean" | "integer" | "string";

function isPrimitive(alternatives: readonly Schema[] | undefined): alternatives is (Schema & { type: Primitive })[] {
  const isOne = ({ type }: Schema): boolean => type === "boolean" || type === "integer" || type === "string";
  return alternatives !== undefined && alternatives.length > 1 && alternatives.every(isOne);
}

/** The schema with its reference followed, and without the null of a field that may be left out. */
function resolved(schema: Schema, definitions: Definitions): Schema {
  const alternatives = schema.anyOf?.filter((one) => one.type !== "null") ?? [];
  const given = isPrimitive(alternatives) ? schema : alternatives[0] ?? schema;
  const name = given.$ref?.replace("#/$defs/", "");
  return name === undefined ? given : definitions[name] ?? given;
}
