/**
 * Random programs: whatever sources and frames a recording gets one after another, each frame is in one bucket, each
 * loss and each break of the time line has its event, and the files last as long as the frames that were given.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type Codec,
  type OnResize,
  type Rational,
  type RecordingReport,
  type VideoFileWriter,
  VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger, droppedFor } from "../helpers/ledger.ts";
import { packets, probe } from "../helpers/probe.ts";
import { inParallel, isFullProof, Random } from "../helpers/proof.ts";
import { TICKS, TimeLine } from "../helpers/time_line.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

const SIZES = [[96, 64], [64, 96], [128, 64]] as const;
type Size = typeof SIZES[number];

const DAY = 86_400 * TICKS;
/** The clock of the program's own frames. */
const OWN = 0;

/** Where a program records, with the longest gap that the container can express, in ticks. */
const FILES: readonly (readonly [Codec, string, number])[] = [
  // 2^31 ticks of the muxer's clock, which has 15360 a second for a rate of 30.
  ["h264", "a.mp4", 139_810 * TICKS],
  ["h264", "a.mov", 139_810 * TICKS],
  ["ffv1", "a.mkv", 365 * DAY],
  ["xvid", "a.avi", 60_000 * TICKS / 30],
  ["h264", "a.ts", 32_768 * TICKS],
];

/** What a program does next; times in ticks. */
type Step = {
  readonly kind: "source" | "detached" | "cloned";
  readonly rate: number;
  readonly frames: number;
  readonly size: Size;
} | {
  /** Frames with times, of which the first one comes `gap` after the end of those before. */
  readonly kind: "stamped";
  readonly rate: number;
  readonly frames: number;
  readonly gap: number;
  readonly size: Size;
} | { readonly kind: "unstamped"; readonly frames: number; readonly size: Size };

interface Plan {
  readonly codec: Codec;
  readonly name: string;
  readonly frameRate: number | "source";
  readonly onResize: OnResize;
  readonly steps: readonly Step[];
  readonly line: TimeLine;
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}

function planOf(random: Random): Plan {
  const [codec, name, longest] = pick(random, FILES);
  const frameRate = name !== "a.avi" && random.below(3) === 0 ? "source" : 30;
  const onResize = pick(random, ["scale", "segment"] as const);
  const isResized = random.below(2) === 0;
  const steps = Array.from({ length: 1 + random.below(7) }, (): Step => {
    const size = isResized ? pick(random, SIZES) : SIZES[0];
    const frames = 1 + random.below(15);
    const rate = pick(random, [10, 15, 30, 60]);
    const kind = pick(random, ["source", "detached", "cloned", "stamped", "stamped", "stamped", "unstamped"] as const);
    if (kind === "unstamped") return { kind, frames, size };
    if (kind !== "stamped") return { kind, rate, frames, size };
    // With times of its own an mp4 has a clock as fine as that of its first frame, so that a day may be too long for it.
    const pause = frameRate === "source" && /mp4|mov/.test(name) ? 15_000 : 86_400;
    const gap = pick(random, [0, 0, 0.5, 40, 1500, pause, -0.5, -60, -40_000]) * TICKS;
    return { kind, rate, frames, gap, size };
  });
  // A tick of the model is a place where frames keep their times; those of the program last a thirtieth of a second.
  const first = steps[0];
  const period = first !== undefined && "rate" in first && first.kind !== "stamped" && first.kind !== "cloned"
    ? TICKS / first.rate
    : TICKS / 30;
  const slots = frameRate === "source" ? { slot: 1, period } : { slot: TICKS / 30, period: TICKS / 30 };
  const isCut = onResize === "segment";
  return { codec, name, frameRate, onResize, steps, line: new TimeLine({ ...slots, longest, isCut }) };
}

/** Plays the steps of a plan into a writer, and into the model. */
class Program {
  readonly #writer: VideoFileWriter;
  readonly #line: TimeLine;
  /** Ticks from place to place, as the program's frames without a time take them. */
  readonly #slot: number;
  #sources = OWN;
  /** The end of the program's last frame on its own clock, in ticks. */
  #end = 0;

