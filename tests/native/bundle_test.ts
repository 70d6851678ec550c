/** What the npm packages carry: libraries that need nothing of the machine but glibc, and reveal nothing of its builder. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { text } from "../helpers/command.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..");
/** Debian 12, RHEL 9 and Ubuntu 22.04 have it, and what is younger. */
const OLDEST_GLIBC = [2, 34];
/** So that all files of a package stay below 25 MB. */
const MOST_BYTES = 24_300_000;
const PART_OF_GLIBC = /^(libc|libm|libgcc_s|ld-linux-x86-64|ld-linux-aarch64)\.so\.\d$/;

for (const place of ["linux-x64-gnu/default", "linux-x64-gnu/gpl", "linux-arm64-gnu/default", "linux-arm64-gnu/gpl"]) {
  const [platform = "", variant = ""] = place.split("/");
  const library = join(ROOT, "target/bundled", place, "libgiftgrab.so");
  const skip = existsSync(library)
    ? false
    : `\`deno task bundle --platform ${platform} --variant ${variant}\` has not made it`;

  describe(`the bundled library, ${place}`, { skip }, () => {
    it("needs no library but glibc's and libgcc_s", async () => {
      const needed = [...(await text("readelf", ["-dW", library])).matchAll(/\(NEEDED\).*\[(.+)\]/g)];
      assert.ok(needed.length > 0);
      for (const [, name = ""] of needed) assert.match(name, PART_OF_GLIBC);
    });

    it(`runs on glibc ${OLDEST_GLIBC.join(".")}`, async () => {
      const versions = [...(await text("objdump", ["-T", library])).matchAll(/\bGLIBC_(\d+)\.(\d+)/g)];
      assert.ok(versions.length > 0);
      const [major = 0, minor = 0] = OLDEST_GLIBC;
      const younger = versions.filter(([, a, b]) => Number(a) > major || (Number(a) === major && Number(b) > minor));
      assert.deepEqual(younger.map(([version]) => version), []);
    });

    it("exports the C ABI and nothing else", async () => {
      const table = await text("objdump", ["-T", library]);
      // Local are the sections that GNU ld names for relocations, on arm64.
      const exported = table.split("\n").filter((line) => /^[0-9a-f]{16} [^l]/.test(line) && !line.includes("*UND*"))
        .map((line) => line.trim().split(/\s+/).at(-1) ?? "");
      const declared = [...readFileSync(join(ROOT, "rust/bindings/giftgrab.h"), "utf8").matchAll(/\b(gg_\w+)\(/g)];
      assert.deepEqual(
        exported.filter((name) => name !== "napi_register_module_v1").sort(),
        [...new Set(declared.map(([, name = ""]) => name))].sort(),
      );
    });

    it("has its code in pages that processes share", async () => {
      assert.doesNotMatch(await text("readelf", ["-dW", library]), /TEXTREL/);
    });

    it("is stripped and no larger than a package may be", async () => {
      assert.ok(statSync(library).size <= MOST_BYTES, `${statSync(library).size} bytes`);
      assert.doesNotMatch(await text("readelf", ["-SW", library]), /\.symtab|\.debug_/);
    });

    it("names no folder of its builder", () => {
      const bytes = readFileSync(library);
      for (const folder of [ROOT, homedir(), "target/ffmpeg", "target/bundled"]) {
        const at = bytes.indexOf(folder);
        assert.equal(at, -1, at < 0 ? "" : bytes.subarray(at, at + 120).toString("latin1"));
      }
    });

    it("comes with the licence of each part", () => {
      const folder = join(library, "../licences");
      const index = JSON.parse(readFileSync(join(folder, "licences.json"), "utf8")) as {
        readonly name: string;
        readonly licence: string;
        readonly files: readonly string[];
      }[];
      const own = variant === "gpl" ? ["x264", "x265"] : ["openh264", "kvazaar"];
      const shared = ["ffmpeg", "libvpx", "svt-av1", "dav1d", "zlib", "libstdc++"];
      assert.deepEqual(index.map(({ name }) => name).sort(), [...own, ...shared].sort());
      for (const { name, licence, files } of index) {
        assert.ok(files.length > 0, name);
        for (const file of files) assert.ok(statSync(join(folder, file)).size > 500, file);
        const isCopyleft = /^GPL/.test(licence) && !licence.includes("exception");
        assert.equal(isCopyleft, variant === "gpl" && ["ffmpeg", "x264", "x265"].includes(name), name);
      }
    });
  });
}
