/** The folders of the npm packages, ready for `npm pack`. */

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outputOf } from "../command.ts";
import type { Bundle } from "./bundle.ts";
import type { Component } from "./component.ts";
import type { Native } from "./matrix.ts";
import { licenceOf, noticesOf } from "./notices.ts";
import type { DenoConfig } from "./stage.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes the package of JavaScript in `folder` from the staged sources.
 *
 * @param natives All packages with native libraries; npm tries to install those of the default variant beside it.
 */
export async function makeCore(
  root: string,
  stage: string,
  folder: string,
  { version }: DenoConfig,
  natives: readonly Native[],
): Promise<void> {
  const tarball = `${folder}.tgz`;
  await outputOf(
    Deno.execPath(),
    // The comments are in the output, so a map would only change line numbers.
    ["pack", "--quiet", "--allow-dirty", "--no-source-maps", `--output=${tarball}`],
    { cwd: stage, quiet: true },
  );
  emptied(folder);
  await outputOf("tar", ["-xzf", tarball, "--strip-components=1", "-C", folder]);
  rmSync(tarball);
  const chosen = natives.filter(({ variant }) => variant.suffix === "");
  const others = natives.filter((native) => !chosen.includes(native));
  const own = fieldsIn(join(folder, "package.json"));
  writeManifest(folder, {
    ...own,
    ...fieldsIn(join(root, "npm/package.base.json")),
    ...fieldsIn(join(root, "npm/package.core.json")),
    exports: { ...own.exports as Fields, "./package.json": "./package.json" },
    optionalDependencies: Object.fromEntries(chosen.map(({ name }) => [name, version])),
    // Installers that hide packages which a package does not name, such as Yarn, show them for this.
    peerDependencies: Object.fromEntries(others.map(({ name }) => [name, version])),
    peerDependenciesMeta: Object.fromEntries(others.map(({ name }) => [name, { optional: true }])),
  });
}

/** Makes the package of one native library in `folder`. */
export function makeNative(
  root: string,
  folder: string,
  { version, license }: DenoConfig,
  { platform, variant, name }: Native,
  bundle: Bundle,
  crates: readonly Component[],
): void {
  emptied(folder);
  const components = [...bundle.components, ...crates];
  const licence = licenceOf(license, components);
  const { library } = platform;
  copyFileSync(bundle.library, join(folder, library));
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  write("THIRD_PARTY_NOTICES.md", noticesOf(name, version, license, components));
  write("index.js", INDEX.replace("LIBRARY", library));
  write("index.d.ts", TYPES);
  const template = readFileSync(join(root, "npm/platform.README.md"), "utf8");
  const { encoders, terms, suffix } = variant;
  write(
    "README.md",
    filled(template, {
      ...{ package: name, version, platform: platform.platform, encoders, terms, licence },
      installing: suffix === "" ? DEFAULT : CHOSEN.replace("NAME", name),
    }),
  );
  const base = fieldsIn(join(root, "npm/package.base.json"));
  writeManifest(folder, {
    name,
    version,
    description: `The native library of @giftgrab/core for ${platform.platform}, variant ${variant.variant}`,
    license: licence,
    ...base,
    os: [platform.os],
    cpu: [platform.cpu],
    ...(platform.libc === undefined ? {} : { libc: [platform.libc] }),
    main: "./index.js",
    types: "./index.d.ts",
    exports: {
      ".": { types: "./index.d.ts", default: "./index.js" },
      "./package.json": "./package.json",
    },
    // Yarn would keep it in an archive, out of which nothing can be loaded.
    preferUnplugged: true,
    files: ["index.js", "index.d.ts", library, "THIRD_PARTY_NOTICES.md"],
  });
}

const INDEX = `import { fileURLToPath } from "node:url";

export default fileURLToPath(new URL("./LIBRARY", import.meta.url));
`;

const TYPES = `/** The path of the native library. */
declare const path: string;
export default path;
`;

const DEFAULT = "npm installs it with `@giftgrab/core`: it need not be named.";

const CHOSEN = "Install it beside `@giftgrab/core`, which then uses it instead of the default one:\n\n" +
  "```sh\nnpm install @giftgrab/core NAME\n```";

function emptied(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function fieldsIn(file: string): Fields {
  return JSON.parse(readFileSync(file, "utf8")) as Fields;
}

function writeManifest(folder: string, fields: Fields): void {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(fields, null, 2)}\n`);
}

function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, field: string) => {
    const value = values[field];
    if (value === undefined) throw new Error(`npm/platform.README.md names an unknown field: ${field}`);
    return value;
  });
}
