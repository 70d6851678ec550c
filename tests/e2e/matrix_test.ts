/**
 * Bar 3: every codec in every container that can hold it, from every colour space, at awkward sizes and rates.
 *
 * Exactly 180 frames come out in order, at exactly the rate and the size asked for, in the colours that were drawn; or the
 * recording is refused by a named field. What must come out is drawn a second time by tests/helpers/pattern.ts, which
 * shares nothing with the library; decoding and probing is the `ffmpeg` command's.
 *
 * H.264 and HEVC cannot hold odd sizes: the last column and row are repeated. FFV1 keeps every sample.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  capabilities,
  CODECS,
  ColourSpace,
  type Container,
  type EncodedCodec,
  type Rational,
  type RecordingReport,
} from "../../mod.ts";
import type { Size } from "../helpers/barcode.ts";
import { examine } from "../helpers/examine.ts";
import { withFolder } from "../helpers/folder.ts";
import type { DrawnFormat } from "../helpers/pattern.ts";
import { probe } from "../helpers/probe.ts";
import { isFullProof } from "../helpers/proof.ts";
import { inOrder, recordPattern } from "../helpers/record.ts";
import { assertRefusal } from "../helpers/refusal.ts";

const FRAMES = 180;
/** GIFT-Grab's. */
const COLOURS = [ColourSpace.BGRA, ColourSpace.I420, ColourSpace.UYVY];
const OTHER_COLOURS = [ColourSpace.RGBA, ColourSpace.NV12];
const SIZES: readonly Size[] = [
  { width: 16, height: 16 },
  { width: 97, height: 55 },
  { width: 400, height: 640 },
  { width: 1280, height: 720 },
];
const RATES: readonly (readonly [asked: number | Rational, written: Rational])[] = [
  [59.94, { num: 2997, den: 50 }],
  [{ num: 30000, den: 1001 }, { num: 30000, den: 1001 }],
];

/**
 * The least that the worst plane of the worst frame must reach at each codec's default quality, in dB: at 16 x 16, where
 * all is barcode and its sharp edges, and above, where a wrong matrix or range stays below 30 dB.
 */
const FLOORS: Record<EncodedCodec, readonly [smallest: number, others: number]> = {
  hevc: [30, 34],
  h264: [24, 38],
  vp9: [35, 38],
  av1: [35, 33],
  xvid: [38, 40],
  ffv1: [Infinity, Infinity],
};

/** The encoders that serve each codec here when none is named; rav1e is too slow for that. */
const ENCODERS = new Map(
  (await capabilities()).codecs.map(({ codec, encoders }) =>
    [codec, encoders.filter(({ available, name }) => available && name !== "rav1e")] as const
  ),
);

interface Case {
  readonly codec: EncodedCodec;
  readonly container: Container;
  readonly colour: ColourSpace;
  readonly size: Size;
  readonly asked: number | Rational;
  readonly written: Rational;
}

/** What cannot be done, by the field that the refusal names. */
function refusedField({ codec, container, size, written }: Case): string | undefined {
  // Its 90 kHz clock cannot express 59.94.
  if (container === "ts" && written.den === 50) return "frameRate";
  // SVT-AV1 begins at 64 pixels, and x265 damages pictures that are one coding tree unit wide.
  const encoders = ENCODERS.get(codec) ?? [];
  if (encoders.every(({ minWidth }) => size.width < minWidth)) return "width";
  if (encoders.every(({ minWidth, minHeight }) => size.width < minWidth || size.height < minHeight)) return "height";
  return undefined;
}

function cases(codec: EncodedCodec, container: Container): Case[] {
  const all = SIZES.flatMap((size) =>
    COLOURS.flatMap((colour) => RATES.map(([asked, written]) => ({ codec, container, colour, size, asked, written })))
  );
  if (isFullProof) return all;
  // Each colour space once, at a small size; sizes and rates alternate.
  const offset = Object.keys(CODECS).indexOf(codec) + CODECS[codec].containers.findIndex((one) => one === container);
  return COLOURS.flatMap((colour, n) => {
    const size = SIZES[(offset + n) % 3];
    const rate = RATES[(offset + n) % 2];
    const written = container === "ts" && n > 0 ? RATES[1]?.[1] : rate?.[1];
    return all.filter((one) => one.colour === colour && one.size === size && one.written === written);
  });
}

