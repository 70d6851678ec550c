/** Errors that cannot be caught: those thrown by listeners of events. */

import process from "node:process";

/** Runs `use`, and returns what was thrown meanwhile and not caught; it ends no process and fails no test. */
export async function uncaughtIn(use: () => Promise<void>): Promise<unknown[]> {
  const thrown: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => void thrown.push(error));
  try {
    await use();
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
  return thrown;
}
