/** Recordings that keep every sample, or are refused before the first frame. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import {
  type Codec,
  ColourSpace,
  type FileWriterSettings,
  type RecordingReport,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { fileArgument, text } from "./command.ts";
import { assertLedger } from "./ledger.ts";

/** What became of an input: its recording, or why it was refused. */
export interface LosslessOutcome {
  readonly report: RecordingReport | undefined;
  readonly refusal: unknown;
  readonly warnings: readonly string[];
}

/** Records a whole file; no file is left of a recording that is refused. */
export async function recordWhole(
  input: string,
  path: string,
  codec: Codec,
  settings?: FileWriterSettings,
  subFrame?: readonly [number, number, number, number],
): Promise<LosslessOutcome> {
  const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420, { pacing: "asap" });
  const writer = await VideoTargetFactory.getInstance().createFileWriter(codec, path, 5, {
    overwrite: true,
    ...settings,
  });
  const warnings: string[] = [];
  writer.addEventListener("warning", ({ error }) => warnings.push(error.message));
  if (subFrame !== undefined) reader.setSubFrame(...subFrame);
  reader.attach(writer);
  const refusal = await reader.ended.then(() => undefined, (error) => error);
  try {
    const report = await writer.close();
    assert.equal(refusal, undefined);
    assertLedger(report.stats.frames);
    assert.equal(report.stats.frames.failed, 0);
    return { report, refusal, warnings };
  } catch (error) {
    if (refusal === undefined) throw error;
    assert.ok(!existsSync(path), "a file is left");
    return { report: undefined, refusal, warnings };
  } finally {
    await reader.close();
  }
}

/** Asserts that both files have the same samples in a pixel format, by `ffmpeg`'s own decoding. */
export async function assertSame(input: string, recording: string, format: string, filters = "null"): Promise<void> {
  // The unused byte of these has no meaning.
  const judged = ["0rgb", "rgb0", "0bgr", "bgr0"].includes(format) ? "rgb24" : format;
  const sums: string[] = [];
  for (const [file, filter] of [[input, filters], [recording, "null"]] as const) {
    const args = ["-v", "error", "-nostdin", "-i", fileArgument(file), "-vf", filter, "-vsync", "passthrough"];
    sums.push(await text("ffmpeg", [...args, "-pix_fmt", judged, "-f", "md5", "-"]));
  }
  assert.equal(sums[1], sums[0], `${format}: the samples are others`);
}
