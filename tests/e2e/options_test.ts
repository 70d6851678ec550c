/** What a writer can be asked for, and what the file then is: encoders by name, profiles, rates, key frames, metadata. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, it } from "node:test";
import { capabilities, type Codec, CODECS, type ColourSpace, CONTAINERS, type EncodedCodec } from "../../mod.ts";
import { attempt } from "../helpers/attempt.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { fileArgument, text } from "../helpers/command.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { type DrawnFormat, drawPattern } from "../helpers/pattern.ts";
import { packets, probe } from "../helpers/probe.ts";
import { inOrder, recordPattern } from "../helpers/record.ts";
import { assertRefused } from "../helpers/refusal.ts";

const SIZE = { width: 320, height: 240 };
const RATE = 30;

/** Encoders that work here, with a container that each of them goes into. */
const encoders = (await capabilities()).codecs.flatMap(({ codec, containers, encoders }) =>
  encoders.filter(({ available }) => available).map((encoder) => ({ codec, container: containers[0], ...encoder }))
);

/** The encoder that is used for a codec when none is named. */
function chosen(codec: Codec): typeof encoders[number] | undefined {
  return encoders.find((encoder) => encoder.codec === codec);
}

/** FFmpeg's hash of each decoded frame. */
async function frameHashes(path: string, format: string): Promise<string[]> {
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-map", "0:v:0", "-vsync", "passthrough"];
  const lines = await text("ffmpeg", [...args, "-pix_fmt", format, "-f", "framemd5", "-"]);
  return lines.split("\n").filter((line) => /^\d/.test(line)).map((line) => line.split(",").at(-1)?.trim() ?? "");
}

describe("each encoder by its name", () => {
  for (const { codec, container, name, defaultPreset, presets, quality } of encoders) {
    it(`${name} records every frame, with key frames where they are asked for`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, `a.${container}`);
        const report = await recordPattern(codec, path, RATE, { ...SIZE, frames: 60 }, { encoder: name, gop: 13 });
        assert.equal(report.target.encoder, name);
        assert.deepEqual(await decodeIndices(path), inOrder(60));
        const keys = (await packets(path)).flatMap(({ isKeyFrame }, n) => isKeyFrame ? [n] : []);
        assert.deepEqual(keys, [0, 13, 26, 39, 52]);
      });
    });

    it(`${name} records every frame in the quality profile, with one thread and with four`, async () => {
      await withFolder(async (folder) => {
        for (const threads of [1, 4]) {
          const path = join(folder, `${threads}.${container}`);
          const settings = { encoder: name, profile: "quality", threads } as const;
          const report = await recordPattern(codec, path, RATE, { ...SIZE, frames: 30 }, settings);
          assert.equal(report.stats.frames.written, 30);
          assert.deepEqual(await decodeIndices(path), inOrder(30));
        }
      });
    });

    if (quality !== undefined) {
      it(`${name} makes smaller files of worse quality, and fewer bytes of a lower bit rate`, async () => {
        await withFolder(async (folder) => {
          const bytes = async (settings: object): Promise<number> => {
            const path = join(folder, "a.mkv");
            const all = { encoder: name, overwrite: true, ...settings };
            return (await recordPattern(codec, path, RATE, { ...SIZE, frames: 60 }, all)).stats.bytes;
          };
          const { min, max } = quality;
          const [good, poor] = [min + (max - min) / 10, min + (max - min) * 0.8].map(Math.round);
          assert.ok(await bytes({ quality: good }) > 1.1 * await bytes({ quality: poor }));
          const [low, high] = [await bytes({ bitRate: 100_000 }), await bytes({ bitRate: 2_000_000 })];
          const perSecond = (size: number): number => size * 8 / 2;
          assert.ok(low <= high && perSecond(low) < 300_000 && perSecond(high) < 2_500_000, `${low} and ${high} bytes`);
        });
      });
    }

    if (presets.length > 1) {
      it(`${name} takes its presets`, async () => {
        await withFolder(async (folder) => {
          // The slowest take minutes.
          for (const preset of presets.slice(0, 4).filter((one) => one !== defaultPreset)) {
            const path = join(folder, `${preset}.${container}`);
            await recordPattern(codec, path, RATE, { ...SIZE, frames: 10 }, { encoder: name, preset });
            assert.deepEqual(await decodeIndices(path), inOrder(10));
          }
        });
      });
    }
  }

  it("a raw option reaches the encoder", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const profile = chosen("h264")?.name === "libopenh264" ? "constrained_baseline" : "baseline";
      const settings = { encoderOptions: { profile } };
      await recordPattern("h264", path, RATE, { ...SIZE, frames: 10 }, settings);
      assert.equal((await probe(path)).profile, "Constrained Baseline");
    });
  });

  it("prints nothing", async () => {
    await withFolder(async (folder) => {
      const read = await makeFile(join(folder, "in.mp4"), ...testPicture("128x96", 30, 0.3));
      for (const codec of Object.keys(CODECS) as EncodedCodec[]) {
        const path = join(folder, `${codec}.mkv`);
        // What the process prints beside its result makes this throw.
        assert.deepEqual(attempt({ read, write: { codec, path } }), { frames: 9 });
      }
    });
  });
});

