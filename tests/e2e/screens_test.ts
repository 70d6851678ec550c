/** Screens of X11, recorded and watched; the picture is judged by ffmpeg's own grabber. */

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import {
  Codec,
  ColourSpace,
  type ScreenSource,
  type SourceStateEvent,
  type VideoFileWriter,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { text } from "../helpers/command.ts";
import { example, run } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { countFrames, probe } from "../helpers/probe.ts";
import { type Screen, withScreen, xvfb } from "../helpers/xvfb.ts";

const factory = VideoSourceFactory.getInstance();

function writerFor(path: string, source: ScreenSource): Promise<VideoFileWriter> {
  return VideoTargetFactory.getInstance()
    .createFileWriter(Codec.H264, path, source.getFrameRate(), { preset: "ultrafast", threads: 1 });
}

/** Fulfilled with the next event of a type. */
function next(source: ScreenSource, type: "lost" | "resumed"): Promise<SourceStateEvent> {
  return new Promise((resolve) => source.addEventListener(type, resolve, { once: true }));
}

/** Fulfilled once an observer has seen `count` frames. */
async function see(source: ScreenSource, count: number): Promise<void> {
  for await (const _ of source.frames({ width: 32 })) {
    if (--count === 0) break;
  }
}

describe("screens", xvfb, () => {
  const within = (title: string, body: (screen: Screen, folder: string) => Promise<void>) =>
    it(title, () => withScreen(641, 359, (screen) => withFolder((folder) => body(screen, folder))));

  within("are recorded with every instant, at the rate asked for, also of an odd size", async ({ display }, folder) => {
    const path = join(folder, "screen.mp4");
    const screen = await factory.createScreenSource(ColourSpace.I420, { display, frameRate: 20 });
    const writer = await writerFor(path, screen);
    screen.attach(writer);
    await see(screen, 30);
    const { stats } = await writer.close();
    await screen.close();
    assert.equal(stats.frames.written, await countFrames(path));
    assert(stats.frames.written >= 30 && stats.frames.dropped === 0, JSON.stringify(stats));
    assert.deepEqual((await probe(path)).frameRate, { num: 20, den: 1 });
  });

  within("show what ffmpeg's grabber sees, pixel by pixel", async ({ display }, folder) => {
    await text("ffmpeg", [
      ...["-v", "error", "-f", "x11grab", "-draw_mouse", "0", "-video_size", "641x359", "-i", display],
      ...["-frames:v", "1", "-pix_fmt", "bgra", "-f", "rawvideo", join(folder, "x.raw")],
    ]);
    const expected = readFileSync(join(folder, "x.raw"));
    const screen = await factory.createScreenSource(ColourSpace.BGRA, { display, cursor: false });
    for await (const frame of screen.frames()) {
      const found = frame.data();
      assert.equal(found.length, expected.length);
      // The fourth byte of a screen means nothing.
      const isSame = expected.every((value, index) => index % 4 === 3 || value === found[index]);
      assert(isSame);
      break;
    }
    await screen.close();
  });

  within(
    "whose server is killed are lost at once, and recordings go on with the next server",
    async (screen, folder) => {
      const { display, server } = screen;
      const source = await factory.createScreenSource(ColourSpace.I420, { display, frameRate: 20 });
      const writer = await writerFor(join(folder, "screen.mp4"), source);
      source.attach(writer);
      await see(source, 5);
      const lost = next(source, "lost");
      const killed = Date.now();
      server.kill("SIGKILL");
      const { at, error, state } = await lost;
      assert.equal(state, "lost");
      assert.equal(error?.code, "screen_unavailable");
      assert(Date.parse(at) >= killed, `lost at ${at}`);
      const report = await writer.close();
      await source.close();
      assert.equal(report.stats.frames.written, await countFrames(report.target.path));
    },
  );

  within("are refused with what fits", async ({ display }) => {
    const region = { x: 600, y: 0, width: 64, height: 64 };
    await assert.rejects(
      factory.createScreenSource(ColourSpace.I420, { display, region }),
      (error: Error) => /64x64 at 577,0/.test(error.message),
    );
    await assert.rejects(factory.createScreenSource(ColourSpace.I420, { display: ":9999" }), {
      code: "screen_unavailable",
    });
    await assert.rejects(factory.createScreenSource(ColourSpace.I420, { display, region, window: "0x1" }), {
      code: "invalid_argument",
      field: "window",
    });
    const screens = await factory.listScreens();
    assert(screens.some((screen) => screen.display.startsWith(display) && screen.width === 641));
  });

  within("record_screen.ts records the screen", async ({ display }, folder) => {
    const path = join(folder, "screen.mp4");
    const before = process.env["DISPLAY"];
    process.env["DISPLAY"] = display;
    const said = await run(example("record_screen.ts"), folder, path, "1");
    if (before === undefined) delete process.env["DISPLAY"];
    else process.env["DISPLAY"] = before;
    assert.equal(Number(said.split(" ")[0]), await countFrames(path));
  });
});
