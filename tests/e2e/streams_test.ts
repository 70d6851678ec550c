/** Network streams: a real media server, and a camera that a test plays; judged by ffmpeg and by the bytes that were sent. */

import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import {
  Codec,
  ColourSpace,
  type NetworkSource,
  NetworkSourceUnavailable,
  type SourceStateEvent,
  type VideoFileWriter,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { text } from "../helpers/command.ts";
import { example, run } from "../helpers/example.ts";
import { withFolder } from "../helpers/folder.ts";
import { whereMediaServer, withMediaServer } from "../helpers/media_server.ts";
import { countFrames } from "../helpers/probe.ts";

const factory = VideoSourceFactory.getInstance();

function copyTo(path: string): Promise<VideoFileWriter> {
  return VideoTargetFactory.getInstance().createFileWriter(Codec.Copy, path, "source");
}

function next(source: NetworkSource, type: "stalled" | "lost" | "resumed"): Promise<SourceStateEvent> {
  return new Promise((resolve) => source.addEventListener(type, resolve, { once: true }));
}

/** Fulfilled once an observer has seen `count` frames. */
async function see(source: NetworkSource, count: number): Promise<void> {
  for await (const _ of source.frames({ width: 32 })) {
    if (--count === 0) break;
  }
}

/** The MD5 sums of the packets of a file, by ffmpeg. */
async function packetSums(path: string): Promise<string[]> {
  const lines = await text("ffmpeg", ["-v", "error", "-i", path, "-c", "copy", "-f", "framemd5", "-"]);
  return lines.split("\n").filter((line) => /^\d/.test(line)).map((line) => line.split(",").at(-1)?.trim() ?? "");
}

/** A camera that sends motion JPEG by HTTP; each picture goes out with the length and without, in turn. */
interface Camera {
  readonly url: string;
  /** The sums of the pictures, in their order, which is repeated. */
  readonly sums: readonly string[];
  /** Ends every connection; the next one is served again. */
  hangUp(): void;
}

async function withCamera(folder: string, body: (camera: Camera) => Promise<void>): Promise<void> {
  await text("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=20:duration=1", "-pix_fmt", "yuvj420p"],
    join(folder, "p%02d.jpg"),
  ]);
  const pictures = readdirSync(folder).filter((name) => name.endsWith(".jpg")).sort()
    .map((name) => readFileSync(join(folder, name)));
  const timers = new Set<ReturnType<typeof setInterval>>();
  const server: Server = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=frame" });
    let index = 0;
    const timer = setInterval(() => {
      const picture = pictures[index++ % pictures.length] ?? new Uint8Array();
      const length = index % 2 === 0 ? `Content-Length: ${picture.length}\r\n` : "";
      response.write(`--frame\r\nContent-Type: image/jpeg\r\n${length}\r\n`);
      response.write(picture);
      response.write("\r\n");
    }, 50);
    timers.add(timer);
    response.once("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await body({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/video`,
      sums: pictures.map((picture) => createHash("md5").update(picture).digest("hex")),
      hangUp: () => server.closeAllConnections(),
    });
  } finally {
    timers.forEach(clearInterval);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("a camera that sends motion JPEG by HTTP", () => {
  it("is recorded bit for bit, and decoded only while somebody watches", () =>
    withFolder((folder) =>
      withCamera(folder, async ({ url, sums }) => {
        const path = join(folder, "copy.mkv");
        const camera = await factory.connectNetworkSource(url, ColourSpace.I420);
        const writer = await copyTo(path);
        camera.attach(writer);
        while (writer.stats().frames.captured < 30) await new Promise((resolve) => setTimeout(resolve, 50));
        const unwatched = camera.stats().live?.decoded ?? -1;
        while (writer.stats().frames.captured < 60) await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(camera.stats().live?.decoded, unwatched);
        await see(camera, 5);
        assert(camera.stats().live?.decoded ?? 0 > unwatched);
        const { stats } = await writer.close();
        await camera.close();
        const found = await packetSums(path);
        assert.equal(found.length, stats.frames.written);
        const first = sums.indexOf(found[0] ?? "");
        assert.notEqual(first, -1);
        assert.deepEqual(found, found.map((_, index) => sums[(first + index) % sums.length]));
      })
    ));

  it("that hangs up is lost at once, comes back, and the recording has the gap", () =>
    withFolder((folder) =>
      withCamera(folder, async ({ url, hangUp }) => {
        const camera = await factory.connectNetworkSource(url, ColourSpace.I420);
        const writer = await VideoTargetFactory.getInstance()
          .createFileWriter(Codec.H264, join(folder, "a.mkv"), "source", { preset: "ultrafast" });
        camera.attach(writer);
        await see(camera, 10);
        const [lost, resumed] = [next(camera, "lost"), next(camera, "resumed")];
        hangUp();
        assert.equal((await lost).error?.code, "connection_lost");
        assert((await lost).error instanceof NetworkSourceUnavailable);
        const { gap } = await resumed;
        assert(gap !== undefined && gap.seconds > 0);
        await see(camera, 10);
        const report = await writer.close();
        await camera.close();
        // A busy machine may add a silence of its own.
        const hungUp = report.gaps.filter(({ cause }) => cause.code === "connection_lost");
        assert.equal(hungUp.length, 1, JSON.stringify(report.gaps));
        assert.equal(report.stats.frames.written, await countFrames(join(folder, "a.mkv")));
      })
    ));
});

/** Publishes a test picture with a key frame each second; ends with the server. */
function publish(url: string): ChildProcess {
  const picture = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=20"];
  const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "20"];
  const to = ["-f", "rtsp", "-rtsp_transport", "tcp", url];
  return spawn("ffmpeg", ["-v", "error", "-nostdin", ...picture, ...codec, ...to], { stdio: "ignore" });
}

