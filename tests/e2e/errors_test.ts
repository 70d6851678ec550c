/**
 * Bar 9: what goes wrong is reported by a typed error with one clear sentence, at the door where it can be known there, and
 * never by a hang, a crash or a lost recording.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { chmod, mkdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import {
  capabilities,
  type Codec,
  ColourSpace,
  type FileReaderSettings,
  type FileWriterSettings,
  ObserverError,
  type Pacing,
  type Rational,
  type VideoFileWriter,
  VideoSourceError,
  VideoSourceFactory,
  VideoTargetError,
  VideoTargetFactory,
} from "../../mod.ts";
import { attempt, fileFlag, LIBRARY_FLAG, obedient } from "../helpers/attempt.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { inOrder, recordPattern } from "../helpers/record.ts";
import { assertRefused, assertRefusedNow, type Refusal } from "../helpers/refusal.ts";
import { countFrames, probe } from "../helpers/probe.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

/** Those that work here. */
const encoders = (await capabilities()).codecs.flatMap(({ codec, encoders }) =>
  encoders.filter(({ available }) => available).map((encoder) => ({ codec, ...encoder }))
);
const h264Encoder = encoders.find(({ codec }) => codec === "h264");

const SMALL = { width: 128, height: 64 };

function open(path: string | URL, settings: FileReaderSettings = { pacing: "asap" }): Promise<unknown> {
  return sources.createFileReader(path, ColourSpace.I420, settings);
}

/** Reads a file to its end into a recording; returns how many frames came and which error ended it. */
async function readThrough(folder: string, path: string): Promise<{ frames: number; errors: number; error: unknown }> {
  const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
  const writer = await targets.createFileWriter("ffv1", join(folder, "copy.mkv"), reader.getFrameRate());
  reader.attach(writer);
  const error = await reader.ended.then(() => undefined, (error) => error);
  const report = await writer.close();
  const { decodeErrors } = reader.stats();
  await reader.close();
  assertLedger(report.stats.frames);
  assert.equal(report.stats.frames.written, await countFrames(report.target.path));
  return { frames: report.stats.frames.written, errors: decodeErrors, error };
}

function input(code: Refusal["code"], says: RegExp): Refusal {
  return { is: VideoSourceError, code, field: "path", says };
}

function output(code: Refusal["code"], says: RegExp): Refusal {
  return { is: VideoTargetError, code, field: "path", says };
}

function argument(field: string, says: RegExp, is: Refusal["is"] = RangeError): Refusal {
  return { is, code: "invalid_argument", field, says };
}

