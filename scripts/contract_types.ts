/** TypeScript types from the JSON schemas that the core prints. */

import { compile } from "npm:json-schema-to-typescript@16.0.0";

/** The part of JSON Schema that is read here. */
export interface Schema {
  readonly [key: string]: unknown;
  readonly $ref?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly const?: unknown;
  readonly additionalProperties?: boolean | Schema;
}

/**
 * One exported type per definition, each once: the fields of `readonlyNames` are readonly, and those of the others, which
 * a program writes, may be `undefined` where they may be left out.
 */
export async function typesOf(
  definitions: Readonly<Record<string, Schema>>,
  readonlyNames: ReadonlySet<string>,
): Promise<string> {
  const $defs = Object.fromEntries(
    Object.entries(definitions).map(([name, schema]) => [name, prepared(describeVariants(schema))]),
  );
  const root = { type: "object", additionalProperties: false, $defs };
  const text = await compile(root as Parameters<typeof compile>[0], "Contract", {
    additionalProperties: false,
    bannerComment: "",
    format: false,
    unreachableDefinitions: true,
  });
  return eased(freeze(tidy(text), readonlyNames), readonlyNames);
}

/** Variants of a union get no comment of their own, so the union's comment lists them. */
function describeVariants(schema: Schema): Schema {
  const lines = (schema.oneOf ?? []).map((variant) => {
    const tag = Object.entries(variant.properties ?? {}).find(([, property]) => "const" in property)?.[1] ?? variant;
    return `- \`${tag["const"]}\`: ${variant.description}`;
  });
  return lines.length === 0 ? schema : { ...schema, description: `${schema.description}\n\n${lines.join("\n")}` };
}

/** The schema as the compiler reads it best: required fields first, no null in fields that may be left out. */
function prepared(schema: Schema): Schema {
  const { $ref, default: _, properties, ...rest } = schema;
  const description = described(schema);
  return {
    ...rest,
    ...(description === undefined ? {} : { description }),
    // A reference with siblings would become a second type.
    ...($ref === undefined ? {} : description === undefined ? { $ref } : { allOf: [{ $ref }] }),
    ...(properties === undefined ? {} : { properties: preparedFields(properties, schema.required ?? []) }),
    ...(schema.oneOf === undefined ? {} : { oneOf: schema.oneOf.map(prepared) }),
    ...(schema["items"] === undefined ? {} : { items: prepared(schema["items"] as Schema) }),
  };
}

/** The description with the range, the length and the default, each a paragraph of its own. */
function described(schema: Schema): string | undefined {
  const { description, minimum, maximum, minLength, maxLength, default: fallback } = schema;
  const paragraphs = [
    description,
    // A schema that has only one of the two is as wide as its type.
    maximum === undefined ? undefined : `Range: ${minimum ?? 0} to ${maximum}.`,
    maxLength === undefined ? undefined : `Length: ${minLength ?? 0} to ${maxLength}.`,
    fallback === undefined || fallback === null ? undefined : `@default ${JSON.stringify(fallback)}`,
  ].filter((paragraph) => paragraph !== undefined);
  return paragraphs.length === 0 ? undefined : paragraphs.join("\n\n");
}

function preparedFields(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
): Record<string, Schema> {
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  return Object.fromEntries([...required, ...optional].map((name) => {
    const field = properties[name] ?? {};
    return [name, prepared(required.includes(name) ? field : withoutNull(field))];
  }));
}

function withoutNull(schema: Schema): Schema {
  const { type, anyOf, ...rest } = schema;
  return {
    ...rest,
    ...(type === undefined ? {} : { type: Array.isArray(type) ? type.filter((one) => one !== "null") : type }),
    ...(anyOf === undefined ? {} : anyOf.find((one) => one.type !== "null")),
  };
}

/** The compiler's text without its notes on the schema, and short comments on one line. */
function tidy(text: string): string {
  return text
    .replace(/\n \* ?\n \* This interface was referenced by .*\n.*/g, "")
    .replace(/export interface Contract \{\s*\}\n/, "")
    .replace(/\/\*\*\n \* (.*)\n \*\//g, "/** $1 */");
}

/** The text with readonly fields and arrays in the types called `names`. */
function freeze(text: string, names: ReadonlySet<string>): string {
  let frozen = false;
  return text.split("\n").map((line) => {
    const name = /^export \w+ (\w+)/.exec(line)?.[1];
    if (name !== undefined) frozen = names.has(name);
    if (!frozen || !/^\w+\??: /.test(line)) return line;
    return `readonly ${line.replace(/: (\w+\[\])$/, ": readonly $1")}`;
  }).join("\n");
}

/** The text with `undefined` for the optional fields of the types that are not called `names`. */
function eased(text: string, names: ReadonlySet<string>): string {
  let isEased = false;
  let isInside = false;
  return text.split("\n").map((line) => {
    const name = /^export \w+ (\w+)/.exec(line)?.[1];
    if (name !== undefined) isEased = !names.has(name);
    if (!isEased) return line;
    const begins = /^\w+\?: /.test(line);
    const ends = isInside && line === "}";
    isInside = (isInside && !ends) || (begins && line.endsWith("{"));
    return ends || (begins && !isInside) ? `${line} | undefined` : line;
  }).join("\n");
}
