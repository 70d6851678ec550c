/** Inputs made by the `ffmpeg` command. */

import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileArgument, text } from "./command.ts";

/** Runs `ffmpeg` with these arguments into the file at `path`, which is replaced. */
export async function makeFile(path: string, ...args: readonly string[]): Promise<string> {
  await text("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args, fileArgument(path)]);
  return path;
}

/** Arguments that give `seconds` of FFmpeg's moving test picture. */
export function testPicture(size: string, rate: number | string, seconds: number): string[] {
  return ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`];
}

/**
 * A transport stream of two others of one camera, one behind the other, each of so many seconds at 25 frames a second.
 *
 * @param first What the clock of the first one shows at its beginning, in seconds; `second` is the other's.
 */
export async function joinedStreams(folder: string, seconds: number, first: number, second: number): Promise<string> {
  const coded = ["-c:v", "libx264", "-g", "25", "-bf", "2"];
  const parts: Buffer[] = [];
  for (const offset of [first, second]) {
    const path = join(folder, "part.ts");
    await makeFile(path, ...testPicture("64x64", 25, seconds), ...coded, "-output_ts_offset", `${offset}`);
    parts.push(await readFile(path));
  }
  const path = join(folder, "joined.ts");
  await writeFile(path, Buffer.concat(parts));
  return path;
}

/** A transport stream of 6 s of open groups, cut in the middle of one, off its packet grid; 100 pictures can be shown. */
export async function cutStream(path: string): Promise<string> {
  const coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "50", "-bf", "2", "-x264-params", "open-gop=1"];
  await makeFile(path, ...testPicture("320x240", 25, 6), ...coded, "-muxdelay", "0");
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(Math.floor(whole.length / 188 / 6) * 188 + 77));
  return path;
}

/** Whether a command is there. */
export function hasCommand(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}