describe("an input is refused at the door", () => {
  it("when it is missing", async () => {
    await assertRefused(
      open("/this/path/should/never/exist.video"),
      input("not_found", /exist\.video": it does not exist/),
    );
    await assertRefused(open("/etc/passwd/a.mp4"), input("not_found", /part of the path is not a folder/));
  });

  it("when it is a folder", async () => {
    await withFolder((folder) => assertRefused(open(folder), input("not_a_file", /it is a folder/)));
  });

  it("when it may not be read", async (test) => {
    const prefix = obedient();
    if (prefix === undefined) return test.skip("root reads everything, and there is no setpriv to forbid it");
    await withFolder(async (folder) => {
      const path = await makeFile(join(folder, "a.mp4"), ...testPicture("128x64", 30, 0.2));
      await chmod(path, 0);
      const { message, ...rest } = { message: "", ...attempt({ read: path }, undefined, prefix) };
      assert.deepEqual(rest, { name: "VideoSourceError", code: "permission_denied", field: "path" });
      assert.match(message, /^Cannot read ".*a\.mp4": the operating system refuses access/);
    });
  });

  it("when it is text, empty or a device", async () => {
    await withFolder(async (folder) => {
      const text = join(folder, "text.mp4");
      await writeFile(text, "This is no video.\n".repeat(200));
      await assertRefused(open(text), input("invalid_data", /it is plain text/));
      const empty = join(folder, "empty.mp4");
      await writeFile(empty, "");
      await assertRefused(open(empty), input("invalid_data", /it is empty/));
      await assertRefused(open("/dev/zero"), input("not_a_file", /not a regular file/));
    });
  });

  it("when it is a playlist that would open further files", async () => {
    await withFolder(async (folder) => {
      const inner = await makeFile(join(folder, "inner.ts"), ...testPicture("128x64", 30, 0.2));
      const list = join(folder, "list.m3u8");
      await writeFile(list, `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.2,\n${inner}\n#EXT-X-ENDLIST\n`);
      await assertRefused(open(list), input("invalid_data", /it is a playlist/));
    });
  });

  it("when it is a FIFO, without waiting for its other end", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "pipe.mp4");
      assert.equal(spawnSync("mkfifo", [path]).status, 0);
      await assertRefused(open(path), input("not_a_file", /not a regular file/));
    });
  });

  it("when it holds only sound, or sound with a cover picture", async () => {
    await withFolder(async (folder) => {
      const sine = ["-f", "lavfi", "-i", "sine=duration=0.5"];
      const sound = await makeFile(join(folder, "sound.mp4"), ...sine);
      await assertRefused(open(sound), input("no_video", /no video stream/));
      const picture = ["-f", "lavfi", "-i", "color=red:size=64x64:duration=1:rate=1"];
      const map = ["-map", "0", "-map", "1", "-frames:v", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic"];
      const cover = await makeFile(join(folder, "cover.m4a"), ...sine, ...picture, ...map);
      await assertRefused(open(cover), input("no_video", /no video stream/));
    });
  });

  it("when its index is cut off", async () => {
    await withFolder(async (folder) => {
      const path = await makeFile(join(folder, "a.mp4"), ...testPicture("320x240", 30, 1));
      await truncate(path, Math.floor((await stat(path)).size / 2));
      await assertRefused(open(path), input("invalid_data", /never finished, for its index \(moov\) is missing/));
    });
  });

  it("when its frames are larger than maxPixels", async () => {
    await withFolder(async (folder) => {
      const path = await makeFile(join(folder, "a.mp4"), ...testPicture("320x240", 30, 0.2));
      const promise = open(path, { maxPixels: 320 * 240 - 1 });
      await assertRefused(promise, { ...input("limit_exceeded", /more than maxPixels 76799/), field: "maxPixels" });
    });
  });

  it("when its path is no path", async () => {
    await assertRefused(open(""), argument("path", /it is empty/));
    await assertRefused(open("a\0b.mp4"), argument("path", /contains a NUL character/));
    await assertRefused(open(new URL("https://example.org/a.mp4")), argument("path", /only file: URLs/, TypeError));
    await assertRefused(open(new URL("file:///a%2Fb.mp4")), argument("path", /encoded slash/, TypeError));
    await assertRefused(open(7 as unknown as string), argument("path", /must be a string or a file: URL/, TypeError));
    await assertRefused(open(`/${"x".repeat(300)}.mp4`), argument("path", /a name in it is too long/));
    await withFolder(async (folder) => {
      const circle = join(folder, "circle.mp4");
      await symlink(circle, circle);
      await assertRefused(open(circle), input("io", /symbolic link/));
    });
  });

  it("when its options are none", async () => {
    const bad = (settings: unknown): Promise<unknown> => open("/tmp", settings as FileReaderSettings);
    await assertRefused(bad({ pacing: "fast" }), argument("pacing", /one of "realtime", "asap"/));
    await assertRefused(bad({ atEnd: 1 }), argument("atEnd", /one of "stop", "loop", "black"/, TypeError));
    await assertRefused(bad({ threads: 65 }), argument("threads", /0 to 64/));
    await assertRefused(bad({ threads: 1.5 }), argument("threads", /whole number/));
    await assertRefused(bad({ maxPixels: 0 }), argument("maxPixels", /1 to 2147483647/));
    await assertRefused(
      bad({ speed: 1 }),
      argument(
        "speed",
        /unknown; known are atEnd, autorotate, frameRate, maxPixels, pacing, threads, track$/,
        TypeError,
      ),
    );
    await assertRefused(bad(7), argument("options", /must be an object/, TypeError));
    const colour = sources.createFileReader("/tmp", "rgb" as ColourSpace);
    await assertRefused(colour, argument("colour", /one of "bgra", "i420", "uyvy", "rgba", "nv12"/));
  });
});

