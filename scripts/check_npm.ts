/**
 * Checks the npm packages that `deno task pack` made, as those who install them will see them: `check_npm.ts [FOLDER]`.
 *
 * publint and attw judge their metadata, two versions of TypeScript compile a strict program against them.
 */

import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { outputOf, runScript, ScriptError } from "./command.ts";
import { ROOT } from "./finding.ts";

const PUBLINT = "publint@0.3.25";
const ATTW = "@arethetypeswrong/cli@0.18.5";
/** The oldest that we support, and the newest. */
const TYPESCRIPTS: readonly string[] = ["typescript@5.9.3", "typescript@7.0.2"];
const NODE_TYPES = "@types/node@20.19.43";

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
  for (const tarball of tarballs) {
    await npx(PUBLINT, ["publint", "--strict", tarball], ROOT);
    // The packages are ESM, which the Nodes that they are for also take by `require`.
    await npx(ATTW, ["attw", tarball, "--profile=node16", "--ignore-rules=cjs-resolves-to-esm"], ROOT);
  }
  await checkTypes(tarballs);
}

async function checkTypes(tarballs: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "giftgrab-types-"));
  try {
    copyFileSync(join(ROOT, "tests/npm/consumer.ts"), join(folder, "consumer.ts"));
    writeFileSync(join(folder, "package.json"), "{}\n");
    await outputOf("npm", ["install", "--ignore-scripts", ...tarballs, NODE_TYPES], { cwd: folder, quiet: true });
    for (const [type, module, moduleResolution] of RESOLUTIONS) {
      await outputOf("npm", ["pkg", "set", `type=${type}`], { cwd: folder, quiet: true });
      const compilerOptions = {
        ...{ module, moduleResolution, target: "es2022", lib: ["es2022"], types: ["node"], noEmit: true },
        ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
      for (const typescript of TYPESCRIPTS) await npx(typescript, ["tsc", "--project", "tsconfig.json"], folder);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function npx(owner: string, command: readonly string[], cwd: string): Promise<void> {
  await outputOf("npm", ["exec", "--yes", `--package=${owner}`, "--", ...command], { cwd, quiet: true });
}

if (import.meta.main) {
  await runScript(async () => {
    await checkNpm(resolve(Deno.args[0] ?? join(ROOT, "target/npm")));
    console.log("npm packages: ok");
  });
}
