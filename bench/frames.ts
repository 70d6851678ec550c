/**
 * Times frames in JavaScript, out of a file and into one, against node-av and PyAV, and measures the hand-over.
 *
 * It installs the peers itself. Every program runs as a process of its own, in turn, A B C A B C …; the result is the
 * ratio within each round. A run that other programs of the machine disturbed is done again.
 * `deno task bench-frames --help` lists the options.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { busySeconds, makeClip, requireTime, type Run, timed } from "./measure.ts";
import { installPeers, type Job, type Program } from "./peers/install.ts";
import { median, spread } from "./statistics.ts";

/** The output of a program. */
interface Outcome {
  readonly frames: number;
  /** From opening the input to the last frame, or to the closed file: all but the start of the process. */
  readonly seconds: number;
  /** The same from the 31st frame on. */
  readonly steadySeconds: number;
  readonly steadyFrames: number;
  /** Sum of the bytes that it touched. */
  readonly checksum: number;
}

/** One measured run. */
interface Sample {
  readonly steadyRate: number;
  readonly rate: number;
  readonly processRate: number;
  readonly cpuMillis: number;
  readonly peakMebibytes: number;
  readonly disturbance: number;
  readonly checksum: number;
}

/** One table: a job, and how much faster than the best peer this library is to be. */
interface Case {
  readonly job: Job;
  readonly title: string;
  readonly bar: number;
  readonly frames: number;
}

const OURS = "@giftgrab/core";
const SIZE = { width: 1920, height: 1080 };
/** Processors that others may keep busy during a run. */
const CALM = 0.12;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    frames: { type: "string", default: "600" },
    input: { type: "string" },
    only: { type: "string", default: "floor,bgra,i420,i420-copy,encode,handover" },
    "peers-only": { type: "boolean", default: false },
    patience: { type: "string", default: "60" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(
    "deno task bench-frames [--rounds 5] [--frames 600] [--input FILE] [--peers-only]\n" +
      "  [--only floor,bgra,i420,i420-copy,encode,handover] [--patience 60: seconds to wait for a calm machine]",
  );
  process.exit(0);
}
requireTime();

const HERE = import.meta.dirname ?? "bench";
const rounds = Number(values.rounds);
const frames = Number(values.frames);
const wanted = values.only.split(",");
const folder = mkdtempSync(join(tmpdir(), "giftgrab-bench-"));
try {
  const { programs, skipped } = installPeers();
  for (const { name, reason } of skipped) console.log(`Skipping ${name}: ${reason}`);
  const deno = [process.execPath, "run", "-A"];
  const ours: Program = {
    name: OURS,
    command: [...deno, join(HERE, "frames_child.ts")],
    jobs: ["bgra", "i420", "i420-copy", "encode"],
  };
  const all = values["peers-only"] ? programs : [ours, ...programs];
  const clip = makeClip({ path: join(folder, "input.mp4"), file: values.input, frames, noise: 2, quality: 23 });
  const pictures = join(folder, "pictures.bgra");
  ffmpeg(["-i", clip, "-frames:v", "8", "-pix_fmt", "bgra", "-f", "rawvideo", pictures]);
  if (wanted.includes("floor")) await floor(clip);
  if (wanted.includes("encode")) await encodeFloor(clip);
  const cases: readonly Case[] = [
    { job: "bgra", title: "file → every frame as BGRA", bar: 1.5, frames },
    { job: "i420", title: "file → every frame as I420", bar: 1.2, frames },
    { job: "i420-copy", title: "file → every frame as I420 in a buffer that may be kept", bar: 1.2, frames },
    { job: "encode", title: "BGRA from the program → x264 ultrafast", bar: 1.5, frames: Math.min(frames, 300) },
  ];
  for (const row of cases.filter(({ job }) => wanted.includes(job))) {
    report(row, await measure(row, all, row.job === "encode" ? pictures : clip));
  }
  if (wanted.includes("handover") && !values["peers-only"]) {
    handover([process.execPath, "run", "-A", "--v8-flags=--expose-gc", join(HERE, "handover_child.ts")]);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function ffmpeg(args: readonly string[]): void {
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args], { stdio: ["ignore", "inherit", "inherit"] });
}

