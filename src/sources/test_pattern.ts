/**
 * The test pattern.
 *
 * @module
 */

import type { Rational, TestPatternOptions } from "../generated/contract.ts";
import { ColourSpace } from "../base/codec.ts";
import { openNative } from "../native/context.ts";
import { checkedOptions, type Rule } from "../base/options.ts";
import { VideoSource } from "./source.ts";
import { frameRateOf } from "../base/rational.ts";

/** Settings of a test pattern. */
export interface TestPatternSettings extends Omit<TestPatternOptions, "frameRate"> {
  /**
   * Frames per second; a number is kept as written: 59.94 is 2997/50.
   *
   * @default 30
   */
  frameRate?: number | Rational;
}

const RULES = {
  width: "integer",
  height: "integer",
  colour: Object.values(ColourSpace),
  stereoCount: "integer",
  pacing: ["realtime", "asap"],
  frames: "integer",
} as const satisfies Record<keyof Omit<TestPatternSettings, "frameRate">, Rule>;

/** Moving bars under a machine-readable barcode of the frame index. */
export class TestPattern extends VideoSource {}

/** Checks the options and opens the pattern. */
export async function openTestPattern({ frameRate, ...settings }: TestPatternSettings): Promise<TestPattern> {
  const options: TestPatternOptions = {
    ...(frameRate === undefined ? {} : { frameRate: frameRateOf(frameRate) }),
    ...checkedOptions(settings, RULES),
  };
  const native = await openNative();
  const handle = await native.backend.openLater({ kind: "test_pattern", options }, "source");
  return new TestPattern({ native, handle, name: "the test pattern", pacing: options.pacing ?? "realtime" });
}