describe("a damaged input gives what is in it", () => {
  it("when an mp4 with its index in front is cut in the middle", async () => {
    await withFolder(async (folder) => {
      const path = await makeFile(join(folder, "a.mp4"), ...testPicture("320x240", 30, 3), "-movflags", "+faststart");
      await truncate(path, Math.floor((await stat(path)).size * 0.6));
      const { frames, error } = await readThrough(folder, path);
      assert.ok(frames > 20 && frames < 90, `${frames} frames`);
      // Its index promises more than there is, which is reported.
      assert.ok(error === undefined || (error as VideoSourceError).code === "decode_failed", String(error));
    });
  });

  it("when an mkv is cut in the middle", async () => {
    await withFolder(async (folder) => {
      const path = await makeFile(join(folder, "a.mkv"), ...testPicture("320x240", 30, 3));
      await truncate(path, Math.floor((await stat(path)).size * 0.6));
      const { frames, error } = await readThrough(folder, path);
      assert.ok(frames > 20 && frames < 90, `${frames} frames`);
      assert.equal(error, undefined);
    });
  });

  it("and counts the damage when bytes in the middle are zero", async () => {
    await withFolder(async (folder) => {
      const path = await makeFile(
        join(folder, "a.mp4"),
        ...testPicture("320x240", 30, 3),
        "-c:v",
        "libx264",
        "-g",
        "10",
      );
      const bytes = await readFile(path);
      bytes.fill(0, Math.floor(bytes.length * 0.4), Math.floor(bytes.length * 0.45));
      await writeFile(path, bytes);
      const { frames, errors, error } = await readThrough(folder, path);
      assert.ok(errors > 0, "no decode error was counted");
      assert.ok(frames > 60 && frames <= 90, `${frames} frames`);
      assert.equal(error, undefined);
    });
  });
});