/** The time of decoding alone on this machine: no program that uses FFmpeg's decoder is faster. */
async function floor(clip: string): Promise<void> {
  console.log(`decoding alone by the ffmpeg command, 1080p, ${frames} frames, ${rounds} rounds`);
  const samples: Run[][] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, threads] of ["2", "0"].entries()) {
      const command = ["ffmpeg", "-v", "error", "-threads", threads, "-i", clip, "-an", "-f", "null", "-"];
      samples[index]?.push(await calmly(() => timed(folder, command)));
    }
  }
  for (const [index, name] of ["2 threads", "auto"].entries()) {
    const runs = samples[index] ?? [];
    const rate = median(runs.map(({ wallSeconds }) => frames / wallSeconds)).toFixed(1);
    const cpu = median(runs.map(({ cpuSeconds }) => cpuSeconds * 1000 / frames)).toFixed(2);
    console.log(`  ${name.padEnd(30)} ${rate} frames/s with the process's start, ${cpu} ms of processor time a frame`);
  }
}

/** The time of x264 alone, fed by the command with pictures that need no conversion: no program is faster. */
async function encodeFloor(clip: string): Promise<void> {
  const count = Math.min(frames, 300);
  const raw = join(folder, "pictures.yuv");
  ffmpeg(["-i", clip, "-frames:v", "8", "-pix_fmt", "yuv420p", "-f", "rawvideo", raw]);
  const command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-f", "rawvideo", "-pix_fmt", "yuv420p"];
  command.push("-s", `${SIZE.width}x${SIZE.height}`, "-r", "30", "-i", raw, "-frames:v", String(count));
  command.push(...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "23", "-g", "30"]);
  command.push(...["-bf", "0", join(folder, "floor.mp4")]);
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push(await calmly(() => timed(folder, command)));
  const rate = median(runs.map(({ wallSeconds }) => count / wallSeconds)).toFixed(1);
  const cpu = median(runs.map(({ cpuSeconds }) => cpuSeconds * 1000 / count)).toFixed(2);
  console.log(
    `x264 alone by the ffmpeg command: ${rate} frames/s with the process's start, ${cpu} ms of processor time a frame`,
  );
}

async function measure(row: Case, programs: readonly Program[], input: string): Promise<Map<string, Sample[]>> {
  const able = programs.filter(({ jobs }) => jobs.includes(row.job));
  const samples = new Map<string, Sample[]>(able.map(({ name }) => [name, []]));
  // The first round warms the caches and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, command } of able) {
      const output = join(folder, "output.mp4");
      const task = JSON.stringify({ input, output, ...SIZE, frames: row.frames });
      const run = await calmly(() => timed(folder, [...command, row.job, task]));
      const outcome: Outcome = JSON.parse(run.output);
      if (outcome.frames !== row.frames) {
        throw new Error(`Only ${outcome.frames} of ${row.frames} frames went through ${name}`);
      }
      if (row.job === "encode") requireFrames(output, row.frames, name);
      if (round > 0) samples.get(name)?.push(sampleOf(run, outcome));
    }
  }
  return samples;
}

function sampleOf(run: Run, { frames, seconds, steadyFrames, steadySeconds, checksum }: Outcome): Sample {
  return {
    steadyRate: steadyFrames / steadySeconds,
    rate: frames / seconds,
    processRate: frames / run.wallSeconds,
    cpuMillis: run.cpuSeconds * 1000 / frames,
    peakMebibytes: run.peakMebibytes,
    disturbance: run.disturbance,
    checksum,
  };
}

/** Runs when the machine does nothing else, and again when something came between, as long as patience lasts. */
async function calmly(run: () => Run): Promise<Run> {
  const deadline = performance.now() + Number(values.patience) * 1000;
  let best: Run | undefined;
  do {
    while (performance.now() < deadline) {
      const before = busySeconds();
      await setTimeout(500);
      if ((busySeconds() - before) / 0.5 < CALM) break;
    }
    const result = run();
    if (best === undefined || result.disturbance < best.disturbance) best = result;
  } while (best.disturbance > CALM && performance.now() < deadline);
  return best;
}