describe("the lossless profile", () => {
  const rows: readonly [ColourSpace, DrawnFormat][] = [["i420", "yuv420p"], ["nv12", "yuv420p"]];
  const planar: typeof rows = [...rows, ["uyvy", "yuv422p"]];
  const rgb: typeof rows = [["bgra", "gbrp"], ["rgba", "gbrp"]];
  const kept: Record<string, readonly [extension: string, colours: typeof rows]> = {
    "libx265": ["mp4", [...planar, ...rgb]],
    "libkvazaar": ["mp4", rows],
    "libx264": ["mkv", planar],
    "libvpx-vp9": ["webm", [...planar, ...rgb]],
    "ffv1": ["mkv", [...planar, ["bgra", "bgra"], ["rgba", "bgra"]]],
  };
  for (const [encoder, [extension, colours]] of Object.entries(kept)) {
    const codec = encoders.find(({ name }) => name === encoder)?.codec;
    const skip = codec === undefined ? `${encoder} does not work here` : false;
    for (const [colour, format] of colours) {
      it(`keeps every sample of ${colour} with ${encoder}`, { skip }, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, `a.${extension}`);
          const settings = { profile: "lossless", encoder } as const;
          const pattern = { ...SIZE, colour, frames: 20 };
          const report = await recordPattern(codec ?? "ffv1", path, RATE, pattern, settings);
          assert.equal(report.pixelFormat, format);
          const drawn = inOrder(20).map((n) => createHash("md5").update(drawPattern(format, SIZE, n)).digest("hex"));
          assert.deepEqual(await frameHashes(path, format), drawn);
        });
      });
    }
  }

  it("is refused where samples would be lost", async () => {
    const refused = async (codec: Codec, says: RegExp): Promise<void> => {
      await withFolder(async (folder) => {
        const settings = { profile: "lossless" } as const;
        const promise = recordPattern(
          codec,
          join(folder, "a.mp4"),
          RATE,
          { ...SIZE, colour: "bgra", frames: 5 },
          settings,
        );
        await assertRefused(promise, { is: Error, code: "invalid_argument", field: "profile", says });
      });
    };
    const one = encoders.find(({ name }) => ["libx264", "libkvazaar"].includes(name));
    assert.ok(one, "neither libx264 nor libkvazaar works here");
    await refused(
      one.codec,
      new RegExp(`Cannot record bgra losslessly with ${one.name}: it keeps yuv420p.*; use FFV1`),
    );
    const none = chosen("av1");
    assert.ok(none, "no encoder of AV1 works here");
    await refused("av1", /it has no lossless mode; use FFV1/);
  });
});

describe("metadata", () => {
  const metadata = { title: "Größe 1", comment: "a comment", creationTime: "2024-05-06T07:08:09Z" };
  // FFmpeg's AVI holds no moment in this form, and its transport stream no text at all.
  const lost: Record<string, readonly string[]> = { avi: ["creation_time"], ts: ["title", "comment", "creation_time"] };

  for (const container of Object.keys(CONTAINERS)) {
    it(`is in .${container}`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, `a.${container}`);
        const codec = container === "webm" ? "vp9" : container === "avi" ? "xvid" : "h264";
        await recordPattern(codec, path, RATE, { ...SIZE, frames: 5 }, { metadata });
        const { tags } = await probe(path);
        const found = Object.fromEntries(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value]));
        const wanted = { title: "Größe 1", comment: "a comment", creation_time: "2024-05-06T07:08:09.000000Z" };
        for (const [name, value] of Object.entries(wanted)) {
          assert.equal(found[name], lost[container]?.includes(name) ? undefined : value);
        }
      });
    });
  }

  it("has the moment of the first frame unless another is given", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const before = Date.now();
      const { startedAt } = await recordPattern("h264", path, RATE, { ...SIZE, frames: 5 });
      const after = Date.now();
      const tagged = Date.parse((await probe(path)).tags.creation_time ?? "");
      // An mp4 holds whole seconds.
      for (const [moment, unit] of [[Date.parse(startedAt), 1], [tagged, 1000]] as const) {
        const earliest = Math.floor(before / unit) * unit;
        assert.ok(moment >= earliest && moment <= after, `${moment} is not in ${earliest} to ${after}`);
      }
    });
  });
});

describe("a transport stream", () => {
  const rates: readonly [num: number, den: number][] = [
    [24, 1],
    [25, 1],
    [30, 1],
    [50, 1],
    [59, 1],
    [60, 1],
    [100, 1],
    [120, 1],
    [25, 2],
    [24000, 1001],
    [30000, 1001],
    [60000, 1001],
  ];
  it("takes rates that readers find in it again", async () => {
    await withFolder(async (folder) => {
      for (const [num, den] of rates) {
        const path = join(folder, `${num}_${den}.ts`);
        await recordPattern("h264", path, { num, den }, { ...SIZE, frames: 60 });
        assert.deepEqual((await probe(path)).frameRate, { num, den });
      }
    });
  });
});
