/** Runs the commands that tests measure with, in Deno and in Node. */

import { spawn } from "node:child_process";

/** Signals that a command failed or complained. */
export class CommandError extends Error {
  override name = "CommandError";
}

/**
 * Yield what a command writes to its standard output, at the reader's pace.
 *
 * @throws {CommandError} With the command's own words, if it exits with another status than 0 or writes to its standard
 * error; a command that should be quiet is one that found no fault.
 */
export async function* output(command: string, args: readonly string[]): AsyncGenerator<Uint8Array> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const complaints: Uint8Array[] = [];
  child.stderr.on("data", (chunk: Uint8Array) => {
    // The first lines name the cause; a damaged file can write megabytes.
    if (complaints.length < 16) complaints.push(chunk);
  });
  const closed = new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve(status ?? signal));
  });
  // Awaited below, after the output: until then a failure to start is no unhandled rejection.
  closed.catch(() => {});
  let done = false;
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array;
    done = true;
  } finally {
    if (!done) child.kill("SIGKILL");
  }
  const status = await closed;
  const words = complaints.map((chunk) => new TextDecoder().decode(chunk)).join("").trim();
  if (status !== 0 || words !== "") {
    throw new CommandError(`Cannot run ${command} ${args.join(" ")}: status ${status}; ${words || "it says nothing"}`);
  }
}

/** Run a command to its end and return its standard output as text. */
export async function text(command: string, args: readonly string[]): Promise<string> {
  const decoder = new TextDecoder();
  let result = "";
  for await (const chunk of output(command, args)) result += decoder.decode(chunk, { stream: true });
  return result + decoder.decode();
}

/** A path as an argument that FFmpeg's tools take for nothing but a local file. */
export function fileArgument(path: string): string {
  return `file:${path}`;
}
