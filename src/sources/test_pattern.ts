/**
 * The test pattern.
 *
 * @module
 */

import { OPTION_RULES, type Rational, type TestPatternOptions } from "../generated/contract.ts";
import { openNative } from "../native/context.ts";
import { checkedOptions, checkPlain } from "../base/options.ts";
import { VideoSource } from "./source.ts";
import { frameRateOf } from "../base/rational.ts";

/** Settings of a test pattern. */
export interface TestPatternSettings extends Omit<TestPatternOptions, "frameRate"> {
  /**
   * Frames per second; a number is kept as written: 59.94 is 2997/50.
   *
   * @default 30
   */
  frameRate?: number | Rational | undefined;
}

/** Moving bars under a machine-readable barcode of the frame index. */
export class TestPattern extends VideoSource {}

/** Checks the options and opens the pattern. */
export async function openTestPattern(all: TestPatternSettings): Promise<TestPattern> {
  checkPlain("options", all);
  const frameRate = all.frameRate === undefined ? undefined : frameRateOf(all.frameRate);
  const options = checkedOptions<TestPatternOptions>({ ...all, frameRate }, OPTION_RULES.test_pattern);
  const native = await openNative();
  const handle = await native.backend.openLater({ kind: "test_pattern", options }, "source");
  return new TestPattern({ native, handle, name: "the test pattern", pacing: options.pacing ?? "realtime" });
}
