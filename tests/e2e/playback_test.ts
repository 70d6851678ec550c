/**
 * Bar 5: after a clean close an mp4 or mov plays and seeks in ordinary players and editors.
 *
 * Checked three ways: our own walk over its boxes finds one index of all frames and no fragment; FFmpeg seeks to any
 * moment and shows the right frame; and GStreamer, whose demuxer shares no code with FFmpeg's, finds the same length and
 * size, can seek, and gets every frame (skipped where `gst-launch-1.0` and `gst-discoverer-1.0` are not installed).
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { CODECS, type EncodedCodec } from "../../mod.ts";
import { boxAt, boxesIn } from "../helpers/boxes.ts";
import { text } from "../helpers/command.ts";
import { hasCommand } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { frameAt } from "../helpers/frame_at.ts";
import { recordPattern } from "../helpers/record.ts";

const SIZE = { width: 320, height: 240 };
const RATE = 30;
const FRAMES = 150;
const CASES = (Object.keys(CODECS) as EncodedCodec[]).flatMap((codec) =>
  (["mp4", "mov"] as const).filter((container) => CODECS[codec].containers.some((one) => one === container))
    .map((container) => ({ codec, container }))
);

function record(folder: string, codec: EncodedCodec, container: string, finalise = true): Promise<string> {
  const path = join(folder, `a.${container}`);
  return recordPattern(codec, path, RATE, { ...SIZE, frames: FRAMES }, { finalise }).then((report) => {
    assert.equal(report.finalised, finalise);
    return path;
  });
}

async function boxesOf(path: string): Promise<ReturnType<typeof boxesIn>> {
  const bytes = await readFile(path);
  return boxesIn(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

for (const { codec, container } of CASES) {
  describe(`${codec} in .${container} after a clean close`, () => {
    it("has one index of all frames and no fragment", async () => {
      await withFolder(async (folder) => {
        const boxes = await boxesOf(await record(folder, codec, container));
        const types = boxes.map(({ type }) => type);
        assert.deepEqual(types.filter((type) => ["moof", "mfra", "sidx", "styp"].includes(type)), []);
        assert.equal(types.filter((type) => type === "moov").length, 1);
        // In front of the pictures: a player that streams the file finds it at once.
        assert.ok(types.indexOf("moov") < types.indexOf("mdat"), types.join(" "));
        assert.throws(() => boxAt(boxes, "moov/mvex"), /0 boxes/);
        const table = boxAt(boxes, "moov/trak/mdia/minf/stbl");
        // Full boxes: version and flags, then in `stsz` the common size and the count.
        assert.equal(boxAt(boxesIn(table.body), "stsz").body.getUint32(8), FRAMES);
        // Runs of equal durations: all frames last one period.
        const durations = boxAt(boxesIn(table.body), "stts").body;
        assert.deepEqual([durations.getUint32(4), durations.getUint32(8)], [1, FRAMES]);
        // The live profile has a key frame each second.
        assert.equal(boxAt(boxesIn(table.body), "stss").body.getUint32(4), FRAMES / RATE);
      });
    });

    it("seeks to the right frame", async () => {
      await withFolder(async (folder) => {
        const path = await record(folder, codec, container);
        for (const frame of [0, 1, 29, 30, 31, 74, 100, 149]) {
          assert.equal(await frameAt(path, frame / RATE, SIZE), frame);
        }
      });
    });

    const isMissing = !hasCommand("gst-launch-1.0") || !hasCommand("gst-discoverer-1.0");
    const skip = isMissing ? "GStreamer is not installed" : false;
    it("gives every frame to GStreamer", { skip }, async () => {
      await withFolder(async (folder) => {
        const path = await record(folder, codec, container);
        const demux = ["qtdemux", "!", "fakesink", "silent=false"];
        const played = await text("gst-launch-1.0", ["-v", "filesrc", `location=${path}`, "!", ...demux]);
        assert.equal(played.match(/chain +\*+/g)?.length, FRAMES);
        assert.match(played, /Got EOS/);
      });
    });

    it("is found whole and seekable by GStreamer", { skip }, async (test) => {
      await withFolder(async (folder) => {
        const path = await record(folder, codec, container);
        const discovered = await text("gst-discoverer-1.0", ["-v", pathToFileURL(path).href]);
        const decoder = /\|(.*decoder)\|/.exec(discovered);
        if (/Missing plugins/.test(discovered)) return test.skip(`GStreamer is here without its ${decoder?.[1]}`);
        assert.match(discovered, /Duration: 0:00:05\.000000000/);
        assert.match(discovered, /Seekable: yes/);
        assert.match(discovered, /Width: 320/);
        assert.match(discovered, /Height: 240/);
        assert.match(discovered, /Frame rate: 30\/1/);
      });
    });
  });
}

describe("an mp4 that is not to be finalised", () => {
  it("stays fragmented, and seeks all the same", async () => {
    await withFolder(async (folder) => {
      const path = await record(folder, "h264", "mp4", false);
      assert.ok((await boxesOf(path)).some(({ type }) => type === "moof"));
      for (const frame of [0, 31, 74, 149]) assert.equal(await frameAt(path, frame / RATE, SIZE), frame);
    });
  });
});