  constructor(writer: VideoFileWriter, { line, frameRate }: Plan) {
    this.#writer = writer;
    this.#line = line;
    this.#slot = frameRate === "source" ? 1 : TICKS / 30;
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case "source":
        return await this.#record(step.rate, step.frames, step.size);
      case "detached":
        return await this.#recordSome(step.rate, step.frames, step.size);
      case "cloned":
        return await this.#appendClones(step.rate, step.frames, step.size);
      case "stamped":
        return await this.#appendStamped(step);
      case "unstamped":
        return await this.#appendUnstamped(step.frames, step.size);
    }
  }

  async #record(rate: number, frames: number, size: Size): Promise<void> {
    const pattern = await open(rate, size, frames);
    pattern.attach(this.#writer);
    await pattern.ended;
    await pattern.close();
    this.#line.play({
      clock: ++this.#sources,
      begin: 0,
      period: TICKS / rate,
      frames,
      hasDuration: true,
      statesRate: true,
    });
  }

  /** Detaches the writer while frames come; those that have not reached it are counted as such. */
  async #recordSome(rate: number, least: number, size: Size): Promise<void> {
    const pattern = await open(rate, size);
    const taken = (): number => {
      const { captured, drops } = this.#writer.stats().frames;
      return captured - (drops.find(({ reason }) => reason === "detached")?.frames ?? 0);
    };
    const before = taken();
    let seen = 0;
    const enough = new Promise<void>((resolve) => {
      pattern.attach({ update: () => void (++seen >= least && resolve()) });
    });
    pattern.attach(this.#writer);
    await enough;
    await pattern.detach(this.#writer);
    await pattern.close();
    const frames = taken() - before;
    this.#line.play({
      clock: ++this.#sources,
      begin: 0,
      period: TICKS / rate,
      frames,
      hasDuration: true,
      statesRate: true,
    });
  }

  /** Appends frames that were kept of a source, and are of its clock. */
  async #appendClones(rate: number, frames: number, size: Size): Promise<void> {
    const pattern = await open(rate, size, frames);
    const kept: VideoFrame[] = [];
    pattern.attach({ update: (frame: VideoFrame) => void kept.push(frame.clone()) });
    await pattern.ended;
    await pattern.close();
    for (const frame of kept) {
      await this.#writer.append(frame);
      frame.close();
    }
    const period = TICKS / rate;
    this.#line.play({ clock: ++this.#sources, begin: 0, period, frames, hasDuration: true, statesRate: false });
    // A frame without a time follows then, or takes the next place.
    this.#end = this.#slot === 1 ? frames * period : this.#placeAfter((frames - 1) * period);
  }

  async #appendStamped({ rate, frames, gap, size }: Step & { kind: "stamped" }): Promise<void> {
    const [period, begin] = [TICKS / rate, this.#end + gap];
    for (let frame = 0; frame < frames; frame++) {
      await this.#append(size, { pts: begin + frame * period, timeBase: { num: 1, den: TICKS } });
    }
    this.#line.play({ clock: OWN, begin, period, frames, hasDuration: false, statesRate: false });
    // A frame without a time takes the place after the last one.
    this.#end = this.#placeAfter(begin + (frames - 1) * period);
  }

  async #appendUnstamped(frames: number, size: Size): Promise<void> {
    const period = TICKS / 30;
    for (let frame = 0; frame < frames; frame++) await this.#append(size, {});
    this.#line.play({ clock: OWN, begin: this.#end, period, frames, hasDuration: false, statesRate: false });
    this.#end += frames * period;
  }

  #placeAfter(time: number): number {
    return Math.round(time / this.#slot) * this.#slot + TICKS / 30;
  }

  async #append([width, height]: Size, time: { pts?: number; timeBase?: Rational }): Promise<void> {
    const data = new Uint8Array(width * height * 3 / 2).fill(128);
    await this.#writer.append(VideoFrame.fromBuffer(data, { colour: "i420", width, height, ...time }));
  }
}

