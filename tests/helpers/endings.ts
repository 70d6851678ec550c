/** The ways in which a process that records can end. */

import assert from "node:assert/strict";
import { type EndedProcess, startRecording } from "./child.ts";

/** What ends a process, and with which status it is gone. */
export const ENDINGS = [
  { name: "the end of the script, without a close", ending: "forget", status: [0] },
  { name: "exit()", ending: "exit", status: [7] },
  { name: "an uncaught throw", ending: "throw", status: [1] },
  { name: "an unhandled rejection", ending: "reject", status: [1] },
  { name: "the end of its worker", ending: "terminate", status: [0] },
  { name: "SIGINT", ending: "signal", signal: "SIGINT", status: ["SIGINT", 130] },
  { name: "SIGTERM", ending: "signal", signal: "SIGTERM", status: ["SIGTERM", 143] },
  { name: "SIGKILL", ending: "signal", signal: "SIGKILL", status: ["SIGKILL", 137] },
] as const;

/** Records to `path` at 30 frames a second, ends the process after `frames` of which one is written; asserts its status. */
export async function endRecording(
  path: string,
  how: typeof ENDINGS[number],
  frames: number,
): Promise<EndedProcess & { readonly endAt: number }> {
  const recording = startRecording({
    codec: "h264",
    path,
    pattern: { width: 640, height: 360, frameRate: 30 },
    ending: how.ending,
    endAfter: frames,
  });
  const saidAt = await recording.ending;
  const endAt = "signal" in how ? recording.kill(how.signal) : saidAt;
  const ended = await recording.ended;
  const { status, complaints } = ended;
  assert.ok(how.status.some((expected) => expected === status), `${how.name}: status ${status}; ${complaints}`);
  return { ...ended, endAt };
}
