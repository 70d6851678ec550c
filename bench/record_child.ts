/**
 * Records a file once and prints where the processor time went, by thread; the bench runs it as a process of its own.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { ColourSpace, type FileWriterSettings, VideoSourceFactory, VideoTargetFactory } from "../mod.ts";
import type { Codec } from "../mod.ts";
import { TICKS_PER_SECOND } from "./measure.ts";

const [input = "", output = "", codec = "", options = "{}"] = process.argv.slice(2);
const settings: FileWriterSettings = { overwrite: true, ...JSON.parse(options) };
const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420, { pacing: "asap" });
const writer = await VideoTargetFactory.getInstance().createFileWriter(
  codec as Codec,
  output,
  reader.getFrameRate(),
  settings,
);
reader.attach(writer);
await reader.ended;
const threads = threadSeconds();
const { stats: { frames } } = await writer.close();
await reader.close();
if (frames.written !== frames.captured) throw new Error(`Only ${frames.written} of ${frames.captured} frames written`);
console.log(JSON.stringify({ frames: frames.written, threads }));

/** Processor seconds by the name of the thread, of the threads that run now. */
function threadSeconds(): Record<string, number> {
  const seconds: Record<string, number> = {};
  for (const id of readdirSync("/proc/self/task")) {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, "utf8");
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")).replace(/[-:#]?\d+$/, "");
    const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
    seconds[name] = (seconds[name] ?? 0) + (user + system) / TICKS_PER_SECOND;
  }
  return seconds;
}
