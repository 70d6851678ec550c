/**
 * What the linked libraries can do on this machine.
 *
 * @module
 */

import type { Codec, Container } from "./generated/contract.ts";
import { openNative } from "./native.ts";

/** The linked FFmpeg. */
export interface FfmpegInfo {
  /** Its version. */
  readonly version: string;
  /** The licence under which it was built: GPL with x264 and x265. */
  readonly licence: string;
  /** The options with which it was built. */
  readonly configuration: string;
}

/** A codec's scale of constant quality; lower is better. */
export interface QualityScale {
  /** The best value. */
  readonly min: number;
  /** The worst value. */
  readonly max: number;
  /** The value without `quality` and `bitRate`. */
  readonly default: number;
  /** The value that loses nothing, where there is one. */
  readonly lossless?: number | null;
}

/** One encoder, tried by encoding a frame. */
export interface EncoderCapabilities {
  /** FFmpeg's name, or `rav1e`. */
  readonly name: string;
  /** Whether it encoded a frame here. */
  readonly available: boolean;
  /** Its licence. */
  readonly licence: string;
  /** Speed against size, in its own words. */
  readonly presets: readonly string[];
  /** The preset without `preset`. */
  readonly defaultPreset?: string | null;
  /** The narrowest frame that it takes, in pixels. */
  readonly minWidth: number;
  /** The lowest frame that it takes, in pixels. */
  readonly minHeight: number;
  /** Why it is not available. */
  readonly reason?: string | null;
  /** How to get it. */
  readonly fix?: string | null;
}

/** What can be done with one codec. */
export interface CodecCapabilities {
  /** The codec. */
  readonly codec: Codec;
  /** Its name in JavaScript: `HEVC`. */
  readonly name: string;
  /** Containers that hold it; the first is the customary one. */
  readonly containers: readonly Container[];
  /** File extensions that choose them; the first is the customary one. */
  readonly extensions: readonly string[];
  /** The encoder that serves it; none if nothing does. */
  readonly default?: string | null;
  /** Its scale of constant quality, where it has one. */
  readonly quality?: QualityScale | null;
  /** Its encoders, best first. */
  readonly encoders: readonly EncoderCapabilities[];
}

/** What the linked libraries can do on this machine. */
export interface Capabilities {
  /** The linked FFmpeg. */
  readonly ffmpeg: FfmpegInfo;
  /** Every codec. */
  readonly codecs: readonly CodecCapabilities[];
}

/**
 * Tells which encoder serves each codec on this machine, and what is missing and how to get it.
 *
 * The first call tries every encoder on a frame, which takes a moment.
 *
 * @throws {GiftGrabError} If the native library cannot be opened.
 */
export async function capabilities(): Promise<Capabilities> {
  const { backend } = await openNative();
  return backend.capabilities();
}
