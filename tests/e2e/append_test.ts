/** Frames from a program to a writer: T15-T18 by appended frames, times, views, back-pressure and wrong inputs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import {
  Codec,
  ObserverError,
  type VideoFileWriter,
  VideoFrame,
  type VideoFrameDetails,
  VideoSourceFactory,
  VideoTargetError,
  VideoTargetFactory,
} from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { fileArgument, output } from "../helpers/command.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { type DrawnFormat, drawPattern } from "../helpers/pattern.ts";
import { packets, probe } from "../helpers/probe.ts";
import { assertRefused } from "../helpers/refusal.ts";

const targets = VideoTargetFactory.getInstance();
const SIZE = { width: 400, height: 640 };
const inOrder = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Frame `index` of the test pattern, drawn here. */
function frameOf(
  format: "bgra" | "i420",
  index: number,
  size = SIZE,
  details: Partial<VideoFrameDetails> = {},
): VideoFrame {
  const drawn: DrawnFormat = format === "i420" ? "yuv420p" : "bgra";
  return VideoFrame.fromBuffer(drawPattern(drawn, size, index), { colour: format, ...size, ...details });
}

/** Decoded samples of a file, of one part of each frame. */
async function decoded(path: string, crop: string): Promise<Uint8Array> {
  const args = ["-v", "error", "-i", fileArgument(path), "-vf", crop, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"];
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of output("ffmpeg", args)) parts.push(part as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

describe("appended frames", () => {
  for (const [codec, name] of [[Codec.Xvid, "out.avi"], [Codec.HEVC, "out.mp4"], [Codec.VP9, "out.webm"]] as const) {
    for (const format of ["bgra", "i420"] as const) {
      it(`T16 T18 are all in the file, in their order, at 59.94: ${codec}, ${format}`, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, name);
          const writer = await targets.createFileWriter(codec, path, 59.94);
          for (let index = 0; index < 180; index++) await writer.append(frameOf(format, index));
          const { stats } = await writer.close();
          assertLedger(stats.frames);
          assert.deepEqual(await decodeIndices(path), inOrder(180));
          const { frameRate, width, height } = await probe(path);
          assert.deepEqual([width, height], [SIZE.width, SIZE.height]);
          const rate = frameRate.num / frameRate.den;
          if (name.endsWith("avi")) assert.ok(Math.abs(rate - 59.94) < 0.001, `${rate}`);
          else assert.deepEqual(frameRate, { num: 2997, den: 50 });
        });
      });
    }
  }

  it("T14 T17 one frame makes a file of its size", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "one.mp4");
      const writer = await targets.createFileWriter(Codec.H264, path, 30);
      await writer.append(new VideoFrame("bgra", 1920, 1080));
      await writer.close();
      const file = await probe(path);
      assert.deepEqual([file.width, file.height], [1920, 1080]);
    });
  });

  it("are found by readers of a transport stream, however few packets they fill", () =>
    withFolder(async (folder) => {
      const grey = new Uint8Array(96 * 64 * 3 / 2).fill(128);
      for (const codec of [Codec.H264, Codec.HEVC]) {
        for (let count = 1; count <= 8; count++) {
          const path = join(folder, `${codec}-${count}.ts`);
          const writer = await targets.createFileWriter(codec, path, 30, { preset: "ultrafast" });
          const frame = VideoFrame.fromBuffer(grey, { colour: "i420", width: 96, height: 64 });
          for (let index = 0; index < count; index++) await writer.append(frame);
          await writer.close();
          assert.equal((await packets(path)).length, count, path);
        }
      }
    }));

  it("T15 may change their colour space: upstream refuses, we convert each", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "mixed.avi");
      const writer = await targets.createFileWriter(Codec.Xvid, path, 30);
      for (let index = 0; index < 20; index++) await writer.append(frameOf(index % 2 === 0 ? "bgra" : "i420", index));
      const { stats } = await writer.close();
      assert.equal(stats.frames.written, 20);
      assert.deepEqual(await decodeIndices(path), inOrder(20));
    });
  });

  it("with times of their own are shown then, and a gap stays a gap", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "gap.mkv");
      const writer = await targets.createFileWriter(Codec.H264, path, 50);
      const times = [0, 20_000, 40_000, 500_000, 520_000];
      for (const [index, timestamp] of times.entries()) {
        await writer.append(frameOf("i420", index, SIZE, { timestamp }));
      }
      const { stats } = await writer.close();
      assert.deepEqual([stats.frames.written, stats.durationSeconds], [5, 0.54]);
      const shown = (await packets(path)).map(({ pts }) => Math.round((pts ?? NaN) * 1e6));
      assert.deepEqual(shown, times);
    });
  });

  for (const stereo of ["sidebyside", "topbottom"] as const) {
    for (const stereoCount of [1, 2, 3, 4]) {
      it(`of ${stereoCount} views lie ${stereo}, sample by sample`, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, "stereo.mkv");
          const size = { width: 64, height: 48 };
          const views = inOrder(stereoCount).map((view) => drawPattern("yuv420p", size, 10 + view));
          const data = new Uint8Array(views.reduce((sum, view) => sum + view.length, 0));
          views.forEach((view, index) => data.set(view, index * view.length));
          const writer = await targets.createFileWriter(Codec.FFV1, path, 30, { profile: "lossless", stereo });
          for (let index = 0; index < 3; index++) {
            await writer.append(VideoFrame.fromBuffer(data, { colour: "i420", ...size, stereoCount }));
          }
          const { stats } = await writer.close();
          assert.equal(stats.frames.written, 3);
          for (const [view, drawn] of views.entries()) {
            const [x, y] = stereo === "sidebyside" ? [view * size.width, 0] : [0, view * size.height];
            const seen = await decoded(path, `crop=${size.width}:${size.height}:${x}:${y}`);
            assert.equal(seen.length, 3 * drawn.length);
            assert.deepEqual(seen.subarray(drawn.length, 2 * drawn.length), drawn, `view ${view}`);
          }
        });
      });
    }
  }

  it("wait for room, and none is lost", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "slow.mp4");
      const size = { width: 640, height: 480 };
      const writer = await targets.createFileWriter(Codec.HEVC, path, 30, { preset: "medium" });
      const frames = inOrder(10).map((index) => frameOf("i420", index, size));
      let waited = 0;
      for (let index = 0; index < 60; index++) {
        const frame = frames[index % 10];
        assert.ok(frame !== undefined);
        const turn = writer.append(frame);
        // A frame that finds room is taken before the event loop goes on.
        if (await Promise.race([turn.then(() => false), setImmediate(true)])) waited += 1;
        await turn;
        assert.ok(writer.stats().frameQueue <= 8);
      }
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      assert.deepEqual([stats.frames.written, stats.frames.dropped], [60, 0]);
      assert.ok(waited > 0, "the writer never made anybody wait");
      assert.deepEqual(await decodeIndices(path), inOrder(60).map((index) => index % 10));
    });
  });

  it("that nobody waits for are kept in their order up to a bound, and then refused", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "flood.mp4");
      const size = { width: 320, height: 240 };
      const writer = await targets.createFileWriter(Codec.HEVC, path, 30, { preset: "slower" });
      // Drawn before: drawing would give the encoder time.
      const frames = inOrder(200).map((index) => frameOf("i420", index, size));
      const turns = frames.map((frame) => writer.append(frame));
      const outcomes = await Promise.allSettled(turns);
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      assert.ok(refused.length > 0 && refused.every(({ reason }) => reason.code === "busy"), `${refused.length}`);
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      assert.equal(stats.frames.written, 200 - refused.length);
      assert.deepEqual(await decodeIndices(path), inOrder(200 - refused.length));
    });
  });

  it("that cannot be appended are refused by name", async () => {
    await withFolder(async (folder) => {
      const open = (name: string): Promise<VideoFileWriter> =>
        targets.createFileWriter(Codec.H264, join(folder, name), 30);
      const writer = await open("a.mp4");
      const refuse = (what: unknown, is: new () => Error, code: "invalid_argument" | "closed", says: RegExp) =>
        assertRefused(writer.append(what as VideoFrame), { is: is as never, code, field: "frame", says });
      await refuse(undefined, TypeError, "invalid_argument", /is not a VideoFrame/);
      await refuse(new Uint8Array(9), TypeError, "invalid_argument", /is not a VideoFrame/);
      const closed = new VideoFrame("bgra", 64, 64);
      closed.close();
      await refuse(closed, VideoTargetError as never, "closed", /closed or released/);
      const source = await VideoSourceFactory.getInstance().createTestPattern({ width: 64, height: 64 });
      source.attach(writer);
      const frame = new VideoFrame("bgra", 64, 64);
      await assertRefused(writer.append(frame), {
        is: ObserverError,
        code: "already_attached",
        says: /it is attached to/,
      });
      await source.close();
      await writer.close();
      await assertRefused(writer.append(frame), { is: VideoTargetError, code: "closed", says: /it is closed/ });
    });
  });
});
