/** A real media server on loopback: MediaMTX, to which anybody may publish and from which anybody may read. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "./example.ts";
import { withFolder } from "./folder.ts";

const FOLDER = join(ROOT, "target/media_server");

/** Settings of a test that needs the server. */
export function whereMediaServer(): { readonly skip: string | false } {
  // It is written last.
  if (existsSync(join(FOLDER, "recipe"))) return { skip: false };
  return { skip: "the media server is not built; `deno task setup-tests` builds it where Go is installed" };
}

/** A server that runs. */
export interface MediaServer {
  /** Where streams are published and read, such as `rtsp://127.0.0.1:40001`. */
  readonly urls: { readonly rtsp: string; readonly rtmp: string; readonly srt: string };
  /** Its process, to be stopped and killed. */
  readonly process: ChildProcess;
}

/** Runs `body` with a server on ports that are free; the server ends with it. */
export function withMediaServer<T>(body: (server: MediaServer) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const ports = await freePorts(16);
    // RTP has an even port, and RTCP the next one.
    const rtp = ports.find((port) => port % 2 === 0) ?? 0;
    const [rtsp = 0, rtmp = 0, srt = 0] = ports.filter((port) => port !== rtp && port !== rtp + 1);
    const settings = join(folder, "mediamtx.yml");
    await writeFile(settings, configuration({ rtsp, rtp, rtmp, srt }));
    const server = spawn(join(FOLDER, "mediamtx"), [settings], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => server.once("close", resolve));
    try {
      await new Promise<void>((resolve, reject) => {
        let said = "";
        server.once("error", reject);
        server.once("close", () => reject(new Error(`the media server ended before it was ready: ${said}`)));
        server.stdout.on("data", (bytes: Uint8Array) => {
          said += new TextDecoder().decode(bytes);
          // It opens its listeners one after another, and tells of each.
          if (["[RTSP]", "[RTMP]", "[SRT]"].every((name) => said.includes(`${name} listener opened`))) resolve();
        });
      });
      const at = (scheme: string, port: number): string => `${scheme}://127.0.0.1:${port}`;
      return await body({
        urls: { rtsp: at("rtsp", rtsp), rtmp: at("rtmp", rtmp), srt: at("srt", srt) },
        process: server,
      });
    } finally {
      // Deno takes a child that got any signal from here for killed.
      if (server.exitCode === null) process.kill(server.pid ?? 0, "SIGKILL");
      await ended;
    }
  });
}

function configuration(ports: Readonly<Record<"rtsp" | "rtp" | "rtmp" | "srt", number>>): string {
  const at = (port: number): string => `127.0.0.1:${port}`;
  return `logLevel: info
rtspAddress: ${at(ports.rtsp)}
rtspTransports: [tcp, udp]
rtpAddress: ${at(ports.rtp)}
rtcpAddress: ${at(ports.rtp + 1)}
rtmpAddress: ${at(ports.rtmp)}
srtAddress: ${at(ports.srt)}
hls: no
webrtc: no
paths:
  all_others:
`;
}

/** Ports on loopback that nobody uses; another program may take one until it is opened, though that is unlikely. */
async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  for (let index = 0; index < count; index++) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
