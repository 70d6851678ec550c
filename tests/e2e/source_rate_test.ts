/** A recording with `frameRate: "source"` has every frame, at the time that it had in its source. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  CODECS,
  ColourSpace,
  createFilter,
  type EncodedCodec,
  type FailureEvent,
  type FileWriterSettings,
  ObservableObserver,
  type Observer,
  type RecordingReport,
  type VideoFileWriter,
  VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { encoderFor, fastest } from "../helpers/encoders.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger, droppedFor } from "../helpers/ledger.ts";
import { packets, probe } from "../helpers/probe.ts";
import { inParallel, isFullProof, Random } from "../helpers/proof.ts";
import { makeRandom, makeVariable, shownTimes, VARIABLE_KINDS, type VariableKind } from "../helpers/variable.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

/** A screen that is still, moves, is still and moves again, in milliseconds. */
const SCREEN = [0, 200, 400, 600, 617, 633, 650, 667, 683, 5000, 5001, 5002, 5003, 9000, 9017, 9033, 12_345, 12_378];

/** Records the file at `path` with the times of its frames. */
async function copy(
  path: string,
  target: string,
  codec: EncodedCodec,
  { filter, ...settings }: FileWriterSettings & { readonly filter?: string } = {},
): Promise<RecordingReport> {
  const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
  try {
    const writer = await targets.createFileWriter(codec, target, "source", settings);
    const between = filter === undefined ? undefined : await createFilter(filter);
    if (between === undefined) reader.attach(writer);
    else {
      reader.attach(between);
      between.attach(writer);
    }
    await reader.ended;
    await between?.close();
    const report = await writer.close();
    assertLedger(report.stats.frames);
    assert.equal(report.stats.frames.dropped, 0, JSON.stringify(report.stats.frames));
    return report;
  } finally {
    await reader.close();
  }
}

/** Asserts that both files show their frames at the same times, to one tick of the coarser clock. */
async function assertSameTimes(path: string, target: string): Promise<void> {
  const [wanted, found] = await Promise.all([shownTimes(path), shownTimes(target)]);
  assert.equal(found.times.length, wanted.times.length, target);
  const tick = Math.max(wanted.tick, found.tick);
  // A burst that is finer than the clock of the copy is spread over its ticks.
  for (const [index, time] of found.times.entries()) {
    const expected = wanted.times[index] ?? NaN;
    assert.ok(Math.abs(time - expected) <= tick + 1e-9, `${target}: frame ${index} at ${time}, not ${expected}`);
  }
}

/** A grey frame, at a time in ticks of a clock. */
function frameAt(pts?: number, den = 1000): VideoFrame {
  const time = pts === undefined ? {} : { pts, timeBase: { num: 1, den } };
  return VideoFrame.fromBuffer(new Uint8Array(96 * 64 * 3 / 2), { colour: "i420", width: 96, height: 64, ...time });
}

async function append(writer: VideoFileWriter, frames: readonly VideoFrame[]): Promise<RecordingReport> {
  for (const frame of frames) await writer.append(frame);
  const report = await writer.close();
  assertLedger(report.stats.frames);
  return report;
}