function open(frameRate: number, [width, height]: Size, frames?: number) {
  const count = frames === undefined ? {} : { frames };
  return sources.createTestPattern({ width, height, frameRate, pacing: "asap", ...count });
}

/** Asserts that the files hold what the report says, by `ffprobe`. */
async function assertFiles({ segments, stats }: RecordingReport, { name, frameRate }: Plan): Promise<void> {
  let frames = 0;
  for (const segment of segments) {
    const found = await packets(segment.path);
    assert.equal(found.length, segment.frames, segment.path);
    frames += found.length;
    const times = found.map(({ pts }) => pts ?? NaN).sort((a, b) => a - b);
    assert.equal(new Set(times).size, times.length, "two frames at one time");
    // A transport stream does not state how long its last frame is shown.
    if (name === "a.ts") continue;
    const { durationSeconds } = await probe(segment.path);
    const tolerance = frameRate === "source" ? 0.004 : 0.002;
    const words = `${segment.path}: ${durationSeconds} s, not ${segment.durationSeconds}`;
    assert.ok(Math.abs((durationSeconds ?? NaN) - segment.durationSeconds) <= tolerance, words);
  }
  assert.equal(frames, stats.frames.written);
  const seconds = segments.reduce((sum, segment) => sum + segment.durationSeconds, 0);
  assert.ok(Math.abs(seconds - stats.durationSeconds) < 1e-6, `${seconds} s, not ${stats.durationSeconds}`);
}

async function check(folder: string, plan: Plan): Promise<void> {
  const { codec, name, frameRate, onResize, steps, line } = plan;
  const settings = { ...await fastest(codec), onResize };
  const writer = await targets.createFileWriter(codec, join(folder, name), frameRate, settings);
  let jumps = 0;
  const warnings: string[] = [];
  writer.addEventListener("discontinuity", () => jumps++);
  writer.addEventListener("warning", ({ error }) => warnings.push(error.message));
  const program = new Program(writer, plan);
  for (const step of steps) await program.play(step);
  const report = await writer.close();
  const { stats } = report;
  assertLedger(stats.frames);
  const words = JSON.stringify({ stats, warnings, line });
  assert.deepEqual(
    [stats.frames.written, droppedFor(stats.frames, "frame_rate"), stats.frames.failed],
    [line.written, line.surplus, 0],
    words,
  );
  assert.equal(stats.discontinuities, line.breaks, words);
  assert.equal(jumps > 0, line.breaks > 0, words);
  assert.equal(stats.frames.dropped, line.surplus + droppedFor(stats.frames, "detached"), words);
  // Each break may be off by a tick of the container's clock, where that is not a fraction of the model's.
  const tolerance = frameRate === "source" ? 0.002 * (1 + line.breaks) : 1e-6;
  const last = report.segments.at(-1);
  const end = last === undefined ? 0 : last.startSeconds + last.durationSeconds;
  assert.ok(Math.abs(end - line.end / TICKS) <= tolerance, `${words}: ends at ${end} s`);
  assert.ok(Math.abs(stats.durationSeconds - (line.end - line.pauses) / TICKS) <= tolerance, words);
  await assertFiles(report, plan);
}

describe("random programs", () => {
  const count = isFullProof ? 1000 : 60;
  it(
    `lose no frame unseen, and their files last as long as what was given: ${count} programs`,
    { timeout: 3_600_000 },
    async () => {
      const { seed } = isFullProof ? new Random() : new Random(11);
      console.log(`seed ${seed}`);
      const random = new Random(seed);
      const plans = Array.from({ length: count }, (_, index) => ({ index, plan: planOf(random) }));
      await inParallel(2, plans, async ({ index, plan }) => {
        await withFolder(async (folder) => {
          try {
            await check(folder, plan);
          } catch (error) {
            const { line: _, ...words } = plan;
            throw new Error(`program ${index} of seed ${seed}: ${JSON.stringify(words)}`, { cause: error });
          }
        });
      });
    },
  );
});