describe("an output is refused at the door", () => {
  const create = (
    path: string | URL,
    rate: unknown = 30,
    settings: unknown = {},
    codec = "hevc",
  ): Promise<VideoFileWriter> =>
    targets.createFileWriter(codec as Codec, path, rate as number | Rational, settings as FileWriterSettings);

  it("when its extension names no container for the codec", async () => {
    for (const name of ["a.avi", "a.mp4.rrr", "xxmp4", ".mp4", "a.webm", "mp4/a"]) {
      await assertRefused(
        create(`/tmp/${name}`),
        output("container_mismatch", /use \.mp4, \.m4v, \.mov, \.mkv, \.ts$/),
      );
    }
  });

  it("when its rate is none", async () => {
    for (const rate of [0, -0, -30, NaN, Infinity, -Infinity]) {
      await assertRefused(create("/tmp/a.mp4", rate), argument("frameRate", /must be a positive number/));
    }
    await assertRefused(create("/tmp/a.mp4", 1e9), argument("frameRate", /above 1000 frames per second/));
    await assertRefused(create("/tmp/a.mp4", 1e-4), argument("frameRate", /below one frame in 1000 seconds/));
    await assertRefused(create("/tmp/a.mp4", Math.PI), argument("frameRate", /write \{ num, den \}/));
    for (const rate of ["30", "sauce", "Source", ""]) {
      await assertRefused(create("/tmp/a.mp4", rate), argument("frameRate", /a number, \{ num, den \} or "source"/));
    }
    for (const rate of [null, undefined, {}, { num: 30 }, [30, 1], 30n]) {
      if (rate === undefined) continue; // Left out, it is the test's own default.
      await assertRefused(create("/tmp/a.mp4", rate), argument("frameRate", /a number or \{ num, den \}/, TypeError));
    }
    for (const rate of [{ num: 0, den: 1 }, { num: 30, den: 0 }, { num: 1.5, den: 1 }, { num: 2 ** 31, den: 1 }]) {
      await assertRefused(create("/tmp/a.mp4", rate), argument("frameRate", /both terms must be integers/));
    }
  });

  it("when the container or codec cannot express its rate", async () => {
    await assertRefused(create("/tmp/a.ts", 59.94), argument("frameRate", /90 kHz clock.*60000\/1001 for 59\.94/));
    const fine = { num: 90001, den: 3003 };
    await assertRefused(create("/tmp/a.avi", fine, {}, "xvid"), argument("frameRate", /at most 65535/));
  });

  it("when it exists", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await writeFile(path, "precious");
      await assertRefused(create(path), output("already_exists", /choose another path or set `overwrite: true`/));
      assert.equal(await readFile(path, "utf8"), "precious");
    });
  });

  it("when its folder is missing, not a folder or not writable", async (test) => {
    await withFolder(async (folder) => {
      await assertRefused(
        create(join(folder, "no", "a.mp4")),
        output("not_found", /folder ".*no" does not exist; create it/),
      );
      await writeFile(join(folder, "file"), "");
      await assertRefused(create(join(folder, "file", "a.mp4")), output("not_found", /not a folder/));
      await assertRefused(create("/proc/a.mp4"), output("not_found", /Cannot record to/));
      const prefix = obedient();
      if (prefix === undefined) return test.skip("root writes everywhere, and there is no setpriv to forbid it");
      const closed = join(folder, "closed");
      await mkdir(closed, 0o500);
      const outcome = attempt({ write: { codec: "hevc", path: join(closed, "a.mp4") } }, undefined, prefix);
      const { message, ...rest } = { message: "", ...outcome };
      assert.deepEqual(rest, { name: "VideoTargetError", code: "permission_denied", field: "path" });
      assert.match(message, /^Cannot record to ".*a\.mp4": the operating system refuses access/);
    });
  });

  it("when it is a folder, a FIFO or a device", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await mkdir(path);
      for (const overwrite of [false, true]) {
        await assertRefused(create(path, 30, { overwrite }), output("not_a_file", /it is a folder/));
      }
      const pipe = join(folder, "pipe.mp4");
      assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
      await assertRefused(create(pipe, 30, { overwrite: true }), output("not_a_file", /not a regular file/));
    });
  });

  it("when its path is no path", async () => {
    await assertRefused(create(""), argument("path", /it is empty/));
    await assertRefused(create("a\0.mp4"), argument("path", /contains a NUL character/));
    await assertRefused(create(new URL("rtmp://example.org/a.mp4")), argument("path", /only file: URLs/, TypeError));
    await assertRefused(create(`/tmp/${"x".repeat(300)}.mp4`), argument("path", /a name in it is too long/));
  });

  it("when its codec or encoder is none, or not there", async (test) => {
    await assertRefused(create("/tmp/a.mp4", 30, {}, "mpeg2"), argument("codec", /one of "hevc"/));
    await assertRefused(create("/tmp/a.mp4", 30, { encoder: "libx264" }), argument("encoder", /libx265, libkvazaar/));
    await assertRefused(create("/tmp/a.mp4", 30, { encoder: "x" }), argument("encoder", /libx265, libkvazaar/));
    const all = (await capabilities()).codecs.flatMap(({ codec, encoders }) =>
      encoders.map((encoder) => ({ codec, ...encoder }))
    );
    const missing = all.filter((encoder) => !encoder.available);
    if (missing.length === 0) return test.skip("this FFmpeg has every encoder");
    for (const { codec, name } of missing) {
      await assertRefused(create("/tmp/a.mp4", 30, { encoder: name }, codec), {
        is: VideoTargetError,
        code: "codec_unavailable",
        field: "encoder",
        says: /(does not have it|leaves it out)\); (build|install the npm package|uninstall)/,
      });
    }
  });

  it("when its options are none", async () => {
    const bad: readonly [settings: unknown, field: string, says: RegExp, is?: Refusal["is"]][] = [
      [{ preset: "warp" }, "preset", /it has ultrafast, superfast/],
      [{ quality: -1 }, "quality", /0 to 51, lower is better/],
      [{ quality: 52 }, "quality", /0 to 51/],
      [{ quality: NaN }, "quality", /finite/],
      [{ quality: 20, bitRate: 1e6 }, "bitRate", /choose one/],
      [{ bitRate: 999 }, "bitRate", /1000 to 2000000000/],
      [{ bitRate: 1e10 }, "bitRate", /1000 to 2000000000/],
      [{ bitRate: 1e6, profile: "lossless" }, "bitRate", /lossless/],
      [{ quality: 20, profile: "lossless" }, "quality", /lossless/],
      [{ profile: "fast" }, "profile", /one of "live", "quality", "lossless"/],
      [{ gop: 0 }, "gop", /1 to 10000/],
      [{ gop: 10001 }, "gop", /1 to 10000/],
      [{ threads: 65 }, "threads", /0 to 64/],
      [{ threads: -1 }, "threads", /whole number/],
      [{ queueSeconds: 0 }, "queueSeconds", /0\.1 to 60/],
      [{ queueSeconds: 61 }, "queueSeconds", /0\.1 to 60/],
      [{ queueBytes: 999_999 }, "queueBytes", /1000000 to 8000000000/],
      [{ syncIntervalMs: 99 }, "syncIntervalMs", /100 to 60000/],
      [{ overwrite: "yes" }, "overwrite", /true or false/, TypeError],
      [{ encoderOptions: { crf: 20 } }, "encoderOptions.crf", /must be a string/, TypeError],
      [{ metadata: { title: "a\0b" } }, "metadata.title", /it contains a NUL character/, RangeError],
      [{ metadata: { comment: "\ud800" } }, "metadata.comment", /half of a surrogate pair/, RangeError],
      [{ metadata: { creationTime: "2200-01-01T00:00:00Z" } }, "metadata.creationTime", /1904 to 2040/, RangeError],
      [{ encoderOptions: { warp: "9" } }, "encoderOptions.warp", /"warp" with lib(x265|kvazaar): .* open no file/],
      [{ encoderOptions: { "x265-params": "csv=a" } }, "encoderOptions.x265-params", /open no file/],
      [{ metadata: { title: 1 } }, "metadata.title", /must be a string/, TypeError],
      [{ metadata: { artist: "x" } }, "metadata.artist", /unknown; known are comment, creationTime, title$/, TypeError],
      [{ metadata: { creationTime: "yesterday" } }, "metadata.creationTime", /ISO 8601|RFC 3339|as 20/],
      [{ speed: 1 }, "speed", /unknown; known are bitRate, encoder, /, TypeError],
    ];
    for (const [settings, field, says, is] of bad) {
      await assertRefused(create("/tmp/a.mp4", 30, settings), argument(field, says, is ?? RangeError));
    }
    const profile = { profile: "lossless" };
    await assertRefused(create("/tmp/a.mp4", 30, profile, "av1"), argument("profile", /no lossless mode; use FFV1/));
    await assertRefused(create("/tmp/a.mkv", 30, { quality: 3 }, "ffv1"), argument("quality", /no constant quality/));
  });

  it("and leaves no file behind", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await assertRefused(create(path, 30, { preset: "warp" }), argument("preset", /it has/));
      await assert.rejects(stat(path), { code: "ENOENT" });
    });
  });
});

