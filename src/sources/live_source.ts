/**
 * Live sources: what capture devices, screens and network streams have in common.
 *
 * @module
 */

import type { LiveState } from "../generated/contract.ts";
import { VideoSource } from "./source.ts";

/**
 * A source with a clock of its own: a capture device, a screen or a network stream.
 *
 * It never ends by itself. If its device or connection is lost, it says so by an event and tries to get it back until it
 * is closed; recordings go on. While no observer is attached, its device rests too.
 */
export abstract class LiveSource extends VideoSource {
  /** What it is doing. */
  get state(): LiveState | "closed" {
    return this.isClosed ? "closed" : this.stats().live?.state ?? "connecting";
  }
}
