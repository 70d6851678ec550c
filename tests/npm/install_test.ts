/** Packages as users get them: from registries on loopback, into empty folders, by Node and by Deno. */

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Packages } from "../../scripts/pack.ts";
import { type CommandError, text } from "../helpers/command.ts";
import { OWN, standInPackages, whereItPacks } from "../helpers/packages.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { type Registry, startRegistry } from "../helpers/registry.ts";

const FRAMES = 25;
/** Installers besides npm: one that links packages from a store, one that keeps them in archives. */
const INSTALLERS = ["pnpm@10.34.9", "@yarnpkg/cli-dist@4.18.1"];
const NATIVE = "@giftgrab/core-linux-x64-gnu";

/** A program that records the test pattern, and prints the native libraries that its process has mapped. */
function recorder(open: string): string {
  return `${open}
async function main() {
  const source = await VideoSourceFactory.getInstance()
    .createTestPattern({ width: 320, height: 240, frameRate: 25, frames: ${FRAMES}, pacing: "asap" });
  const writer = await VideoTargetFactory.getInstance().createFileWriter(Codec.FFV1, "out.mkv", 25);
  source.attach(writer);
  await source.ended;
  const { frames } = (await writer.close()).stats;
  await source.close();
  console.log(frames.written);
}
main().then(typeof after === "undefined" ? undefined : after);
`;
}

const NAMES = "{ Codec, VideoSourceFactory, VideoTargetFactory }";
const MAPPED = `
import { readFileSync } from "node:fs";
const after = () => {
  const paths = readFileSync("/proc/self/maps", "utf8").match(/\\S+libgiftgrab\\.so/g);
  console.log([...new Set(paths)].join("\\n"));
};`;