describe("the times of a source", () => {
  for (const codec of Object.keys(CODECS) as EncodedCodec[]) {
    for (const container of CODECS[codec].containers) {
      if (container === "avi") continue;
      for (const profile of ["live", "quality"] as const) {
        it(`are kept by ${codec} in ${container}, profile ${profile}`, () =>
          withFolder(async (folder) => {
            const path = await makeVariable(join(folder, "in.mp4"), "mp4", SCREEN);
            const target = join(folder, `copy.${container}`);
            const { stats } = await copy(path, target, codec, { ...await fastest(codec), profile });
            await assertSameTimes(path, target);
            assert.equal(stats.frames.written, SCREEN.length);
            const { durationSeconds } = await probe(target);
            // A transport stream does not state how long it is.
            if (container !== "ts") assert.ok(Math.abs((durationSeconds ?? 0) - stats.durationSeconds) < 0.0021);
            const decoded = (await packets(target)).map(({ dts }) => dts ?? 0);
            assert.deepEqual(decoded, decoded.toSorted((a, b) => a - b));
          }));
      }
    }
  }

  it("are kept while an mp4 is not finalised", () =>
    withFolder(async (folder) => {
      const path = await makeVariable(join(folder, "in.mkv"), "mkv", SCREEN);
      const target = join(folder, "copy.mp4");
      await copy(path, target, "h264", { finalise: false });
      await assertSameTimes(path, target);
    }));

  it("pass a filter", () =>
    withFolder(async (folder) => {
      const path = await makeVariable(join(folder, "in.mkv"), "mkv", SCREEN);
      const target = join(folder, "copy.mkv");
      await copy(path, target, "ffv1", { filter: "hflip" });
      await assertSameTimes(path, target);
    }));

  it("are exactly those of a constant rate in its own clock", () =>
    withFolder(async (folder) => {
      const coded = ["-c:v", "libx264", "-bf", "2"];
      const path = await makeFile(join(folder, "in.mp4"), ...testPicture("96x64", "30000/1001", 3), ...coded);
      const target = join(folder, "copy.mp4");
      await copy(path, target, "h264");
      const [wanted, found] = await Promise.all([probe(path), probe(target)]);
      assert.deepEqual([found.timeBase, found.frameRate], [wanted.timeBase, { num: 30_000, den: 1001 }]);
      assert.equal(found.durationSeconds, wanted.durationSeconds);
    }));

  it("of appended frames are kept to a microsecond's nearest tick, and follow where there is none", () =>
    withFolder(async (folder) => {
      const target = join(folder, "a.mp4");
      const writer = await targets.createFileWriter("h264", target, "source");
      const microseconds = [5_000_000, 5_000_033, 5_123_456, 65_123_456];
      const { stats } = await append(writer, [
        ...microseconds.map((time) => frameAt(time, 1_000_000)),
        frameAt(),
        frameAt(),
      ]);
      const expected = [
        ...microseconds.map((time) => (time - 5_000_000) / 1e6),
        60.123456 + 1 / 30,
        60.123456 + 2 / 30,
      ];
      const { times, tick } = await shownTimes(target);
      assert.equal(times.length, expected.length);
      for (const [index, time] of times.entries()) assert.ok(Math.abs(time - (expected[index] ?? NaN)) <= 1.5 * tick);
      assert.deepEqual([stats.frames.written, stats.discontinuities], [6, 0]);
      assert.ok(Math.abs(stats.durationSeconds - (60.123456 + 3 / 30)) <= 2 * tick, `${stats.durationSeconds}`);
    }));

  it("go on by one period after a step back and in a second source, each reported", () =>
    withFolder(async (folder) => {
      const target = join(folder, "a.mkv");
      const writer = await targets.createFileWriter("ffv1", target, "source");
      const jumps: number[] = [];
      writer.addEventListener("discontinuity", ({ atSeconds }) => jumps.push(atSeconds));
      for (const frame of [60_000, 60_010, 60_500, 0, 700].map((time) => frameAt(time))) await writer.append(frame);
      for (const frames of [3, 2]) {
        const pattern = await sources.createTestPattern({
          width: 96,
          height: 64,
          frames,
          frameRate: 10,
          pacing: "asap",
        });
        pattern.attach(writer);
        await pattern.ended;
        await pattern.close();
      }
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      const { times } = await shownTimes(target);
      // 33 ms is the period where no source states one; of the pattern each frame lasts 100 ms.
      assert.deepEqual(times, [0, 0.01, 0.5, 0.533, 1.233, 1.266, 1.366, 1.466, 1.566, 1.666]);
      assert.deepEqual([stats.discontinuities, stats.frames.written], [3, 10]);
      assert.ok(jumps.length >= 1 && Math.abs((jumps[0] ?? 0) - 0.533) < 0.001, `${jumps}`);
    }));

  for (const name of ["a.avi", "A.AVI"]) {
    it(`are refused where there is no place for them: ${name}`, () =>
      withFolder(async (folder) => {
        await assert.rejects(targets.createFileWriter("xvid", join(folder, name), "source"), {
          code: "invalid_argument",
          field: "frameRate",
          message: /"source" with avi: .* or \.mkv, \.mp4, \.mov$/,
        });
      }));
  }
});