interface Outcome {
  readonly refused: boolean;
  /** Of the worst plane of the worst frame. */
  readonly psnr: number;
}

async function prove(folder: string, one: Case): Promise<Outcome> {
  const { codec, container, colour, size, asked, written } = one;
  const path = join(folder, `a.${container}`);
  const field = refusedField(one);
  let report: RecordingReport;
  try {
    report = await recordPattern(codec, path, asked, { ...size, colour, frames: FRAMES }, { overwrite: true });
  } catch (error) {
    if (field === undefined) throw error;
    assertRefusal(error, { is: Error, code: "invalid_argument", field, says: /must be|clock/ });
    return { refused: true, psnr: Infinity };
  }
  assert.equal(field, undefined, `nothing was refused; ${field} was to be`);
  const { frames } = report.stats;
  assert.deepEqual([frames.captured, frames.written], [FRAMES, FRAMES], JSON.stringify(frames));

  const even = codec === "hevc" || codec === "h264";
  const coded = even ? { width: size.width + size.width % 2, height: size.height + size.height % 2 } : size;
  assert.deepEqual({ width: report.width, height: report.height }, coded);
  const found = await probe(path);
  assert.deepEqual({ width: found.width, height: found.height }, coded);
  const rate = written.num / written.den;
  if (container === "avi") {
    const difference = found.frameRate.num / found.frameRate.den - rate;
    assert.ok(Math.abs(difference) < 0.001, `${found.frameRate.num}/${found.frameRate.den}`);
  } else {
    assert.deepEqual(found.frameRate, written);
  }
  const late = (found.durationSeconds ?? NaN) - FRAMES / rate;
  assert.ok(Math.abs(late) < 1 / rate, `it lasts ${found.durationSeconds} s instead of ${FRAMES / rate} s`);

  const format = codec === "ffv1" ? report.pixelFormat as DrawnFormat : "yuv420p";
  const { indices, psnr } = await examine(path, format, size, coded);
  assert.deepEqual(indices, inOrder(FRAMES));
  const [smallest, others] = FLOORS[codec];
  const worst = Math.min(...psnr);
  assert.ok(worst >= (size.width === 16 ? smallest : others), `the planes reach ${psnr.join(", ")} dB`);
  return { refused: false, psnr: worst };
}

for (const codec of Object.keys(CODECS) as EncodedCodec[]) {
  describe(`${CODECS[codec].name}, ${FRAMES} frames`, () => {
    for (const container of CODECS[codec].containers) {
      it(`in .${container} from GIFT-Grab's colour spaces`, async () => {
        await withFolder(async (folder) => {
          let refused = 0;
          const small: number[] = [];
          const others: number[] = [];
          const all = cases(codec, container);
          for (const one of all) {
            const { width, height } = one.size;
            const name = `${one.colour} ${width}x${height} at ${one.written.num}/${one.written.den}`;
            const outcome = await prove(folder, one).catch((cause) => {
              throw new Error(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
            });
            if (outcome.refused) refused++;
            else (width === 16 ? small : others).push(outcome.psnr);
          }
          const least = (values: number[]): string => values.length === 0 ? "-" : Math.min(...values).toFixed(1);
          console.log(
            `${codec} .${container}: ${all.length - refused} recorded, ${refused} refused; ` +
              `worst plane ${least(small)} dB at 16x16, ${least(others)} dB above`,
          );
        });
      });
    }

    for (const colour of OTHER_COLOURS) {
      it(`from ${colour.toUpperCase()}`, () =>
        withFolder(async (folder) => {
          const [container] = CODECS[codec].containers;
          const [asked, written] = RATES[1] ?? [30, { num: 30, den: 1 }];
          for (const size of [{ width: 97, height: 55 }, { width: 1280, height: 720 }]) {
            await prove(folder, { codec, container, colour, size, asked, written });
          }
        }));
    }
  });
}
