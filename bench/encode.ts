/**
 * Times file-to-file encoding against the `ffmpeg` command with the same libraries, options and input.
 *
 * Both run as whole processes in turn, A B A B …; the result is the ratio within each pair, so that a machine whose
 * speed drifts still yields a number. `deno task bench --help` lists the options.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { makeClip, requireTime, type Run, timed } from "./measure.ts";
import { median, spread } from "./statistics.ts";

/** One row of the table: the same settings in both programs' words. */
interface Case {
  readonly name: string;
  readonly codec: string;
  readonly extension: string;
  /** Options of our writer. */
  readonly ours: Readonly<Record<string, unknown>>;
  /** Options of the command, which repeat the settings of our live profile. */
  readonly theirs: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "x264 ultrafast",
    codec: "h264",
    extension: "mp4",
    ours: { preset: "ultrafast", quality: 21, gop: 30 },
    theirs: ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "21", "-g", "30", "-bf", "0"],
  },
  {
    name: "x264 veryfast",
    codec: "h264",
    extension: "mp4",
    ours: { preset: "veryfast", quality: 21, gop: 30 },
    theirs: ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-crf", "21", "-g", "30", "-bf", "0"],
  },
  {
    name: "x265 ultrafast",
    codec: "hevc",
    extension: "mp4",
    ours: { preset: "ultrafast", quality: 24, gop: 30 },
    theirs: [
      ...["-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "24", "-g", "30", "-bf", "0"],
      ...["-x265-params", "log-level=none:keyint=30:min-keyint=1", "-tag:v", "hvc1"],
    ],
  },
  {
    name: "VP9 realtime",
    codec: "vp9",
    extension: "webm",
    ours: { preset: "8", bitRate: 6_000_000, gop: 30 },
    theirs: [
      ...["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-tile-columns", "2"],
      ...["-lag-in-frames", "0", "-auto-alt-ref", "0", "-b:v", "6000000", "-g", "30", "-threads", "0"],
    ],
  },
];

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "11" },
    frames: { type: "string", default: "600" },
    input: { type: "string" },
    only: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log("deno task bench [--pairs 11] [--frames 600] [--input FILE] [--only 'x264 ultrafast']");
  process.exit(0);
}
requireTime();

const pairs = Number(values.pairs);
const folder = mkdtempSync(join(tmpdir(), "giftgrab-bench-"));
try {
  const input = makeClip({
    ...{ path: join(folder, "input.mp4"), file: values.input, frames: Number(values.frames) },
    ...{ noise: 6, quality: 18 },
  });
  const cases = CASES.filter(({ name }) => values.only === undefined || name === values.only);
  for (const row of cases) report(row, measure(row, input));
} finally {
  rmSync(folder, { recursive: true });
}

function measure(row: Case, input: string): { ours: Run[]; theirs: Run[] } {
  const target = (side: string) => join(folder, `${side}.${row.extension}`);
  const child = join(import.meta.dirname ?? "bench", "record_child.ts");
  const ours = () =>
    timed(folder, [process.execPath, "run", "-A", child, input, target("ours"), row.codec, JSON.stringify(row.ours)]);
  const theirs = () =>
    timed(folder, ["ffmpeg", "-v", "error", "-y", "-i", input, "-an", ...row.theirs, target("theirs")]);
  const runs: { ours: Run[]; theirs: Run[] } = { ours: [], theirs: [] };
  // The first pair warms the caches and is not counted.
  for (let pair = 0; pair <= pairs; pair += 1) {
    const [mine, other] = [ours(), theirs()];
    if (pair === 0) continue;
    runs.ours.push(mine);
    runs.theirs.push(other);
  }
  return runs;
}

function report(row: Case, { ours, theirs }: { ours: Run[]; theirs: Run[] }): void {
  const ratios = (figure: (run: Run) => number) =>
    ours.map((run, pair) => {
      const other = theirs[pair];
      return other === undefined ? Number.NaN : figure(run) / figure(other);
    });
  const line = (name: string, values: number[]) =>
    `  ${name.padEnd(12)} median ${median(values).toFixed(3)}  (${spread(values)})`;
  const first: { frames: number; threads: Record<string, number> } = JSON.parse(ours[0]?.output ?? "{}");
  const rate = (runs: Run[]) => (first.frames / median(runs.map((run) => run.wallSeconds))).toFixed(1);
  console.log(`${row.name}, 1080p, ${first.frames} frames, ${ours.length} pairs; ours / the command`);
  console.log(line("frame rate", ratios(({ wallSeconds }) => 1 / wallSeconds)));
  console.log(line("CPU time", ratios(({ cpuSeconds }) => cpuSeconds)));
  console.log(line("peak memory", ratios(({ peakMebibytes }) => peakMebibytes)));
  console.log(
    `  absolute     ${rate(ours)} against ${rate(theirs)} frames/s, ` +
      `${median(ours.map((run) => run.peakMebibytes)).toFixed(0)} against ` +
      `${median(theirs.map((run) => run.peakMebibytes)).toFixed(0)} MiB`,
  );
  const threads = Object.entries(first.threads).sort(([, one], [, other]) => other - one).filter(([, s]) => s >= 0.02);
  console.log(`  CPU seconds  ${threads.map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`).join(", ")}`);
}
