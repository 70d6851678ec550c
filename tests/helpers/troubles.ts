/** Observers that misbehave. */

import type { Observer } from "../../mod.ts";

/** What one of them does with each frame. */
export interface Trouble {
  readonly name: string;
  readonly update: Observer["update"];
  /** Whether it fails, so that an event names it. */
  readonly fails: boolean;
}

/** All of them. */
export const TROUBLES: readonly Trouble[] = [
  {
    name: "throws",
    update: () => {
      throw new Error("on purpose");
    },
    fails: true,
  },
  { name: "rejects", update: () => Promise.reject(new Error("on purpose")), fails: true },
  { name: "never returns its promise", update: () => new Promise(() => {}), fails: false },
  {
    name: "blocks for 300 ms per frame",
    update: () => {
      const until = performance.now() + 300;
      while (performance.now() < until);
    },
    fails: false,
  },
];
