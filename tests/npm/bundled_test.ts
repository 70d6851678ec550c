/** The packages with the libraries that are published, where `deno task bundle` has built them. */

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pack, type Package, type Packages } from "../../scripts/pack.ts";
import { text } from "../helpers/command.ts";
import { fileIn, filesOf, presentLibraries, whereBundled } from "../helpers/packages.ts";

/** What FFmpeg reports of its licence, by the licence that a package states. */
const LICENCES: Readonly<Record<string, string>> = {
  "LGPL-2.1-or-later": "libavcodec license: LGPL version 2.1 or later",
  "GPL-2.0-or-later": "libavcodec license: GPL version 2 or later",
};

describe("the bundled libraries in their packages", whereBundled(), () => {
  let folder: string;
  let packages: Packages;
  const each = (use: (native: Package, variant: string) => Promise<void>): Promise<void[]> =>
    Promise.all([...packages.natives].map(([id, native]) => use(native, id.endsWith("-gpl") ? "gpl" : "default")));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "giftgrab-bundled-"));
    packages = await pack(folder, presentLibraries());
  });
  after(() => rm(folder, { recursive: true }));

  it("take, with the JavaScript, at most 11 MB to download and 25 MB on the disk", async () => {
    await each(async (native) => {
      const both = [packages.core, native];
      const packed = both.reduce((sum, { tarball }) => sum + statSync(tarball).size, 0);
      const unpacked = (await Promise.all(both.map(({ tarball }) => unpackedSize(tarball)))).reduce((a, b) => a + b);
      assert.ok(packed <= 11e6 && unpacked <= 25e6, `${native.name}: ${packed} bytes, unpacked ${unpacked}`);
    });
  });

  it("are under the licence that their FFmpeg reports, and no other of FFmpeg's", async () => {
    await each(async ({ tarball, folder }) => {
      const { license } = JSON.parse(await fileIn(tarball, "package.json"));
      const library = readFileSync(join(folder, "libgiftgrab.so"));
      for (const [licence, sentence] of Object.entries(LICENCES)) {
        assert.equal(license.split(" AND ").includes(licence), library.includes(`${sentence}\0`), licence);
      }
    });
  });

  it("come with the notices of the codec libraries in them", async () => {
    const codecs: Readonly<Record<string, readonly string[]>> = {
      default: ["kvazaar", "openh264"],
      gpl: ["x264", "x265"],
    };
    await each(async ({ tarball }, variant) => {
      const notices = await fileIn(tarball, "THIRD_PARTY_NOTICES.md");
      for (const name of ["ffmpeg", "libvpx", "svt-av1", "dav1d", "libstdc++", ...codecs[variant] ?? []]) {
        assert.ok(new RegExp(`^## (.*, )?${name.replaceAll("+", "\\+")} \\S`, "m").test(notices), name);
      }
    });
  });

  it("hold nothing but what every package holds", async () => {
    await each(async ({ tarball }) => assert.equal((await filesOf(tarball)).length, 7));
  });
});

/** The bytes of all files in a tarball of npm. */
async function unpackedSize(tarball: string): Promise<number> {
  const list = await text("tar", ["-tvzf", tarball]);
  return list.trimEnd().split("\n").map((line) => Number(line.split(/\s+/)[2])).reduce((sum, size) => sum + size);
}