describe("an output that exists", () => {
  it("is replaced with `overwrite: true`, at the first frame", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await writeFile(path, "x".repeat(1_000_000));
      await recordPattern("h264", path, 30, { ...SMALL, frames: 10 }, { overwrite: true });
      assert.ok((await stat(path)).size < 100_000);
      assert.deepEqual(await decodeIndices(path), inOrder(10));
    });
  });

  it("stays as it was if no frame comes", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      await writeFile(path, "precious");
      const writer = await targets.createFileWriter("h264", path, 30, { overwrite: true });
      const report = await writer.close();
      assert.equal(report.exists, false);
      assert.equal(await readFile(path, "utf8"), "precious");
    });
  });
});

describe("what is refused at the first frame fails the recording and nothing else", () => {
  const fails = async (settings: FileWriterSettings, refusal: Refusal, codec: Codec = "hevc"): Promise<void> => {
    await withFolder(async (folder) => {
      const pattern = await sources.createTestPattern({ ...SMALL, frames: 30, pacing: "asap" });
      const path = join(folder, "a.mkv");
      const writer = await targets.createFileWriter(codec, path, 30, settings);
      const other = await targets.createFileWriter("h264", join(folder, "b.mkv"), 30);
      const errors: Error[] = [];
      writer.addEventListener("error", (event) => errors.push(event.error));
      pattern.attach(writer);
      pattern.attach(other);
      await pattern.ended;
      const error = await assertRefused(writer.close(), refusal);
      assert.equal(errors.length, 1);
      assert.equal(errors[0]?.message, error.message);
      const { stats, exists } = (error as unknown as VideoTargetError).report ?? assert.fail("there is no report");
      assertLedger(stats.frames);
      assert.deepEqual([stats.frames.written, stats.frames.failed, exists], [0, stats.frames.captured, false]);
      await assert.rejects(stat(path), { code: "ENOENT" });
      assert.equal((await other.close()).stats.frames.written, 30);
      await pattern.close();
    });
  };

  const late = { is: VideoTargetError, code: "invalid_argument" } as const;
  const needs = (encoder: string): { readonly skip: string | false } => ({
    skip: encoders.some(({ name }) => name === encoder) ? false : `${encoder} is not there`,
  });

  for (
    const [codec, encoder, name, value] of [
      ["hevc", "libx265", "qmin", "nonsense"],
      ["h264", "libx264", "crf", "nonsense"],
      ["h264", "libx264", "level", "nonsense"],
      ["h264", "libx264", "x264-params", "me=nonsense"],
      ["hevc", "libx265", "x265-params", "me=nonsense"],
      ["hevc", "libkvazaar", "kvazaar-params", "me=nonsense"],
      ["h264", "libopenh264", "rc_mode", "nonsense"],
      ["vp9", "libvpx-vp9", "crf", "nonsense"],
    ] as const
  ) {
    it(`for an encoder option that has no sense: ${name} of ${encoder}`, needs(encoder), async () => {
      const says = new RegExp(`encoder option "${name}" with value "${value}": ${encoder} refuses it`);
      // Beside others that it takes.
      const encoderOptions = { g: "10", [name]: value, threads: "1" };
      await fails({ encoderOptions }, { ...late, field: `encoderOptions.${name}`, says }, codec);
    });
  }
});

