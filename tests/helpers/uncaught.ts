/** Errors that no code can catch: those of event listeners. */

import process from "node:process";

/** Runs `use`; returns the uncaught errors of that time, which end no process and fail no test. */
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
