/** What can be opened, and why other files cannot. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  capabilities,
  type Codec,
  ColourSpace,
  type FileReaderSettings,
  VideoSourceError,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { assertRefused, type Refusal } from "../helpers/refusal.ts";
import { Valve } from "../helpers/valve.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

/** The frames of a file that an observer sees, at most `most` of them. */
async function countFrames(path: string, settings: FileReaderSettings = {}, most = Infinity): Promise<number> {
  const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap", ...settings });
  let frames = 0;
  if (most === Infinity) {
    reader.attach(() => void (frames += 1));
    await reader.ended;
  } else {
    const valve = new Valve(reader);
    await Promise.race([valve.pass(most), reader.ended.then(() => assert.fail("it has ended"))]);
    frames = most;
    valve.open();
  }
  await reader.close();
  return frames;
}

function refusal(code: Refusal["code"], says: RegExp): Refusal {
  return { is: VideoSourceError, code, field: "path", says };
}

function refused(path: string, code: Refusal["code"], says: RegExp): Promise<unknown> {
  return assertRefused(sources.createFileReader(path, ColourSpace.I420), refusal(code, says));
}

describe("a reader opens", () => {
  it("raw motion JPEG, with every frame, once and again and again", async () => {
    await withFolder(async (folder) => {
      const mjpeg = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"];
      const path = await makeFile(join(folder, "a.mjpeg"), ...testPicture("320x240", 25, 4), ...mjpeg, "-f", "mjpeg");
      assert.equal(await countFrames(path), 100);
      assert.equal(await countFrames(path, { atEnd: "loop" }, 230), 230);
      const parts = await makeFile(join(folder, "b.mjpg"), ...testPicture("320x240", 25, 1), ...mjpeg, "-f", "mpjpeg");
      assert.equal(await countFrames(parts), 25);
    });
  });

  for (const [extension, args] of Object.entries({ png: [], jpg: [], bmp: [], tiff: [], webp: [], apng: [] })) {
    it(`a single picture as one frame: .${extension}`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, `a.${extension}`);
        await makeFile(path, ...testPicture("96x64", 25, 0.04), "-frames:v", "1", ...args);
        assert.equal(await countFrames(path), 1);
        assert.equal(await countFrames(path, { atEnd: "black" }, 5), 5);
      });
    });
  }
});

describe("a file that cannot be read is refused with its cause", () => {
  it("when it is encrypted", async () => {
    await withFolder(async (folder) => {
      const key = "76a6c65c5ea762046bd749a2e632ccbb";
      const scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key];
      const path = await makeFile(join(folder, "a.mp4"), ...testPicture("96x64", 25, 1), "-c:v", "libx264", ...scheme);
      await refused(path, "invalid_data", /it is encrypted/);
    });
  });

  it("when its recording was never finished", async () => {
    await withFolder(async (folder) => {
      const whole = await makeFile(join(folder, "a.mp4"), ...testPicture("96x64", 25, 1));
      const path = join(folder, "b.mp4");
      await writeFile(path, (await readFile(whole)).subarray(0, 4000));
      await refused(path, "invalid_data", /never finished.*`untrunc`/);
    });
  });

  it("when it holds sound only", async () => {
    await withFolder(async (folder) => {
      for (const name of ["a.wav", "a.mp3", "a.flac", "a.m4a"]) {
        const path = await makeFile(join(folder, name), "-f", "lavfi", "-i", "sine=duration=1");
        await refused(path, "no_video", /it holds sound/);
      }
    });
  });

  it("when it is something else under the name of a video", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const others: readonly [content: string | Uint8Array, says: RegExp][] = [
        ["<!DOCTYPE html><html><body>404 Not Found</body></html>", /it is text with tags/],
        ["PK\x03\x04\x14\x00\x08\x00" + "\x01".repeat(3000), /it is a ZIP archive: unpack it first/],
        ["Sorry, this file has moved.\n".repeat(100), /it is plain text/],
        [new Uint8Array(100_000), /it begins with zeros/],
        ["#EXTM3U\n#EXTINF:1,\nhttp://example.org/a.ts\n", /it is a playlist/],
      ];
      for (const [content, says] of others) {
        await writeFile(path, content);
        await refused(path, "invalid_data", says);
      }
    });
  });
});

const encoders = (await capabilities()).codecs.flatMap(({ encoders }) => encoders);

/** Whether an encoder works here. */
function has(name: string): boolean {
  return encoders.some((encoder) => encoder.name === name && encoder.available);
}

describe("a rate that a recording cannot have is refused when the writer is made", () => {
  const cases: readonly [codec: Codec, name: string, rate: { num: number; den: number }, encoder?: string][] = [
    ["av1", "a.mp4", { num: 241, den: 1 }, "libsvtav1"],
    ["av1", "a.mkv", { num: 1, den: 1000 }, "libsvtav1"],
    ["av1", "a.mkv", { num: 1, den: 2 }, "libaom-av1"],
    ["h264", "a.ts", { num: 1, den: 2 }],
    ["hevc", "a.ts", { num: 9, den: 10 }],
  ];
  for (const [codec, name, rate, encoder] of cases) {
    it(`${rate.num}/${rate.den} of ${encoder ?? codec} in ${name}`, async (test) => {
      if (encoder !== undefined && !has(encoder)) return test.skip(`${encoder} does not work here`);
      await withFolder((folder) =>
        assertRefused(targets.createFileWriter(codec, join(folder, name), rate, encoder ? { encoder } : {}), {
          is: RangeError,
          code: "invalid_argument",
          field: "frameRate",
          says: /^Cannot use frame rate/,
        })
      );
    });
  }

  it("and one that it can have is recorded", async (test) => {
    if (!has("libsvtav1")) return test.skip("libsvtav1 does not work here");
    await withFolder(async (folder) => {
      const frameRate = { num: 240, den: 1 };
      const pattern = await sources.createTestPattern({ width: 64, height: 64, frameRate, frames: 3, pacing: "asap" });
      const writer = await targets.createFileWriter("av1", join(folder, "a.mp4"), frameRate, { encoder: "libsvtav1" });
      pattern.attach(writer);
      await pattern.ended;
      const { stats } = await writer.close();
      await pattern.close();
      assertLedger(stats.frames);
      assert.equal(stats.frames.written, 3);
    });
  });
});
