/**
 * Draws the test pattern a second time: what a recording of it must show.
 *
 * Written from what rust/core/src/source/pattern.rs documents, by other means: a picture of two by two pixel blocks that
 * each have one of 275 colours, turned into samples by the equations of ITU-T H.273.
 */

import { barcodeCells, type Size } from "./barcode.ts";

/** Pixel formats that can be drawn, by FFmpeg's names; planes follow each other without a gap. */
export type DrawnFormat = "yuv420p" | "yuv422p" | "bgra" | "gbrp";

type Rgb = readonly [red: number, green: number, blue: number];

/** Bars of 75 % in the order of their luma, the box of each view, and the barcode's three greys; then a grey for each level. */
const PALETTE: readonly Rgb[] = [
  [191, 191, 191],
  [191, 191, 0],
  [0, 191, 191],
  [0, 191, 0],
  [191, 0, 191],
  [191, 0, 0],
  [0, 0, 191],
  [0, 0, 0],
  [255, 128, 0],
  [0, 128, 255],
  [255, 0, 128],
  [128, 255, 0],
  [128, 0, 255],
  [0, 255, 128],
  [255, 255, 128],
  [128, 255, 255],
  [0, 0, 0],
  [255, 255, 255],
  [197, 197, 197],
  ...Array.from({ length: 256 }, (_, level): Rgb => [level, level, level]),
];
const [BOX, BLACK, WHITE, GREY, LEVELS] = [8, 16, 17, 18, 19];

/** From 0 to `span` and back, one step at a time. */
function bounce(time: number, span: number): number {
  const place = time % Math.max(1, 2 * span);
  return Math.min(place, 2 * span - place);
}

/** The colours of one view of frame `index` by their places in the palette, one for every two by two pixels. */
function blocks(size: Size, index: number, view: number): Uint16Array {
  const { width, height } = size;
  const columns = Math.ceil(width / 2);
  const rows = Math.ceil(height / 2);
  const pace = Math.max(1, Math.floor(width / 320));
  const bar = Math.max(1, Math.ceil(width / 16));
  const bars = new Uint16Array(columns);
  const ramp = new Uint16Array(columns);
  for (let x = 0; x < columns; x++) {
    bars[x] = (Math.floor((x + index * pace) / bar) + view) % 8;
    const step = (((x - index * pace) % 512) + 512) % 512;
    ramp[x] = LEVELS + Math.min(step, 511 - step);
  }
  const picture = new Uint16Array(columns * rows);
  const barRows = Math.floor(Math.floor(height * 3 / 4) / 2);
  for (let y = 0; y < rows; y++) picture.set(y < barRows ? bars : ramp, y * columns);
  const fill = (left: number, top: number, across: number, down: number, colour: number): void => {
    for (let y = top; y < top + down; y++) picture.fill(colour, y * columns + left, y * columns + left + across);
  };
  const side = Math.floor(Math.min(width, height) / 16);
  const place = (time: number, extent: number): number => bounce(time, Math.floor((extent - 2 * side) / 2));
  fill(place(index * pace, width), place(index, height), side, side, BOX + view);
  for (const cell of barcodeCells(size, index)) {
    const [x, y, edge] = [cell.x / 2, cell.y / 2, cell.side / 2];
    for (let column = 0; column < edge; column += 2) {
      fill(x + column, y, 2, edge, cell.isWhite ? (column % 4 === 0 ? WHITE : GREY) : BLACK);
    }
  }
  return picture;
}

/** The samples of every colour of the palette: luma and the two chromas in limited range. */
function ycbcr(height: number): [Uint8Array, Uint8Array, Uint8Array] {
  // BT.601 below 720 rows, BT.709 from 720 rows up.
  const [kr, kb] = height < 720 ? [0.299, 0.114] : [0.2126, 0.0722];
  const samples = PALETTE.map(([red, green, blue]) => {
    const luma = (kr * red + (1 - kr - kb) * green + kb * blue) / 255;
    return [
      16 + 219 * luma,
      128 + 224 * (blue / 255 - luma) / (2 * (1 - kb)),
      128 + 224 * (red / 255 - luma) / (2 * (1 - kr)),
    ].map(Math.round);
  });
  const component = (n: number): Uint8Array => Uint8Array.from(samples, (sample) => sample[n] ?? 0);
  return [component(0), component(1), component(2)];
}

const component = (n: number): Uint8Array => Uint8Array.from(PALETTE, (colour) => colour[n] ?? 0);
const [RED, GREEN, BLUE] = [component(0), component(1), component(2)];
const BGRA = new Uint32Array(
  Uint8Array.from(PALETTE.flatMap(([red, green, blue]) => [blue, green, red, 255])).buffer,
);

/** A plane: what a block's sample is, and by which shifts of their coordinates pixels share one. */
interface Plane {
  readonly samples: Uint8Array | Uint32Array;
  readonly across: 0 | 1;
  readonly down: 0 | 1;
}

function planesOf(format: DrawnFormat, height: number): Plane[] {
  const full = (samples: Plane["samples"]): Plane => ({ samples, across: 0, down: 0 });
  if (format === "gbrp") return [GREEN, BLUE, RED].map(full);
  if (format === "bgra") return [full(BGRA)];
  const [y, u, v] = ycbcr(height);
  const down = format === "yuv420p" ? 1 : 0;
  return [full(y), { samples: u, across: 1, down }, { samples: v, across: 1, down }];
}

/** How many bytes each plane has. */
export function planeLengths(format: DrawnFormat, { width, height }: Size): number[] {
  return planesOf(format, height).map(({ samples, across, down }) =>
    Math.ceil(width / 2 ** across) * Math.ceil(height / 2 ** down) * samples.BYTES_PER_ELEMENT
  );
}

/**
 * Frame `index` of the pattern.
 *
 * @param coded Larger than `size` where an encoder repeats the last column and row.
 * @param view Which view of a stereo pattern, 0 to 7.
 */
export function drawPattern(format: DrawnFormat, size: Size, index: number, coded = size, view = 0): Uint8Array {
  const picture = blocks(size, index, view);
  const columns = Math.ceil(size.width / 2);
  const bytes = new Uint8Array(planeLengths(format, coded).reduce((sum, length) => sum + length, 0));
  const result = format === "bgra" ? new Uint32Array(bytes.buffer) : bytes;
  let at = 0;
  for (const { samples, across, down } of planesOf(format, size.height)) {
    const width = Math.ceil(coded.width / 2 ** across);
    const height = Math.ceil(coded.height / 2 ** down);
    for (let y = 0; y < height; y++) {
      const row = (down === 1 ? y : y >> 1) * columns;
      for (let x = 0; x < width; x++) {
        result[at++] = samples[picture[row + (across === 1 ? x : x >> 1)] ?? 0] ?? 0;
      }
    }
  }
  return bytes;
}
