/** Inputs made by the `ffmpeg` command. */

import { spawnSync } from "node:child_process";
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

/** Whether a command is there. */
export function hasCommand(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}
