/** The examples that watch and edit frames, run as a user would; what they make is judged by ffmpeg and ffprobe. */

import { strict as assert } from "node:assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileArgument, output } from "../helpers/command.ts";
import { example, run } from "../helpers/example.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { analyseMotion, assertPipeline, numbers } from "../helpers/example_results.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { isFullProof } from "../helpers/proof.ts";
import { psnr } from "../helpers/psnr.ts";

const PIPELINES = isFullProof ? 100 : 4;
const H264 = ["-c:v", "libx264", "-crf", "5", "-pix_fmt", "yuv420p"];
const [RED, GREEN, BLUE] = [0x40, 0x60, 0x80];

/** OpenCV's Gaussian of 5 by 5, of FFmpeg's make. */
const GAUSSIAN = [1, 4, 6, 4, 1].flatMap((row, _, bell) => bell.map((column) => row * column)).join(" ");

/** What a program said, line by line. */
const lines = (said: string): string[] => said.trim().split("\n");

/** The mean colour of the first picture in a file. */
async function meanColour(path: string): Promise<number[]> {
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-frames:v", "1"];
  args.push("-vf", "scale=1:1:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-");
  const colour: number[] = [];
  for await (const chunk of output("ffmpeg", args)) colour.push(...chunk);
  return colour;
}

async function assertColour(path: string, ...expected: number[]): Promise<void> {
  const colour = await meanColour(path);
  const worst = Math.max(...expected.map((value, at) => Math.abs(value - (colour[at] ?? NaN))));
  assert.ok(worst <= 5, `${path} is ${colour}, not ${expected}`);
}

function plain(folder: string, seconds: number): Promise<string> {
  const picture = `color=c=0x406080:size=320x240:rate=30:duration=${seconds}`;
  return makeFile(join(folder, "plain.mp4"), "-f", "lavfi", "-i", picture, ...H264);
}

describe("examples of pipelines", () => {
  it("watch_frames.ts prints the brightness of each second", () =>
    withFolder(async (folder) => {
      const graph = "color=black:size=320x240:rate=30:duration=2[a];color=white:size=320x240:rate=30:duration=2[b];" +
        "[a][b]concat";
      const input = await makeFile(join(folder, "in.mp4"), "-f", "lavfi", "-i", graph, ...H264);
      const printed = lines(await run(example("watch_frames.ts"), folder, input)).map(numbers);
      assert.deepEqual(printed.slice(0, 4).map(([time = NaN]) => Math.round(time)), [0, 1, 2, 3]);
      for (const [time = NaN, brightness = NaN] of printed) {
        assert.equal(brightness, time < 2 ? 0 : 100, `at ${time} s`);
      }
    }));

  it("gaussian_smoothing.ts records what another Gaussian would make of each frame", () =>
    withFolder(async (folder) => {
      const input = await makeFile(join(folder, "in.mp4"), ...testPicture("320x240", 30, 2), ...H264);
      const reference = join(folder, "reference.mkv");
      const convolution = `convolution=${Array(4).fill(`'${GAUSSIAN}'`).join(":")}:${Array(4).fill("1/256").join(":")}`;
      const smooth = `format=gbrp,${convolution},format=yuv444p`;
      await makeFile(reference, "-i", fileArgument(input), "-vf", smooth, "-c:v", "ffv1");

      const recording = join(folder, "out.mp4");
      const said = await run(example("gaussian_smoothing.ts"), folder, input, recording, "5");
      assert.match(said, /captured: 60,\s+written: 60/);
      assert.equal(await countFrames(recording), 60);
      const [toSmooth, toInput] = [await psnr(recording, reference), await psnr(recording, input)];
      assert.ok(Math.min(...toSmooth.luma) > 40, `${Math.min(...toSmooth.luma)} dB from the smooth frames`);
      assert.ok(Math.max(...toInput.luma) < 34, `${Math.max(...toInput.luma)} dB from the frames as they were`);
    }));

  it("complex_pipeline.ts records and shows each branch as its own nodes made it", () =>
    withFolder(async (folder) => {
      const input = await plain(folder, 11);
      const said = lines(await run(example("complex_pipeline.ts"), folder, input, "60", folder, "asap"));
      for (const name of ["red.mp4", "yellow.mp4"]) {
        const path = join(folder, name);
        assert.ok(said.includes(`${path}: 330 frames captured, 330 written, 0 dropped`), said.join("\n"));
        assert.equal(await countFrames(path), 330);
        assert.equal((await probe(path)).codec, "hevc");
      }
      // The green dyer's edits are not seen beside it, and the red one's go down to it.
      await assertColour(join(folder, "red.mp4"), RED + 128, GREEN, BLUE);
      await assertColour(join(folder, "yellow.mp4"), RED + 128, GREEN + 64, BLUE);
      await assertColour(join(folder, "last.png"), RED, GREEN, BLUE);

      const snapshots = (await readdir(folder)).filter((name) => name.startsWith("snapshot"));
      assert.equal(snapshots.length, 3, "one at 0, 5 and 10 s");
      for (const name of snapshots) {
        const { codec, width, height } = await probe(join(folder, name));
        assert.deepEqual([codec, width, height], ["png", 320, 240]);
        await assertColour(join(folder, name), RED + 128, GREEN + 64, BLUE);
      }
      for (const [name, redness] of [["the original", 25], ["the dyed", 75]] as const) {
        const printed = said.filter((line) => line.includes(name));
        assert.ok(printed.length >= 1, said.join("\n"));
        for (const line of printed) assert.equal(numbers(line)[1], redness, line);
      }
    }));

  it(`T33, C18: complex_pipeline.ts ends with exit code 0 each of ${PIPELINES} times`, () =>
    withFolder(async (folder) => {
      const input = await plain(folder, 2);
      for (let round = 0; round < PIPELINES; round++) {
        // By turns a file that ends, and a live source that is closed while its frames are on their way.
        const args = round % 2 === 0 ? [input, "60", folder, "asap"] : ["", "1", folder];
        const said = lines(await run(example("complex_pipeline.ts"), folder, ...args));
        // How many frames come of a live source depends on the machine: tests/proof/examples_test.ts.
        for (const { written, line } of await assertPipeline(said, folder)) {
          if (round % 2 === 0) assert.equal(written, 60, line);
        }
      }
    }));

  // That a quiet machine loses no frame and no analysis: tests/proof/examples_test.ts.
  it("worker_analysis.ts prints the true motion of a video, and records what it says", () =>
    withFolder(async (folder) => {
      const { written, dropped, motions, said, input, recording } = await analyseMotion(folder);
      assert.ok(written > 0 && written + dropped <= 60, said);
      assert.equal(await countFrames(recording), written);
      // Otherwise frame n of the recording is another one.
      if (written === 60) assert.ok((await psnr(recording, input)).worst > 30, "it shows the frames as they were");
      assert.ok(motions.length >= 1, said);
      for (const { gap, distance, expected } of motions) {
        // After a longer gap the motion is beyond what the example looks for.
        if (gap <= 0.5) assert.ok(Math.abs(distance - expected) <= 2, said);
      }
    }));
});
