/** Bar 7: what JavaScript draws into each frame is recorded in real time, without a drop. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { ColourSpace, ObservableObserver, type VideoFrame, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { output } from "../helpers/command.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { inQuiet, isFullProof } from "../helpers/proof.ts";

const SECONDS = isFullProof ? 60 : 4;
const RATE = 30;
const SIZE = { width: 1280, height: 720 };
/** Side of a drawn cell, and how many bits of the frame's number are drawn. */
const [CELL, BITS] = [32, 16];

/** Draws the number of each frame as a row of black and white cells. */
class Numberer extends ObservableObserver {
  override update(frame: VideoFrame): void {
    const pixels = new Uint32Array(frame.data().buffer, 0, frame.width * frame.height);
    const top = 600;
    for (let bit = 0; bit < BITS; bit++) {
      const colour = ((frame.sequence ?? 0) >> bit) & 1 ? 0xffffffff : 0xff000000;
      for (let y = top; y < top + CELL; y++) {
        pixels.fill(colour, y * frame.width + bit * CELL, y * frame.width + (bit + 1) * CELL);
      }
    }
  }
}

/** The numbers drawn into the frames of the file at `path`, as FFmpeg decodes it. */
async function drawnNumbers(path: string): Promise<number[]> {
  const filter = `crop=${CELL * BITS}:${CELL}:0:600,scale=${BITS}:1:flags=area,format=gray`;
  const numbers: number[] = [];
  let rest: number[] = [];
  for await (
    const part of output("ffmpeg", ["-v", "error", "-i", `file:${path}`, "-vf", filter, "-f", "rawvideo", "-"])
  ) {
    rest.push(...part);
    while (rest.length >= BITS) {
      numbers.push(rest.slice(0, BITS).reduce((sum, grey, bit) => sum + (grey > 128 ? 1 << bit : 0), 0));
      rest = rest.slice(BITS);
    }
  }
  return numbers;
}

it(`a pipeline that draws into 720p frames holds ${RATE} frames a second for ${SECONDS} s`, async () => {
  await inQuiet(() =>
    withFolder(async (folder) => {
      const path = join(folder, "edited.mp4");
      const frames = SECONDS * RATE;
      const source = await VideoSourceFactory.getInstance().createTestPattern({
        ...SIZE,
        colour: ColourSpace.BGRA,
        frameRate: RATE,
        frames,
      });
      const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, RATE);
      const node = new Numberer();
      source.attach(node);
      node.attach(writer);
      await source.ended;
      const seen = source.observerStats(node);
      const { stats } = await writer.close();
      await source.close();
      console.log(
        `${JSON.stringify(seen.frames)}; capture to observer p99 ${seen.captureToObserver.p99Ms.toFixed(1)} ms, ` +
          `to packet p99 ${stats.captureToPacket.p99Ms.toFixed(1)} ms`,
      );
      assertLedger(stats.frames);
      assert.deepEqual([seen.frames.written, seen.frames.dropped], [frames, 0]);
      assert.deepEqual([stats.frames.written, stats.frames.dropped], [frames, 0]);
      assert.deepEqual(await drawnNumbers(path), Array.from({ length: frames }, (_, index) => index));
    })
  );
});
