/**
 * Checks the npm packages that `deno task pack` made, as users will install them: `check_npm.ts [FOLDER]`.
 *
 * publint and attw judge their metadata, two versions of TypeScript compile a strict program against them.
 */

import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { outputOf, runScript, ScriptError } from "./command.ts";
import { ROOT } from "./finding.ts";

/** The judges; of TypeScript the oldest that we support, and the newest. */
const TOOLS: readonly string[] = [
  "publint@0.3.25",
  "@arethetypeswrong/cli@0.18.5",
  "typescript-5@npm:typescript@5.9.3",
  "typescript-7@npm:typescript@7.0.2",
  "@types/node@20.19.43",
];

/** How programs resolve packages: the module system of the program, and the options of TypeScript. */
const RESOLUTIONS: readonly (readonly [type: "module" | "commonjs", module: string, resolution: string])[] = [
  ["module", "nodenext", "nodenext"],
  ["commonjs", "nodenext", "nodenext"],
  ["module", "preserve", "bundler"],
];

/**
 * Checks every tarball in `folder`.
 *
 * @throws {ScriptError} If there is none, or one does not pass.
 */
export async function checkNpm(folder: string): Promise<void> {
  const tarballs = readdirSync(folder).filter((file) => file.endsWith(".tgz")).map((file) => join(folder, file));
  if (tarballs.length === 0) {
    throw new ScriptError(`Cannot check "${folder}": it holds no package; run \`deno task pack\``);
  }
  const place = mkdtempSync(join(tmpdir(), "giftgrab-check-"));
  try {
    writeFileSync(join(place, "package.json"), "{}\n");
    // Forced, because the packages for other platforms are checked here too.
    await outputOf("npm", ["install", "--force", "--ignore-scripts", ...TOOLS, ...tarballs], {
      cwd: place,
      quiet: true,
    });
    for (const tarball of tarballs) {
      await tool(place, "publint/src/cli.js", "--strict", tarball);
      // The packages are ESM, which the Nodes that they are for also take by `require`.
      await tool(
        place,
        "@arethetypeswrong/cli/dist/index.js",
        ...[tarball, "--profile=node16", "--ignore-rules=cjs-resolves-to-esm"],
      );
    }
    await checkTypes(place);
  } finally {
    rmSync(place, { recursive: true });
  }
}

async function checkTypes(place: string): Promise<void> {
  copyFileSync(join(ROOT, "tests/npm/consumer.ts"), join(place, "consumer.ts"));
  for (const [type, module, moduleResolution] of RESOLUTIONS) {
    writeFileSync(join(place, "package.json"), JSON.stringify({ type }));
    const compilerOptions = {
      ...{ module, moduleResolution, target: "es2022", lib: ["es2022"], types: ["node"], noEmit: true },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    };
    writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
    for (const typescript of ["typescript-5", "typescript-7"]) {
      await tool(place, `${typescript}/bin/tsc`, "--project", "tsconfig.json");
    }
  }
}

/** Runs a program of an installed package. */
async function tool(place: string, path: string, ...args: string[]): Promise<void> {
  await outputOf("node", [join(place, "node_modules", path), ...args], { cwd: place, quiet: true });
}

if (import.meta.main) {
  await runScript(async () => {
    await checkNpm(resolve(Deno.args[0] ?? join(ROOT, "target/npm")));
    console.log("npm packages: ok");
  });
}
