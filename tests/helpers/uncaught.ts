/** Errors that nobody can catch: what listeners of events throw. */

import process from "node:process";

/** Runs `use`, and tells what was thrown meanwhile and caught by nobody; it ends no process and fails no test. */
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