describe("key frames of a slow source", () => {
  for (const codec of Object.keys(CODECS) as EncodedCodec[]) {
    it(`come each second: ${codec}`, async (test) => {
      const { name } = await encoderFor(codec);
      if (["libsvtav1", "libkvazaar"].includes(name)) return test.skip(`${name} takes no request for a key frame`);
      await withFolder(async (folder) => {
        const target = join(folder, "slow.mkv");
        const writer = await targets.createFileWriter(codec, target, "source", await fastest(codec));
        await append(writer, Array.from({ length: 30 }, (_, index) => frameAt(index * 400)));
        const keys = (await packets(target)).filter(({ isKeyFrame }) => isKeyFrame).map(({ pts }) => pts ?? NaN);
        for (const [index, key] of keys.entries()) {
          assert.ok((keys[index + 1] ?? 11.6) - key <= 1.3, `${keys}`);
        }
      });
    });
  }
});

describe("files of random times", () => {
  const count = isFullProof ? 300 : 14;
  it(
    `are read and recorded with the times that they state: ${count} files`,
    { timeout: 3_600_000 },
    () =>
      withFolder(async (folder) => {
        const { seed } = isFullProof ? new Random() : new Random(7);
        console.log(`seed ${seed}`);
        const random = new Random(seed);
        const cases = Array.from({ length: count }, (_, index) => ({
          index,
          kind: VARIABLE_KINDS[index % VARIABLE_KINDS.length] as VariableKind,
          random: new Random(random.below(2 ** 31)),
        }));
        await inParallel(2, cases, async ({ index, kind, random }) => {
          const path = await makeRandom(join(folder, `${index}.${kind}`), kind, random);
          const read = await readTimes(path);
          const { times, tick } = await shownTimes(path);
          assert.equal(read.length, times.length, path);
          for (const [frame, time] of read.entries()) {
            const wanted = times[frame] ?? NaN;
            assert.ok(
              Math.abs(time - wanted) <= tick + 1e-6,
              `seed ${seed}: ${path}: frame ${frame} at ${time}, not ${wanted}`,
            );
          }
          const targets = ["mp4", "mkv", "ts", "mov"] as const;
          const target = join(folder, `copy-${index}.${targets[random.below(targets.length)]}`);
          await copy(path, target, "h264", {
            preset: "ultrafast",
            profile: random.below(2) === 0 ? "live" : "quality",
          });
          await assertSameTimes(path, target);
        });
      }),
  );
});

/** The times that a reader gives, in seconds from the first one. */
async function readTimes(path: string): Promise<number[]> {
  const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
  const times: number[] = [];
  const observer: Observer = { update: (frame: VideoFrame) => void times.push((frame.timestamp ?? NaN) / 1e6) };
  reader.attach(observer);
  await reader.ended;
  await reader.close();
  return times;
}

