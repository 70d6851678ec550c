/** Filters: what FFmpeg's own command makes of the same frames, natively, in every place of a pipeline. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import {
  capabilities,
  Codec,
  ColourSpace,
  createFilter,
  GiftGrabError,
  ObservableObserver,
  type OverloadEvent,
  type VideoFrame,
  VideoTargetFactory,
} from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { output } from "../helpers/command.ts";
import { makeFile, testPicture } from "../helpers/ffmpeg.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertConserved, assertLedger } from "../helpers/ledger.ts";
import { probe } from "../helpers/probe.ts";
import { inOrder } from "../helpers/record.ts";
import { assertRefused } from "../helpers/refusal.ts";
import { watchedSources } from "../helpers/watched.ts";

const sources = watchedSources;
const targets = VideoTargetFactory.getInstance();

const { variant } = (await capabilities()).ffmpeg;

/** What the `ffmpeg` command makes of every frame of the file at `path`. */
async function filtered(path: string, description: string): Promise<Uint8Array> {
  const args = ["-v", "error", "-i", `file:${path}`, "-vf", description, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"];
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of output("ffmpeg", args)) parts.push(part as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

describe("a filter", () => {
  for (
    const description of [
      "hflip",
      "eq=contrast=1.2,hflip",
      "crop=64:32:32:16,transpose=1",
      "scale=64:48:flags=bicubic,format=yuv420p",
      "split[a][b];[b]vflip[c];[a][c]vstack",
      "fps=15",
      "tmix=frames=3",
      "gblur=sigma=2",
    ]
  ) {
    const skip = variant === "default" && description.startsWith("eq=") && "the variant has no GPL parts, such as eq";
    it(`gives the samples that the command gives: ${description}`, { skip }, async () => {
      await withFolder(async (folder) => {
        const path = await makeFile(
          join(folder, "in.mkv"),
          ...testPicture("128x64", 30, 1),
          ...["-pix_fmt", "yuv420p", "-c:v", "ffv1"],
        );
        const reader = await sources.createFileReader(path, ColourSpace.I420, { pacing: "asap" });
        const filter = await createFilter(description);
        const parts: Uint8Array<ArrayBuffer>[] = [];
        reader.attach(filter);
        filter.attach((frame) => void parts.push(frame.data().slice() as Uint8Array<ArrayBuffer>));
        await reader.ended;
        await filter.close();
        await reader.close();
        const [ours, theirs] = [new Uint8Array(await new Blob(parts).arrayBuffer()), await filtered(path, description)];
        const differs = ours.findIndex((value, index) => value !== theirs[index]);
        assert.deepEqual([ours.length, differs], [theirs.length, -1]);
        const { frames } = filter.stats();
        assertLedger(frames);
        assert.deepEqual([frames.captured, frames.written], [30, 30]);
      });
    });
  }

  // In real time: tests/proof/filter_test.ts.
  it("stands between a source and a writer, and no frame is lost", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "out.mp4");
      const source = await sources.createTestPattern({ width: 320, height: 240, pacing: "asap", frames: 45 });
      const [first, second] = [await createFilter("vflip"), await createFilter("vflip")];
      const writer = await targets.createFileWriter(Codec.H264, path, 30);
      source.attach(first);
      first.attach(second);
      second.attach(writer);
      await source.ended;
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      assert.equal(stats.frames.written, 45);
      assert.deepEqual(await decodeIndices(path), inOrder(45));
      for (const each of [first, second, source]) await each.close();
    });
  });

  it("stands below a node, and gives its own size on", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "out.mkv");
      class Whitener extends ObservableObserver {
        override update(frame: VideoFrame): void {
          frame.data().fill(235, 0, frame.width * frame.height);
        }
      }
      const source = await sources.createTestPattern({ width: 64, height: 48, pacing: "asap", frames: 20 });
      const node = new Whitener();
      const filter = await createFilter("scale=32:24,negate");
      const writer = await targets.createFileWriter(Codec.FFV1, path, 30);
      const sizes = new Set<string>();
      source.attach(node);
      node.attach(filter);
      filter.attach(writer);
      filter.attach((frame) => void sizes.add(`${frame.width}x${frame.height}`));
      await source.ended;
      const { stats } = await writer.close();
      await filter.close();
      await source.close();
      assert.equal(stats.frames.written, 20);
      assert.deepEqual([...sizes], ["32x24"]);
      const file = await probe(path);
      assert.deepEqual([file.width, file.height], [32, 24]);
      assert.equal((await filtered(path, "null"))[0], 20);
    });
  });

  it("that is too slow for a source in real time drops, counts and says so", async () => {
    // A few frames of this size fill the filter's queue; one thread is too slow for them on any machine.
    const source = await sources.createTestPattern({ width: 3840, height: 2160, frameRate: 120 });
    const filter = await createFilter("gblur=sigma=20:steps=6:threads=1");
    const overload = new Promise<OverloadEvent>((resolve) => filter.addEventListener("overload", resolve));
    source.attach(filter);
    const { stage, reason } = await overload;
    while (filter.stats().frames.dropped === 0) await after(1);
    await source.close();
    await filter.close();
    assert.deepEqual([stage, reason], ["filter", "filter_overload"]);
    const { frames } = filter.stats();
    assertConserved(frames);
    assert.ok(frames.dropped > 0 && frames.drops.every(({ reason }) => reason === "filter_overload"));
  });

  it("is refused if it could read, write or reach anything, or is none", async () => {
    const wrong: readonly (readonly [description: string, says: RegExp])[] = [
      ["", /it is empty/],
      ["nonsense=1", /no filter "nonsense"/],
      ["movie=/etc/passwd", /"movie" reads files/],
      ["metadata=print:file=/tmp/x", /metadata|file/],
      ["lut3d=/etc/passwd", /lut3d/],
      ["curves=psfile=/etc/passwd", /names a file/],
      ["sendcmd=f=/etc/passwd", /sendcmd/],
      ["frei0r=x", /frei0r/],
      ["amix", /amix/],
      ["overlay", /input/],
      ["split", /output/],
      ["unsharp=la=much", /la|much/],
    ];
    for (const [description, says] of wrong) {
      const refusal = { is: RangeError, code: "invalid_argument", field: "description", says } as const;
      await assertRefused(createFilter(description), refusal);
    }
    await assertRefused(createFilter(7 as unknown as string), {
      is: TypeError,
      code: "invalid_argument",
      field: "description",
      says: /must be a string/,
    });
  });

  const skip = variant !== "default" && "it is about the variant without GPL parts";
  it("that needs the GPL is refused with the package that has it", { skip }, async () => {
    await assertRefused(createFilter("hflip,eq=contrast=1.2"), {
      is: RangeError,
      code: "invalid_argument",
      field: "description",
      says: /has no filter "eq"; install the npm package @giftgrab\/core-linux-(x64|arm64)-gnu-gpl beside/,
    });
  });

  it("is closed once, and takes nothing afterwards", async () => {
    const filter = await createFilter("hflip");
    await Promise.all([filter.close(), filter.close()]);
    const source = await sources.createTestPattern({ width: 64, height: 48 });
    assert.throws(() => source.attach(filter), (error) => error instanceof GiftGrabError && error.code === "closed");
    await source.close();
  });
});