/** Connects once the stream is there. */
async function connect(url: string, transport: "tcp" | "udp"): Promise<NetworkSource> {
  for (;;) {
    try {
      return await factory.connectNetworkSource(url, ColourSpace.I420, { transport });
    } catch (error) {
      // Until it is published.
      if (!(error instanceof NetworkSourceUnavailable)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe("a stream of a media server", whereMediaServer(), () => {
  for (const transport of ["tcp", "udp"] as const) {
    it(`is recorded and watched over ${transport}, stalls when the server stops, and goes on with it`, () =>
      withFolder((folder) =>
        withMediaServer(async ({ urls, process: server }) => {
          const url = `${urls.rtsp}/a`;
          const publisher = publish(url);
          try {
            const stream = await connect(url, transport);
            const writer = await copyTo(join(folder, "a.mp4"));
            stream.attach(writer);
            await see(stream, 25);
            const [stalled, resumed] = [next(stream, "stalled"), next(stream, "resumed")];
            process.kill(server.pid ?? 0, "SIGSTOP");
            const { error } = await stalled;
            process.kill(server.pid ?? 0, "SIGCONT");
            assert.equal(error?.code, "source_silent");
            await resumed;
            await see(stream, 5);
            const report = await writer.close();
            await stream.close();
            assert.equal(report.stats.frames.written, await countFrames(join(folder, "a.mp4")));
            assert.equal(report.gaps.length, report.stats.gaps);
            // What the server kept meanwhile comes with its own times, and then nothing is missing.
            assert(report.gaps.every(({ cause }) => cause.code === "source_silent"), JSON.stringify(report.gaps));
          } finally {
            publisher.kill("SIGKILL");
          }
        })
      ));
  }

  it("watch_stream.ts records it and prints its brightness", () =>
    withFolder((folder) =>
      withMediaServer(async ({ urls }) => {
        const url = `${urls.rtsp}/a`;
        const publisher = publish(url);
        try {
          await (await connect(url, "tcp")).close();
          const said = await run(example("watch_stream.ts"), folder, url, join(folder, "out.mp4"), "2");
          assert.match(said, /brightness \d+ %/);
          assert.equal(Number(/(\d+) frames/.exec(said)?.[1]), await countFrames(join(folder, "out.mp4")));
        } finally {
          publisher.kill("SIGKILL");
        }
      })
    ));
});

describe("an address", () => {
  it("that nothing answers, or that is none, is an unavailable network source", async () => {
    for (const url of ["rtsp://127.0.0.1:9/stream.sdp", "invalid://invalid-address"]) {
      await assert.rejects(factory.connectNetworkSource(url, ColourSpace.I420), NetworkSourceUnavailable, url);
    }
  });

  it("that is not offered is refused with what bridges it, and without its secrets", async () => {
    for (
      const url of ["rtsps://zoe:s3cret@camera/a", "http://zoe:s3cret@camera/a.m3u8", "rtsp://zoe:s3cret@239.1.2.3/a"]
    ) {
      await assert.rejects(factory.connectNetworkSource(url, ColourSpace.I420), (error: Error) => {
        assert.match(error.message, /MediaMTX/);
        assert(!error.message.includes("s3cret") && !error.message.includes("zoe"), error.message);
        return "field" in error && error.field === "url";
      });
    }
  });
});