function requireFrames(path: string, frames: number, name: string): void {
  const count = execFileSync("ffprobe", [
    ...["-v", "error", "-select_streams", "v", "-count_packets"],
    ...["-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path],
  ], { encoding: "utf8" }).trim();
  if (Number(count) !== frames) throw new Error(`The file of ${name} holds ${count} of ${frames} frames`);
}

function report({ title, bar, frames, job }: Case, samples: Map<string, Sample[]>): void {
  const middle = (runs: readonly Sample[], figure: keyof Sample) => median(runs.map((run) => run[figure]));
  console.log(`\n${title}, 1080p, ${frames} frames, ${rounds} rounds`);
  console.log(`  ${"".padEnd(30)} steady frames/s (spread)     whole process   CPU ms/frame   peak MiB`);
  for (const [name, runs] of samples) {
    const rates = runs.map(({ steadyRate }) => steadyRate);
    const range = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
    console.log(
      `  ${name.padEnd(30)} ${middle(runs, "steadyRate").toFixed(1).padStart(15)} (${range})`.padEnd(62) +
        `${middle(runs, "processRate").toFixed(1).padStart(13)} ${middle(runs, "cpuMillis").toFixed(2).padStart(14)}` +
        `${middle(runs, "peakMebibytes").toFixed(0).padStart(11)}`,
    );
  }
  const disturbance = Math.max(...[...samples.values()].flat().map((run) => run.disturbance));
  if (disturbance > CALM) {
    console.log(`  other programs kept up to ${disturbance.toFixed(2)} processors busy: take the rates with care`);
  }
  comparePictures(job, samples);
  const mine = samples.get(OURS);
  if (mine === undefined) return;
  const peers = [...samples].filter(([name]) => name !== OURS);
  const best = peers.toSorted(([, one], [, other]) => middle(other, "steadyRate") - middle(one, "steadyRate"))[0]?.[0];
  for (const [name, theirs] of peers) {
    const ratios = (figure: "steadyRate" | "processRate") =>
      mine.map((run, round) => run[figure] / (theirs[round]?.[figure] ?? Number.NaN));
    const steady = ratios("steadyRate");
    const verdict = name === best ? `; bar ${bar}: ${median(steady) >= bar ? "met" : "missed"}` : "";
    console.log(
      `  ours / ${name.padEnd(23)} steady ${median(steady).toFixed(3)} (${spread(steady)}), ` +
        `whole process ${median(ratios("processRate")).toFixed(3)}${verdict}`,
    );
  }
}

/** All programs must have seen the same video: the same bytes, or the same colours but for rounding. */
function comparePictures(job: Job, samples: Map<string, Sample[]>): void {
  if (job === "encode") return;
  const means = [...samples].map(([name, [run]]) => ({ name, mean: (run?.checksum ?? 0) / (frames * 64) }));
  const tolerance = job === "bgra" ? 3 : 0;
  const [first] = means;
  for (const { name, mean } of means) {
    if (first !== undefined && Math.abs(mean - first.mean) > tolerance) {
      console.log(`  ${name} sees other pictures: mean byte ${mean.toFixed(3)} against ${first.mean.toFixed(3)}`);
    }
  }
}

/** The rest of a frame's time without decoding and conversion, and whether memory grows. */
function handover(command: readonly string[]): void {
  const child = (job: string, task: object): Record<string, number> =>
    JSON.parse(timed(folder, [...command, job, JSON.stringify(task)]).output);
  console.log(`\nhand-over without conversion, test pattern as I420, ${rounds} rounds; µs per frame`);
  const sizes = [{ width: 64, height: 48, frames: 21_000 }, { ...SIZE, frames: 4000 }];
  for (const task of sizes) {
    const runs = Array.from({ length: rounds }, () => child("time", task));
    const figure = (of: (run: Record<string, number>) => number) => {
      const values = runs.map(of);
      return `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
    };
    const of = (name: string) => figure((run) => run[name] ?? Number.NaN);
    const overhead = (run: Record<string, number>) => (run["thread"] ?? Number.NaN) - (run["copy"] ?? Number.NaN);
    console.log(`  ${task.width} × ${task.height}, ${task.frames} frames`);
    console.log(`    JavaScript's thread ${of("thread")}, a plain copy ${of("copy")}, all threads ${of("process")}`);
    console.log(`    overhead ${figure(overhead)}; bar 20: ${median(runs.map(overhead)) <= 20 ? "met" : "missed"}`);
    console.log(`    by the clock ${of("clock")}`);
  }
  console.log("memory over 10,000 frames, after 1,000");
  for (const size of [{ width: 64, height: 48 }, SIZE]) {
    const { allocatedPerFrame = 0, heapUsed = 0, external = 0, rss = 0, rssAfter = 0 } = child("memory", {
      ...{ ...size, frames: 11_000 },
    });
    const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
    console.log(
      `  ${size.width} × ${size.height}: heap ${heapUsed >= 0 ? "+" : ""}${
        (heapUsed / 1024).toFixed(1)
      } KiB, buffers ` +
        `${external >= 0 ? "+" : ""}${(external / 1024).toFixed(1)} KiB, resident ${mebibytes(rss)} → ` +
        `${mebibytes(rssAfter)} MiB, ${allocatedPerFrame.toFixed(0)} B of garbage a frame`,
    );
  }
}