describe("frames of a program that state for how long they are shown", () => {
  const lasting = (duration: number, pts?: number): VideoFrame => {
    const time = pts === undefined ? {} : { pts, timeBase: { num: 1, den: 1000 } };
    return VideoFrame.fromBuffer(new Uint8Array(96 * 64 * 3 / 2), {
      ...{ colour: "i420", width: 96, height: 64, duration, ...time } as const,
    });
  };
  for (const [rate, name] of [["source", "a.mp4"], ["source", "a.mkv"], [10, "a.mp4"], [30, "a.mov"]] as const) {
    it(`last so long: ten of 100 ms and one of 5 s, at ${rate} in ${name} (mp4-muxer#44)`, () =>
      withFolder(async (folder) => {
        const target = join(folder, name);
        const writer = await targets.createFileWriter("h264", target, rate);
        for (let index = 0; index < 10; index++) await writer.append(lasting(100_000, index * 100));
        await writer.append(lasting(5_000_000, 1000));
        const { stats } = await writer.close();
        assert.deepEqual([stats.frames.written, stats.durationSeconds], [11, 6]);
        assert.ok(Math.abs(((await probe(target)).durationSeconds ?? 0) - 6) < 0.002);
      }));
  }

  it("follow each other so, without times, where frames keep theirs", () =>
    withFolder(async (folder) => {
      const target = join(folder, "a.mkv");
      const writer = await targets.createFileWriter("ffv1", target, "source");
      for (const ms of [100, 250, 40]) await writer.append(lasting(ms * 1000));
      assert.ok(Math.abs((await writer.close()).stats.durationSeconds - 0.39) < 0.001);
      assert.deepEqual((await shownTimes(target)).times, [0, 0.1, 0.35]);
    }));

  it("and those of a file, keep that through a node", () =>
    withFolder(async (folder) => {
      const gif = join(folder, "hold.gif");
      const held = ["-vf", "format=gray,format=pal8", "-final_delay", "500"];
      await makeFile(gif, ...testPicture("96x64", 10, 1), ...held);
      class Node extends ObservableObserver {}
      const seen: (number | undefined)[] = [];
      const reader = await sources.createFileReader(gif, ColourSpace.I420, { pacing: "asap" });
      const node = new Node();
      const target = join(folder, "a.mkv");
      const writer = await targets.createFileWriter("ffv1", target, 10);
      node.attach(writer);
      node.attach({ update: (frame: VideoFrame) => void seen.push(frame.duration) });
      reader.attach(node);
      await reader.ended;
      const { stats } = await writer.close();
      await reader.close();
      assert.equal(seen.at(-1), 5_000_000);
      assert.equal(stats.durationSeconds, 5.9);
    }));
});

describe("the last frame", () => {
  /** Nine frames of a tenth of a second, and one that is shown for five seconds. */
  async function makeHold(path: string): Promise<string> {
    const times = "if(lt(N,10),N*10,10)";
    const frames = ["-frames:v", "10", "-vf", `settb=1/100,setpts='${times}'`, "-vsync", "passthrough"];
    return await makeFile(path, ...testPicture("96x64", 10, 2), ...frames, "-final_delay", "500");
  }

  for (const rate of ["source", 10, 25] as const) {
    for (const name of ["a.mp4", "a.mov", "a.mkv", "a.webm"]) {
      it(`is shown as long as in its source: frame rate ${rate}, ${name}`, () =>
        withFolder(async (folder) => {
          const path = await makeHold(join(folder, "hold.gif"));
          const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
          const target = join(folder, name);
          const writer = await targets.createFileWriter(name === "a.webm" ? "vp9" : "h264", target, rate);
          reader.attach(writer);
          await reader.ended;
          const read = reader.stats().durationSeconds;
          const { stats } = await writer.close();
          await reader.close();
          const { durationSeconds } = await probe(target);
          assert.ok(Math.abs(read - 5.9) < 1e-6, `read ${read} s`);
          assert.ok(Math.abs(stats.durationSeconds - 5.9) < 0.05, `${stats.durationSeconds} s`);
          assert.ok(Math.abs((durationSeconds ?? 0) - 5.9) < 0.05, `${durationSeconds} s`);
        }));
    }
  }
});

