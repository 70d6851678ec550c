/**
 * Signals: Ctrl-C stops the recording, a second one ends the process; a terminal that closes does neither.
 *
 * @module
 */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** One Ctrl-C can arrive twice, from the terminal and from `deno task`. */
const ECHO_MS = 300;

/** Calls `stop` at the first Ctrl-C and ends the process at the second one, until the process ends. */
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

/**
 * Lets the process outlive its terminal, until the process ends.
 *
 * A recording cannot be repeated, and each one has an end of its own; `kill` stops it as Ctrl-C does.
 */
export function outliveTerminal(): void {
  Deno.addSignalListener("SIGHUP", () => {});
}
