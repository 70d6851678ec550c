/** What is in the packages, whatever library they carry. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkNpm } from "../../scripts/check_npm.ts";
import { ScriptError } from "../../scripts/command.ts";
import { pack, type Package, type Packages } from "../../scripts/pack.ts";
import { chosenLicences, conjunction } from "../../scripts/pack/licence.ts";
import { text } from "../helpers/command.ts";
import { ROOT } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { fileIn, filesOf, OWN, standIn, standInPackages, whereItPacks } from "../helpers/packages.ts";

const DEFAULT = "@giftgrab/core-linux-x64-gnu";
const GPL = "@giftgrab/core-linux-x64-gnu-gpl";
const ARM64 = "@giftgrab/core-linux-arm64-gnu";
const ARM64_GPL = "@giftgrab/core-linux-arm64-gnu-gpl";

describe("packages", whereItPacks(), () => {
  let folder: string;
  let packages: Packages;
  let all: Package[];
  const manifestOf = async ({ tarball }: Package) => JSON.parse(await fileIn(tarball, "package.json"));
  const nativeOf = (variant: keyof typeof OWN): Package => {
    const native = packages.natives.get(OWN[variant]);
    assert.ok(native);
    return native;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "giftgrab-pack-"));
    packages = await standInPackages(folder);
    all = [packages.core, ...packages.natives.values()];
  });
  after(() => rm(folder, { recursive: true }));

  it("are one of JavaScript and two for each platform, all of the version that deno.json states", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
    const manifests = await Promise.all(all.map(manifestOf));
    assert.deepEqual(manifests.map(({ name }) => name), ["@giftgrab/core", DEFAULT, GPL, ARM64, ARM64_GPL]);
    assert.deepEqual([...new Set(manifests.map((manifest) => manifest.version))], [version]);
    assert.deepEqual(manifests[0].optionalDependencies, { [DEFAULT]: version, [ARM64]: version });
    assert.deepEqual(manifests[0].peerDependencies, { [GPL]: version, [ARM64_GPL]: version });
    const optional = { optional: true };
    assert.deepEqual(manifests[0].peerDependenciesMeta, { [GPL]: optional, [ARM64_GPL]: optional });
    assert.equal(manifests[0].dependencies, undefined);
  });

  it("run nothing when they are installed", async () => {
    for (const manifest of await Promise.all(all.map(manifestOf))) assert.equal(manifest.scripts, undefined);
  });

  it("of JavaScript hold modules, types and documents, and every import of theirs", async () => {
    const { tarball } = packages.core;
    const files = await filesOf(tarball);
    const documents = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    const modules = files.filter((file) => !documents.includes(file));
    assert.deepEqual(files.filter((file) => documents.includes(file)), documents);
    assert.ok(modules.includes("mod.js") && modules.includes("mod.d.ts"));
    for (const file of modules) assert.match(file, /^(mod|src\/[\w/]+)\.(js|d\.ts)$/);
    assert.deepEqual(modules.filter((file) => file.startsWith("src/cli/")), []);
    for (const file of modules) {
      for (const [, specifier = ""] of (await fileIn(tarball, file)).matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
        const target = normalize(join(dirname(file), specifier));
        const wanted = file.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target;
        assert.ok(files.includes(wanted), `${file} imports ${specifier}`);
      }
    }
  });

  it("of native code hold one library, its path and its notices", async () => {
    for (const variant of ["default", "gpl"] as const) {
      const { tarball } = nativeOf(variant);
      assert.deepEqual(await filesOf(tarball), [
        ...["LICENSE", "README.md", "THIRD_PARTY_NOTICES.md", "index.d.ts", "index.js", "libgiftgrab.so"],
        "package.json",
      ]);
    }
  });

  it("of native code fit one platform", async () => {
    for (const [id, native] of packages.natives) {
      const { os, cpu, libc } = await manifestOf(native);
      const expected = { os: ["linux"], cpu: [id.includes("arm64") ? "arm64" : "x64"], libc: ["glibc"] };
      assert.deepEqual({ os, cpu, libc }, expected);
    }
  });

  it("state the SHA-256 of each library, in npm's package and in JSR's sources, but not in the checkout", async () => {
    const expected: Record<string, string> = {};
    for (const { name, tarball } of packages.natives.values()) {
      await text("tar", ["-xzf", tarball, "-C", folder, "package/libgiftgrab.so"]);
      expected[name] = (await text("sha256sum", [join(folder, "package/libgiftgrab.so")])).slice(0, 64);
    }
    assert.notEqual(expected[DEFAULT], expected[GPL]);
    const file = "src/generated/libraries";
    await text("tar", ["-xzf", packages.core.tarball, "-C", folder]);
    for (const path of [join(folder, `package/${file}.js`), join(packages.jsr, `${file}.ts`)]) {
      assert.deepEqual({ ...(await import(`file://${path}`)).LIBRARIES }, expected);
    }
    assert.deepEqual({ ...(await import(join(ROOT, `${file}.ts`))).LIBRARIES }, {});
  });

  it("state the licence of all that is in them, with its text", async () => {
    for (const [variant, ffmpeg] of [["default", "LGPL-2.1-or-later"], ["gpl", "GPL-2.0-or-later"]] as const) {
      const { license } = await manifestOf(nativeOf(variant));
      const licences = license.split(" AND ");
      for (const own of ["MIT", "BSD-3-Clause", "Unicode-3.0", ffmpeg]) {
        assert.ok(licences.includes(own));
      }
      assert.deepEqual(licences.filter((licence: string) => /GPL/.test(licence)), [ffmpeg]);
      const notices = await fileIn(nativeOf(variant).tarball, "THIRD_PARTY_NOTICES.md");
      const works = [...notices.matchAll(/^\| ([^|]+?) +\| ([\d.]\S*)/gm)].map(([, name, version]) =>
        `${name} ${version}`
      );
      assert.ok(!works.some((name) => name.startsWith("rav1e")), "the bundled libraries have another encoder of AV1");
      for (const work of ["ffmpeg 8.1.2", "napi", "yuv", "rustix", "serde_json", "Rust standard library"]) {
        assert.ok(works.some((name) => name.startsWith(work)), work);
      }
      const headings = [...notices.matchAll(/^## (.+)$/gm)].flatMap(([, names = ""]) => names.split(", "));
      assert.deepEqual(works.filter((work) => !headings.includes(work)), []);
      assert.ok(notices.includes(`The text of ${ffmpeg}\n`));
    }
  });

  it("are the same bytes when they are made again", async () => {
    await withFolder(async (other) => {
      const again = await standInPackages(other);
      for (
        const [first, second] of [
          [packages.core, again.core],
          ...[...packages.natives].map(([id, native]) => [native, again.natives.get(id)] as const),
        ] as const
      ) {
        assert.ok(second && readFileSync(first.tarball).equals(readFileSync(second.tarball)), first.name);
      }
    });
  });

  it("are what `deno publish` would put on JSR", async () => {
    const listed = await text("sh", [
      ...["-c", 'cd "$1" && NO_COLOR=1 "$2" publish --dry-run --allow-dirty 2>&1', "sh", packages.jsr, Deno.execPath()],
    ]);
    const files = [...listed.matchAll(/^ +file:\/\/\S+?\/npm\/jsr\/(\S+) \(/gm)].map(([, file]) => file).sort();
    const present = (await text("sh", ["-c", 'cd "$1" && find . -type f -printf "%P\\n"', "sh", packages.jsr]))
      .trimEnd().split("\n").sort();
    assert.deepEqual(files, present);
    assert.match(listed, /Dry run complete/);
  });

  it("satisfy publint, attw and TypeScript", async () => {
    await checkNpm(join(folder, "npm"));
  });
});

describe("packing", whereItPacks(), () => {
  it("is refused without the library, without its licences, for an unknown package and for an unknown licence", async () => {
    await withFolder(async (folder) => {
      const attempt = (library: string, id: string = OWN.default) =>
        pack(join(folder, "out"), new Map([[id, library]]));
      const refused = (message: RegExp) => (error: Error) =>
        error instanceof ScriptError && message.test(error.message);
      await assert.rejects(attempt(join(folder, "none.so")), refused(/none\.so": it is missing; build/));
      await writeFile(join(folder, "bare.so"), "");
      await assert.rejects(attempt(join(folder, "bare.so")), refused(/licences\.json": it is missing; build/));
      const library = await standIn(join(folder, "bundle"), "Nobody knows");
      await assert.rejects(
        attempt(library, "lgpl"),
        refused(/pack "lgpl": it must be one of linux-x64-gnu, linux-x64-gnu-gpl, /),
      );
      await assert.rejects(attempt(library), refused(/licence of ffmpeg: "Nobody knows" is not an SPDX expression/));
      const forbidden = await standIn(join(folder, "forbidden"), "AGPL-3.0-only");
      await assert.rejects(
        attempt(forbidden),
        refused(/pack ffmpeg: its licence AGPL-3\.0-only is not reviewed/),
      );
    });
  });

  it("is judged: a package without types, or with an export that is not there, does not pass", async () => {
    await withFolder(async (folder) => {
      const manifest = { name: "bad", version: "1.0.0", type: "module", exports: { ".": { default: "./none.js" } } };
      await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
      await text("npm", ["pack", "--silent", `--pack-destination=${folder}`, folder]);
      await assert.rejects(checkNpm(folder), ScriptError);
    });
  });
});

describe("a choice of licences", () => {
  const cases: readonly (readonly [expression: string, ...chosen: string[]])[] = [
    ["MIT", "MIT"],
    ["MIT/Apache-2.0", "MIT"],
    ["Apache-2.0 OR MIT", "MIT"],
    ["Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", "MIT"],
    ["(MIT OR Apache-2.0) AND Unicode-3.0", "MIT", "Unicode-3.0"],
    ["Unlicense OR (MIT AND BSD-3-Clause)", "BSD-3-Clause", "MIT"],
    ["GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-3.0-or-later WITH GCC-exception-3.1"],
  ];
  for (const [expression, ...chosen] of cases) {
    it(`of ${expression} is ${chosen.join(" and ")}`, () => {
      assert.deepEqual(chosenLicences(expression, "this"), chosen);
    });
  }

  it("is joined without repetition", () => {
    assert.equal(conjunction(["MIT", "BSD-2-Clause", "MIT"]), "BSD-2-Clause AND MIT");
  });
});
