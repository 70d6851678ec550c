/** Holds a source back, so that a test decides how far it plays, on whatever machine. */

import type { VideoSource } from "../../mod.ts";
import { type Deferred, deferred } from "../../src/base/deferred.ts";

/**
 * An observer that lets as many frames pass as the test wants. A source in `asap` pacing waits for it; at most
 * {@linkcode AHEAD} frames are captured that it has not seen.
 */
export class Valve {
  #seen = 0;
  #allowed = 0;
  #passing = deferred<void>();
  #held: Deferred<void> | undefined;

  /** Attaches it, best behind the other observers of the source: those before it get each frame first. */
  constructor(source: VideoSource) {
    source.attach(() => this.#update(), { queue: 1 });
  }

  /** Lets `frames` more pass; resolves when the next one is held. */
  async pass(frames: number): Promise<void> {
    this.#allowed += frames;
    this.#passing = deferred();
    this.#held?.resolve();
    await this.#passing.promise;
  }

  /** Lets all frames pass from now on. */
  open(): void {
    this.#allowed = Infinity;
    this.#held?.resolve();
  }

  #update(): Promise<void> | undefined {
    this.#seen += 1;
    if (this.#seen <= this.#allowed) return;
    this.#passing.resolve();
    this.#held = deferred();
    return this.#held.promise;
  }
}

/** Frames that a valve's tap may hold: one in each of its queues and threads, and one that the source wants to give. */
export const AHEAD = 6;
