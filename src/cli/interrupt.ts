/**
 * Ctrl-C: the first one stops the recording, the second one ends the process.
 *
 * @module
 */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** One Ctrl-C can arrive twice, from the terminal and from `deno task`. */
const ECHO_MS = 300;

/** Calls `stop` at the first signal and ends the process at the second one, until the process ends. */
export function onInterrupt(stop: () => void): void {
  let firstMs: number | undefined;
  const listener = (): void => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      stop();
    } else if (performance.now() - firstMs > ECHO_MS) {
      Deno.exit(1);
    }
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, listener);
}
