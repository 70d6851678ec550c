/**
 * Measures the hand-over itself, and whether it allocates: `handover_child.ts JOB TASK`.
 *
 * `time` measures frames of a size, `memory` the heap and the resident memory over many. Run with
 * `--v8-flags=--expose-gc`.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { ColourSpace, type VideoFrame, VideoSourceFactory } from "../mod.ts";

/** The jobs. */
interface Task {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** The frames before the first figure: the code is compiled, the buffers are made. */
const WARM = 1000;
/** Frames between two looks at the heap, so that the looks cost little. */
const STEP = 100;

declare const gc: () => void;

const [job = "", text = "{}"] = process.argv.slice(2);
const { width, height, frames }: Task = JSON.parse(text);
console.log(JSON.stringify(job === "memory" ? await memory() : await time()));

/** Microseconds of this thread, of all threads and of the clock per frame, and those of a plain copy of one. */
async function time(): Promise<Record<string, number>> {
  const starts = { thread: 0, process: 0, clock: 0 };
  const look = () => ({ thread: threadMicros(), process: processMicros(), clock: performance.now() * 1000 });
  const seen = await watch((count) => {
    if (count === WARM) Object.assign(starts, look());
  });
  const end = look();
  const per = (figure: keyof typeof starts) => (end[figure] - starts[figure]) / (seen - WARM);
  return { frames: seen, thread: per("thread"), process: per("process"), clock: per("clock"), copy: copyMicros() };
}

/** Bytes that the heap gained per frame, those that are left after a collection, and resident memory. */
async function memory(): Promise<Record<string, number>> {
  let allocated = 0;
  let last = 0;
  const before = { heapUsed: 0, external: 0, rss: 0 };
  const seen = await watch((count) => {
    if (count === WARM) {
      gc();
      Object.assign(before, Deno.memoryUsage());
      last = Deno.memoryUsage().heapUsed;
    } else if (count > WARM && count % STEP === 0) {
      const { heapUsed } = Deno.memoryUsage();
      allocated += Math.max(0, heapUsed - last);
      last = Deno.memoryUsage().heapUsed;
    }
    if (count === frames) {
      gc();
      const { heapUsed, external, rss } = Deno.memoryUsage();
      Object.assign(before, {
        heapUsed: heapUsed - before.heapUsed,
        external: external - before.external,
        rssAfter: rss,
      });
    }
  });
  return { frames: seen, allocatedPerFrame: allocated / (seen - WARM), ...before };
}

async function watch(look: (count: number) => void): Promise<number> {
  let seen = 0;
  let checksum = 0;
  const source = await VideoSourceFactory.getInstance().createTestPattern({
    ...{ width, height, frames, colour: ColourSpace.I420, pacing: "asap" },
  });
  source.attach((frame: VideoFrame) => {
    checksum += frame.data()[0] ?? 0;
    seen += 1;
    look(seen);
  });
  await source.ended;
  await source.close();
  if (seen !== frames || checksum === 0) throw new Error(`Only ${seen} of ${frames} frames seen`);
  return seen;
}

/** A copy of one frame: from 16 buffers in turn, as a frame comes from another processor, into 3, as a tap has. */
function copyMicros(): number {
  const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  const make = (length: number) => Array.from({ length }, (_, index) => new Uint8Array(size).fill(index + 1));
  const sources = make(16);
  const targets = make(3);
  const count = 3000;
  const run = () => {
    for (let index = 0; index < count; index += 1) targets[index % 3]?.set(sources[index % 16] ?? []);
  };
  run();
  const start = threadMicros();
  run();
  return (threadMicros() - start) / count;
}

/** Processor time of the thread that runs JavaScript, which is the process's first. */
function threadMicros(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1000;
}

function processMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