describe("an installed package", whereItPacks(), () => {
  let folder: string;
  let packages: Packages;
  let registry: Registry;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "giftgrab-install-"));
    packages = await standInPackages(folder);
    registry = await startRegistry(join(folder, "npm"));
  });
  after(async () => {
    await registry.close();
    await rm(folder, { recursive: true });
  });

  /** Runs a command in the user's folder, with registries and caches of its own. */
  const run = (place: string, command: string, ...args: string[]): Promise<string> =>
    text("env", [
      ...["-C", place, `JSR_URL=${registry.jsr}`, `NPM_CONFIG_REGISTRY=${registry.npm}`, "NO_COLOR=1"],
      ...[`DENO_DIR=${join(place, "deno-cache")}`, `NPM_CONFIG_CACHE=${join(place, "npm-cache")}`, command, ...args],
    ]);
  const deno = (place: string, ...args: string[]): Promise<string> =>
    run(place, Deno.execPath(), "run", "--quiet", "--no-prompt", ...args);
  const npm = (place: string, ...args: string[]): Promise<string> => run(place, "npm", "--silent", ...args);

  /** An empty folder of a user, with these files in it. */
  const user = async (name: string, files: Readonly<Record<string, string>> = {}): Promise<string> => {
    const place = join(folder, name);
    await mkdir(place);
    for (const [file, content] of Object.entries(files)) await writeFile(join(place, file), content);
    return place;
  };
  const nodeUser = async (name: string, files: Readonly<Record<string, string>>, ...wanted: string[]) => {
    const place = await user(name, { "package.json": "{}", ...files });
    await npm(place, "install", ...wanted);
    return place;
  };
  const installed = (place: string): string[] => readdirSync(join(place, "node_modules/@giftgrab")).sort();
  const assertRecorded = async (place: string, output: string): Promise<void> => {
    assert.equal(output.split("\n")[0], String(FRAMES));
    const { codec, width, height } = await probe(join(place, "out.mkv"));
    assert.deepEqual({ codec, width, height }, { codec: "ffv1", width: 320, height: 240 });
    assert.equal(await countFrames(join(place, "out.mkv")), FRAMES);
  };

  it("records in Node, imported, with the one native package that npm has chosen", async () => {
    const program = recorder(`import ${NAMES} from "@giftgrab/core";${MAPPED}`);
    const place = await nodeUser("node", { "main.mjs": program }, "@giftgrab/core");
    assert.deepEqual(installed(place), ["core", "core-linux-x64-gnu"]);
    const output = await run(place, "node", "main.mjs");
    await assertRecorded(place, output);
    assert.deepEqual(output.trimEnd().split("\n").slice(1), [join(place, "node_modules", NATIVE, "libgiftgrab.so")]);
  });

  it("records in Node, required", async (test) => {
    const program = recorder(`const ${NAMES} = require("@giftgrab/core");`);
    const place = await nodeUser("required", { "main.cjs": program }, "@giftgrab/core");
    const can = await run(place, "node", "-p", "process.features.require_module === true");
    if (can !== "true\n") return test.skip("this Node cannot require ECMAScript modules");
    // Node warns of that as long as it counts as experimental.
    await assertRecorded(place, await run(place, "node", "--disable-warning=ExperimentalWarning", "main.cjs"));
  });

  it("uses the gpl library in Node when that is installed beside it", async () => {
    const program = recorder(`import ${NAMES} from "@giftgrab/core";${MAPPED}`);
    const place = await nodeUser("beside", { "main.mjs": program }, "@giftgrab/core", `${NATIVE}-gpl`);
    assert.deepEqual(installed(place), ["core", "core-linux-x64-gnu", "core-linux-x64-gnu-gpl"]);
    const output = await run(place, "node", "main.mjs");
    await assertRecorded(place, output);
    assert.deepEqual(output.trimEnd().split("\n").slice(1), [join(place, `node_modules/${NATIVE}-gpl/libgiftgrab.so`)]);
  });

  it("records in Node from its tarballs, without any registry", async () => {
    const place = await user("tarballs", {
      "package.json": "{}",
      "main.mjs": recorder(`import ${NAMES} from "@giftgrab/core";`),
    });
    const tarballs = [packages.core, packages.natives.get(OWN.default)].map((made) => made?.tarball ?? "");
    await npm(place, "install", "--offline", ...tarballs);
    await assertRecorded(place, await run(place, "node", "main.mjs"));
  });

  it("records in Node when pnpm or Yarn has installed it, with the gpl library beside it", async () => {
    const tools = await user("tools", { "package.json": "{}" });
    await text("npm", ["--silent", "--prefix", tools, "install", ...INSTALLERS]);
    const program = recorder(`import ${NAMES} from "@giftgrab/core";${MAPPED}`);
    const wanted = ["add", "@giftgrab/core", `${NATIVE}-gpl`];

    const pnpm = await user("pnpm", { "package.json": "{}", "main.mjs": program });
    await run(pnpm, "node", join(tools, "node_modules/pnpm/bin/pnpm.cjs"), "--silent", ...wanted);
    const byPnpm = await run(pnpm, "node", "main.mjs");
    await assertRecorded(pnpm, byPnpm);
    assert.match(byPnpm, /core-linux-x64-gnu-gpl\/libgiftgrab\.so/);

    const settings = [
      `npmRegistryServer: "${registry.npm.slice(0, -1)}"`,
      ...[
        'unsafeHttpWhitelist: ["127.0.0.1"]',
        "enableGlobalCache: false",
        "enableTelemetry: false",
        "npmMinimalAgeGate: 0",
      ],
    ];
    const files = {
      "package.json": "{}",
      "yarn.lock": "",
      ".yarnrc.yml": `${settings.join("\n")}\n`,
      "main.mjs": program,
    };
    const yarn = await user("yarn", files);
    const cli = join(tools, "node_modules/@yarnpkg/cli-dist/bin/yarn.js");
    await run(yarn, "node", cli, ...wanted);
    // Node warns of the loader by which Yarn finds modules in its archives.
    const byYarn = await run(yarn, "env", "NODE_OPTIONS=--no-warnings", "node", cli, "node", "main.mjs");
    await assertRecorded(yarn, byYarn);
    assert.match(byYarn, /core-linux-x64-gnu-gpl\/libgiftgrab\.so/);
  });

  it("has no library for another platform, installs there all the same, and says so when it is used", async () => {
    const program = recorder(`import ${NAMES} from "@giftgrab/core";`);
    const place = await user("elsewhere", { "package.json": "{}", "main.mjs": program });
    await npm(place, "install", "--os=darwin", "--cpu=arm64", "@giftgrab/core");
    assert.deepEqual(installed(place), ["core"]);
    await assert.rejects(run(place, "node", "main.mjs"), ({ message }: CommandError) => {
      assert.match(message, /Cannot open the native library: none of these serves; install @giftgrab\/core anew/);
      assert.ok(message.includes(NATIVE));
      return true;
    });
  });

  it("refuses a library that was changed after it was published, before it is loaded", async () => {
    const program = recorder(`import ${NAMES} from "@giftgrab/core";`);
    const place = await nodeUser("changed", { "main.mjs": program }, "@giftgrab/core");
    await appendFile(join(place, "node_modules", NATIVE, "libgiftgrab.so"), "x");
    await assert.rejects(run(place, "node", "main.mjs"), /has been changed since it was published/);
    assert.ok(!existsSync(join(place, "out.mkv")));
  });

  it("records in Deno from JSR, and once more when no registry can be reached", async () => {
    const place = await user("jsr", { "main.ts": recorder(`import ${NAMES} from "jsr:@giftgrab/core";`) });
    const grants = ["--allow-ffi", "--allow-write=out.mkv"];
    const before = registry.requests.length;
    await assertRecorded(place, await deno(place, ...grants, "main.ts"));
    const asked = registry.requests.slice(before);
    assert.deepEqual(asked.filter((path) => path.endsWith(".tgz")), [
      `/npm/${NATIVE}/-/giftgrab-core-linux-x64-gnu-${packages.core.version}.tgz`,
    ]);
    await rm(join(place, "out.mkv"));
    const then = registry.requests.length;
    await assertRecorded(place, await deno(place, "--cached-only", ...grants, "main.ts"));
    assert.equal(registry.requests.length, then);
  });

  it("records in Deno from JSR with a grant for its library only, which the refusal names", async () => {
    const place = await user("least", { "main.ts": recorder(`import ${NAMES} from "jsr:@giftgrab/core";`) });
    let grant = "";
    await assert.rejects(deno(place, "--allow-write=out.mkv", "main.ts"), ({ message }: CommandError) => {
      grant = /--allow-ffi=\S+libgiftgrab\.so/.exec(message)?.[0] ?? "";
      return grant !== "";
    });
    await assertRecorded(place, await deno(place, grant, "--allow-write=out.mkv", "main.ts"));
  });

  it("uses the gpl library in Deno when the program imports that", async () => {
    const gpl = `import "npm:${NATIVE}-gpl@${packages.core.version}";`;
    const program = recorder(`import ${NAMES} from "jsr:@giftgrab/core";${gpl}${MAPPED}`);
    const place = await user("jsr-gpl", { "main.ts": program });
    const output = await deno(place, "-A", "main.ts");
    await assertRecorded(place, output);
    const mapped = output.trimEnd().split("\n").slice(1);
    assert.equal(mapped.length, 1);
    assert.ok(mapped[0]?.includes(`${NATIVE}-gpl/`), mapped[0]);
  });

  it("records in Deno from npm", async () => {
    const place = await user("deno-npm", { "main.ts": recorder(`import ${NAMES} from "npm:@giftgrab/core";`) });
    await assertRecorded(place, await deno(place, "--allow-ffi", "--allow-write=out.mkv", "main.ts"));
  });

  it("records in Deno from a folder that npm has filled, with the gpl library if that is there", async () => {
    const program = recorder(`import ${NAMES} from "@giftgrab/core";${MAPPED}`);
    const wanted = ["@giftgrab/core", `${NATIVE}-gpl`];
    const place = await nodeUser("deno-modules", { "main.ts": program }, ...wanted);
    const output = await deno(place, "-A", "main.ts");
    await assertRecorded(place, output);
    assert.deepEqual(output.trimEnd().split("\n").slice(1), [join(place, `node_modules/${NATIVE}-gpl/libgiftgrab.so`)]);
  });

  it("uses the gpl library in Deno from npm when the program imports that", async () => {
    const gpl = `import "npm:${NATIVE}-gpl@${packages.core.version}";`;
    const program = recorder(`import ${NAMES} from "npm:@giftgrab/core";${gpl}${MAPPED}`);
    const place = await user("deno-npm-gpl", { "main.ts": program });
    const output = await deno(place, "-A", "main.ts");
    await assertRecorded(place, output);
    assert.ok(output.includes(`${NATIVE}-gpl/`), output);
  });
});
