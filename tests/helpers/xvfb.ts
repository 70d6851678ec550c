/** A screen without hardware: an X server of its own. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";

/** Whether this machine has Xvfb, or why a test is skipped. */
export const xvfb: { readonly skip: string | false } = {
  skip: spawnSync("Xvfb", ["-help"], { stdio: "ignore" }).error === undefined ? false : "this machine has no Xvfb",
};

/** An X server that runs. */
export interface Screen {
  /** Its name for the option `display`. */
  readonly display: string;
  /** Its process. */
  readonly server: ChildProcess;
}

/** Runs `body` with a screen of this size, whose server ends with it. */
export async function withScreen(
  width: number,
  height: number,
  body: (screen: Screen) => Promise<void>,
): Promise<void> {
  const server = spawn("Xvfb", [
    "-displayfd",
    "3",
    "-screen",
    "0",
    `${width}x${height}x24`,
    "-nolisten",
    "tcp",
    "-noreset",
  ], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => server.once("close", resolve));
  try {
    const number = await new Promise<string>((resolve, reject) => {
      server.once("error", reject);
      server.once("close", () => reject(new Error("Xvfb ended before it was ready")));
      server.stdio[3]?.once("data", (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes).trim()));
    });
    await body({ display: `:${number}`, server });
  } finally {
    server.kill("SIGKILL");
    await ended;
  }
}