describe("frames that come faster than the rate asked for", () => {
  it("are reported once, with what would keep them", () =>
    withFolder(async (folder) => {
      const writer = await targets.createFileWriter("ffv1", join(folder, "a.mkv"), 30);
      const warnings: FailureEvent[] = [];
      writer.addEventListener("warning", (event) => warnings.push(event));
      const times = [0, 2, 4, 6, 100, 200, 1500, 1502, 1504, 1506, 3000];
      const { stats } = await append(writer, times.map((time) => frameAt(time)));
      const [warning, ...others] = warnings;
      assert.deepEqual([others, droppedFor(stats.frames, "frame_rate")], [[], 4]);
      assert.equal((warning?.error as { field?: string }).field, "frameRate");
      assert.match(
        warning?.error.message ?? "",
        /\d+ of \d+ so far .* use frame rate "source", or one of at least 500$/,
      );
    }));

  it("are not reported where fewer were asked for", () =>
    withFolder(async (folder) => {
      const pattern = await sources.createTestPattern({
        width: 96,
        height: 64,
        frames: 60,
        frameRate: 60,
        pacing: "asap",
      });
      const writer = await targets.createFileWriter("ffv1", join(folder, "a.mkv"), 30);
      writer.addEventListener("warning", ({ error }) => assert.fail(error.message));
      pattern.attach(writer);
      await pattern.ended;
      const { stats } = await writer.close();
      await pattern.close();
      assert.ok(droppedFor(stats.frames, "frame_rate") > 25, JSON.stringify(stats.frames));
    }));
});

describe("a raw stream", () => {
  const RAW: [name: string, options: string[], guess: boolean][] = [
    ["a.h264", ["-c:v", "libx264", "-bf", "2"], false],
    ["a.mjpeg", ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "mjpeg"], true],
    ["a.hevc", ["-c:v", "libx265", "-x265-params", "log-level=none"], false],
  ];
  for (const [name, options, isGuess] of RAW) {
    it(`has the rate that it is read at: ${name}`, () =>
      withFolder(async (folder) => {
        const path = await makeFile(join(folder, name), ...testPicture("96x64", 30, 1), ...options);
        for (const rate of [undefined, 30, { num: 60_000, den: 1001 }]) {
          const settings = { pacing: "asap", ...rate === undefined ? {} : { frameRate: rate } } as const;
          const reader = await sources.createFileReader(path, ColourSpace.I420, settings);
          const times: number[] = [];
          reader.attach({ update: (frame: VideoFrame) => void times.push((frame.timestamp ?? NaN) / 1e6) });
          await reader.ended;
          const { info } = reader;
          await reader.close();
          const { num, den } = info.frameRate;
          if (rate !== undefined) assert.equal(num / den, typeof rate === "number" ? rate : rate.num / rate.den);
          else assert.equal(num / den, isGuess ? 25 : 30);
          assert.equal(info.isFrameRateGuessed, rate === undefined && isGuess);
          assert.equal(times.length, 30);
          for (const [index, time] of times.entries()) assert.ok(Math.abs(time - index * den / num) < 2e-6, `${times}`);
        }
      }));
  }

  it("is told from a file that states times, and words that are no rate are refused", () =>
    withFolder(async (folder) => {
      const path = await makeFile(join(folder, "a.mp4"), ...testPicture("96x64", 30, 1), "-c:v", "libx264");
      await assert.rejects(sources.createFileReader(path, ColourSpace.I420, { frameRate: 25 }), {
        code: "invalid_argument",
        field: "frameRate",
        message: /states the time of each frame/,
      });
      for (const wrong of [0, NaN, -1, "25", {}]) {
        const settings = { frameRate: wrong as number };
        await assert.rejects(sources.createFileReader(path, ColourSpace.I420, settings), { field: "frameRate" });
      }
      for (const wrong of ["Source", "vfr", 0, NaN, "", null]) {
        await assert.rejects(targets.createFileWriter("h264", join(folder, "b.mp4"), wrong as number), {
          field: "frameRate",
        });
      }
    }));
});

describe("the info of a file", () => {
  it("says whether its rate is variable", () =>
    withFolder(async (folder) => {
      const rows: [name: string, times: number[], isVariable: boolean][] = [
        ["steady.mp4", Array.from({ length: 50 }, (_, index) => index * 40), false],
        ["screen.mp4", SCREEN, true],
      ];
      for (const [name, times, isVariable] of rows) {
        const path = await makeVariable(join(folder, name), "mp4", times);
        const reader = await sources.createFileReader(path, ColourSpace.I420);
        assert.equal(reader.info.isVariableRate, isVariable, name);
        await reader.close();
      }
    }));
});
