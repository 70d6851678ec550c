/**
 * Every key frame is a place to begin: in containers whose header has no place for parameter sets, each carries its own.
 *
 * Decoding is the `ffmpeg` command's. What mp4 and mov do is in playback_test.ts.
 */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CODECS, type EncodedCodec } from "../../mod.ts";
import { withFolder } from "../helpers/folder.ts";
import { frameAt } from "../helpers/frame_at.ts";
import { recordPattern } from "../helpers/record.ts";

const SIZE = { width: 320, height: 240 };
const RATE = 30;
const GOP = 15;
const KEYS = [0, 15, 30, 45];
const FRAMES = 60;
const CASES = (Object.keys(CODECS) as EncodedCodec[]).flatMap((codec) =>
  CODECS[codec].containers.filter((container) => container !== "mp4" && container !== "mov")
    .map((container) => ({ codec, container }))
);

async function record(folder: string, codec: EncodedCodec, container: string): Promise<string> {
  const path = join(folder, `a.${container}`);
  await recordPattern(codec, path, RATE, { ...SIZE, frames: FRAMES }, { gop: GOP });
  return path;
}

/** Where a transport stream's packets begin that open a key frame: a unit starts, and may be entered at random. */
function keyFramesOf(stream: Uint8Array): number[] {
  const PACKET = 188;
  const starts = Array.from({ length: stream.length / PACKET }, (_, index) => index * PACKET);
  return starts.filter((at) => {
    const [, flags = 0, , control = 0, length = 0, adaptation = 0] = stream.subarray(at, at + 6);
    return (flags & 0x40) !== 0 && (control & 0x20) !== 0 && length > 0 && (adaptation & 0x40) !== 0;
  });
}

for (const { codec, container } of CASES) {
  it(`${codec} in .${container} seeks to each key frame`, async () => {
    await withFolder(async (folder) => {
      const path = await record(folder, codec, container);
      for (const frame of KEYS) assert.equal(await frameAt(path, frame / RATE, SIZE), frame);
    });
  });
}

describe("a transport stream that is joined at a key frame", () => {
  for (const codec of ["h264", "hevc"] as const) {
    it(`shows that frame first, coded as ${codec}`, async () => {
      await withFolder(async (folder) => {
        const stream = await readFile(await record(folder, codec, "ts"));
        const keys = keyFramesOf(stream);
        assert.equal(keys.length, KEYS.length);
        const tables = stream.subarray(0, keys[0]);
        const joined = join(folder, "joined.ts");
        for (const [index, start] of keys.entries()) {
          await writeFile(joined, new Uint8Array([...tables, ...stream.subarray(start)]));
          assert.equal(await frameAt(joined, 0, SIZE), KEYS[index]);
        }
      });
    });
  }
});
