/** Files with several video tracks, with sound and with cover pictures: which track is read, and what is said of the others. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ColourSpace, type FileReaderSettings, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { fileArgument, text } from "../helpers/command.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { assertRefused } from "../helpers/refusal.ts";

const sources = VideoSourceFactory.getInstance();
const FRAMES = 10;
const FRONT = testPicture("96x64", 25, FRAMES / 25);
const REAR = ["-f", "lavfi", "-i", `testsrc=size=96x64:rate=25:duration=${FRAMES / 25}`];
const SOUND = ["-f", "lavfi", "-i", `sine=duration=${FRAMES / 25}`];
const CODED = ["-c:v", "mpeg4", "-q:v", "2"];

/** What a reader says of its file, and its warnings; the pictures are recorded to `copy`. */
async function read(path: string, copy: string, settings: FileReaderSettings = {}) {
  const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap", ...settings });
  const warnings: (string | undefined)[] = [];
  reader.addEventListener("warning", ({ error }) => warnings.push(error.message));
  const writer = await VideoTargetFactory.getInstance().createFileWriter("ffv1", copy, 25, { overwrite: true });
  reader.attach(writer);
  await reader.ended;
  const { stats } = await writer.close();
  await reader.close();
  assertLedger(stats.frames);
  return { info: reader.info, warnings, frames: stats.frames.written };
}

/** A sum of all pictures of a stream. */
function sum(path: string, stream: string): Promise<string> {
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-map", stream, "-vsync", "passthrough"];
  return text("ffmpeg", [...args, "-pix_fmt", "yuv420p", "-f", "md5", "-"]);
}

describe("of several video tracks", () => {
  for (const extension of ["mp4", "mkv", "ts"]) {
    it(`the one that is asked for is read, in .${extension}`, async () => {
      await withFolder(async (folder) => {
        const maps = ["-map", "0", "-map", "1", "-map", "2"];
        const path = await makeFile(join(folder, `a.${extension}`), ...SOUND, ...FRONT, ...REAR, ...maps, ...CODED);
        const copy = join(folder, "copy.mkv");
        for (const track of [0, 1]) {
          const { info, warnings, frames } = await read(path, copy, { track });
          assert.deepEqual([info.videoTracks, info.soundTracks, frames], [2, 1, FRAMES]);
          assert.deepEqual(warnings, [], "who asks for a track knows of the others");
          assert.equal(await sum(copy, "0:v:0"), await sum(path, `0:v:${track}`));
        }
        const { warnings } = await read(path, copy);
        assert.equal(warnings.length, 1);
        assert.match(
          warnings[0] ?? "",
          /^Cannot read all 2 video tracks of ".*" at once: this is track [01]; the option/,
        );
        await assertRefused(sources.createFileReader(path, ColourSpace.I420, { track: 2 }), {
          is: RangeError,
          code: "invalid_argument",
          field: "track",
          says: /it has 2 video tracks, 0 to 1$/,
        });
      });
    });
  }

  it("a cover picture is none, though it comes first", async () => {
    await withFolder(async (folder) => {
      const red = ["-f", "lavfi", "-i", "color=red:size=320x240:rate=1:duration=1", "-frames:v", "1"];
      const cover = await makeFile(join(folder, "cover.jpg"), ...red);
      const film = await makeFile(join(folder, "film.mp4"), ...FRONT, ...CODED);
      const both = ["-i", fileArgument(cover), "-i", fileArgument(film), "-map", "0", "-map", "1", "-c", "copy"];
      const kinds = ["-disposition:v:0", "attached_pic", "-disposition:v:1", "0"];
      const path = await makeFile(join(folder, "a.mp4"), ...both, ...kinds);
      const { info, warnings, frames } = await read(path, join(folder, "copy.mkv"));
      assert.deepEqual([info.videoTracks, info.soundTracks, info.width, frames], [1, 0, 96, FRAMES]);
      assert.deepEqual(warnings, []);
      await assertRefused(sources.createFileReader(path, ColourSpace.I420, { track: 1 }), {
        is: RangeError,
        code: "invalid_argument",
        field: "track",
        says: /it has only video track 0$/,
      });
    });
  });

  it("the test pattern has one", async () => {
    const pattern = await sources.createTestPattern();
    assert.deepEqual([pattern.info.videoTracks, pattern.info.soundTracks], [1, 0]);
    await pattern.close();
  });
});