describe("a writer", () => {
  it("cannot be attached to a second source, nor after its end", async () => {
    await withFolder(async (folder) => {
      const [one, two] = [await sources.createTestPattern(SMALL), await sources.createTestPattern(SMALL)];
      const writer = await targets.createFileWriter("h264", join(folder, "a.mkv"), 30);
      one.attach(writer);
      const says = /it is attached to another source; await its detach\(\) first/;
      assertRefusedNow(() => two.attach(writer), { is: ObserverError, code: "already_attached", says });
      await writer.close();
      const closed = { is: VideoTargetError, code: "closed", says: /it is closed/ } as const;
      assertRefusedNow(() => one.attach(writer), closed);
      assertRefusedNow(() => writer.stats(), closed);
      await Promise.all([one.close(), two.close()]);
    });
  });
});

describe(
  "a full disk",
  { skip: process.getuid?.() === 0 ? false : "only root can mount a small one" },
  () => {
    let folder = "";
    let isMounted = false;

    before(() => {
      folder = spawnSync("mktemp", ["-d"], { encoding: "utf8" }).stdout.trim();
      isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]).status === 0;
      // Most of it is taken: the pattern is small, and the end shall come soon.
      if (isMounted) writeFileSync(join(folder, "ballast"), new Uint8Array(2_600_000));
    });
    after(() => {
      if (isMounted) spawnSync("umount", ["-l", folder]);
      spawnSync("rmdir", [folder]);
    });

    // What comes too fast fills the disk within the half second after which it is flushed.
    const h264: FileWriterSettings = h264Encoder?.lossless
      ? { profile: "lossless" }
      : { quality: h264Encoder?.quality?.min ?? 0 };
    const cases: readonly [codec: Codec, extension: string, settings: FileWriterSettings, pacing: Pacing][] = [
      ["h264", "mp4", h264, "asap"],
      ["h264", "mkv", h264, "asap"],
      ["h264", "ts", h264, "asap"],
      ["vp9", "webm", { profile: "lossless" }, "asap"],
      ["xvid", "avi", { quality: 1 }, "realtime"],
      ["ffv1", "mkv", {}, "realtime"],
    ];
    for (const [codec, extension, settings, pacing] of cases) {
      it(`ends a recording of ${codec} in .${extension}, and what was recorded plays`, async (test) => {
        if (!isMounted) return test.skip("mounting is not allowed here");
        const path = join(folder, `a.${extension}`);
        const pattern = await sources.createTestPattern({ width: 640, height: 360, frameRate: 60, pacing });
        const writer = await targets.createFileWriter(codec, path, 60, settings);
        const failure = new Promise<Error>((resolve) =>
          writer.addEventListener("error", (event) => resolve(event.error))
        );
        pattern.attach(writer);
        const event = await failure;
        await pattern.detach(writer);
        const refusal = { is: VideoTargetError, code: "disk_full", says: /the disk is full; free some space/ } as const;
        const error = await assertRefused(writer.close(), refusal);
        const { missed } = pattern.stats();
        await pattern.close();
        assert.equal(event.message, error.message);
        const { stats } = (error as unknown as VideoTargetError).report ?? assert.fail("there is no report");
        assertLedger(stats.frames);
        assert.ok(stats.frames.failed > 0);
        assert.ok((await probe(path)).width === 640);
        const indices = await decodeIndices(path);
        assert.ok(indices.length >= 1, "nothing was recorded");
        assert.equal(indices.length, stats.frames.written);
        if (stats.frames.dropped === 0 && missed === 0) assert.deepEqual(indices, inOrder(indices.length));
        spawnSync("rm", ["-f", path]);
      });
    }
  },
);

