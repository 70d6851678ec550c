/** Recordings of the test pattern, as most tests need them. */

import {
  type Codec,
  type FileWriterSettings,
  type Rational,
  type RecordingReport,
  type TestPatternSettings,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { assertLedger } from "./ledger.ts";

/**
 * Records the pattern as fast as it goes, at the rate of the file, and closes everything.
 *
 * The ledger of the report adds up.
 */
export async function recordPattern(
  codec: Codec,
  path: string,
  frameRate: number | Rational,
  pattern: TestPatternSettings,
  settings: FileWriterSettings = {},
): Promise<RecordingReport> {
  const source = await VideoSourceFactory.getInstance().createTestPattern({ frameRate, pacing: "asap", ...pattern });
  try {
    const writer = await VideoTargetFactory.getInstance().createFileWriter(codec, path, frameRate, settings);
    source.attach(writer);
    await source.ended;
    const report = await writer.close();
    assertLedger(report.stats.frames);
    return report;
  } finally {
    await source.close();
  }
}

/** The indices of `count` frames, none missing. */
export function inOrder(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