describe("the runtime's permissions", () => {
  const withFiles = (use: (source: string, path: string) => void | Promise<void>): Promise<void> =>
    withFolder(async (folder) => {
      const source = await makeFile(join(folder, "in.mp4"), ...testPicture("128x64", 30, 0.5));
      await use(source, join(folder, "out.mp4"));
    });

  it("suffice when they name the library, the input and the output", async () => {
    await withFiles(async (read, path) => {
      const outcome = attempt({ read, write: { codec: "hevc", path } }, { library: true, read, write: path });
      assert.deepEqual(outcome, { frames: 15 });
      assert.equal(await countFrames(path), 15);
    });
  });

  const refused: readonly [what: string, without: "library" | "read" | "write", name: string][] = [
    ["the input", "read", "VideoSourceError"],
    ["the output", "write", "VideoTargetError"],
    ["the library", "library", "GiftGrabError"],
  ];
  for (const [what, without, name] of refused) {
    it(`refuse without the one for ${what}, which the sentence names`, async () => {
      await withFiles(async (read, path) => {
        const { [without]: _, ...grants } = { library: true, read, write: path };
        const outcome = { message: "", ...attempt({ read, write: { codec: "hevc", path } }, grants) };
        assert.equal("name" in outcome && outcome.name, name, JSON.stringify(outcome));
        assert.equal("code" in outcome && outcome.code, "permission_denied");
        const flag = without === "library" ? LIBRARY_FLAG : fileFlag(without, without === "read" ? read : path);
        assert.ok(outcome.message.endsWith(flag), outcome.message);
        await assert.rejects(stat(path), { code: "ENOENT" });
      });
    });
  }

  it("for another path do not help", async () => {
    await withFiles((read, path) => {
      const outcome = { message: "", ...attempt({ read }, { library: true, read: path, write: path }) };
      assert.ok(outcome.message.endsWith(fileFlag("read", read)), outcome.message);
    });
  });
});
