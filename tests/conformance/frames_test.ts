/**
 * GIFT-Grab's frame tests T20-T30, which are our case C9, by the ids of the tables of knowledge/giftgrab.md §2.5, in
 * each of its colour spaces and the two that we add, at 1920×1080.
 *
 * A NumPy array's dtype and size are a `Uint8Array` and its length; an `IndexError` is a `RangeError` that names the
 * field. Reading past the end of a typed array gives `undefined`, as everywhere in the language.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ColourSpace, VideoFrame } from "../../mod.ts";
import { assertRefusedNow } from "../helpers/refusal.ts";

const COLS = 1920;
const ROWS = 1080;
const PIXELS = COLS * ROWS;
const COLOURS = Object.entries(ColourSpace);

/** Bytes of one view, as GIFT-Grab counts them. */
const LENGTHS: Readonly<Record<ColourSpace, number>> = {
  bgra: 4 * PIXELS,
  i420: 1.5 * PIXELS,
  uyvy: 2 * PIXELS,
  rgba: 4 * PIXELS,
  nv12: 1.5 * PIXELS,
};

/** A black pixel in the order of the components. */
const BLACK: Readonly<Record<ColourSpace, readonly number[]>> = {
  bgra: [0, 0, 0, 255],
  i420: [16, 128, 128],
  uyvy: [16, 128, 128],
  rgba: [0, 0, 0, 255],
  nv12: [16, 128, 128],
};

for (const [name, colour] of COLOURS) {
  const length = LENGTHS[colour];

  describe(`a frame in ${name}`, () => {
    it("T20 C9 gives its samples as bytes", () => {
      const frame = new VideoFrame(colour, COLS, ROWS);
      const data = frame.data();
      assert(data instanceof Uint8Array);
      assert.deepEqual([data.length, frame.dataLength()], [length, length]);
    });

    it("T21 C9 gives each view's samples as bytes", () => {
      const frame = new VideoFrame(colour, COLS, ROWS, 3);
      for (let view = 0; view < 3; view++) {
        const data = frame.data(view);
        assert(data instanceof Uint8Array);
        assert.deepEqual([data.length, frame.dataLength(view)], [length, length]);
        assert.equal(data.byteOffset, view * length);
      }
    });

    it("T22 C9 has no byte behind its length", () => {
      const frame = new VideoFrame(colour, COLS, ROWS);
      assert.equal(typeof frame.data()[frame.dataLength() - 1], "number");
      assert.equal(frame.data()[frame.dataLength()], undefined);
    });

    it("T23 C9 has no byte behind the length of a view", () => {
      const frame = new VideoFrame(colour, COLS, ROWS, 3);
      for (let view = 0; view < 3; view++) {
        assert.equal(typeof frame.data(view)[frame.dataLength(view) - 1], "number");
        assert.equal(frame.data(view)[frame.dataLength(view)], undefined);
      }
    });

    it("T24 C9 refuses the samples of views that it has not", () => {
      const frame = new VideoFrame(colour, COLS, ROWS, 3);
      for (const view of [3, 4, 5]) {
        assertRefusedNow(() => frame.data(view), {
          is: RangeError,
          code: "invalid_argument",
          field: "stereoIndex",
          says: new RegExp(`^Cannot read view ${view}: this frame has 3 views \\(0 to 2\\)$`),
        });
      }
    });

    it("T25 C9 lets the pixels in its corners be read", () => {
      const frame = new VideoFrame(colour, COLS, ROWS);
      const components = frame.components();
      for (const [col, row] of [[0, 0], [COLS - 1, 0], [0, ROWS - 1], [COLS - 1, ROWS - 1]] as const) {
        const pixel = components.map((one) =>
          one.at(Math.floor(col * one.width / COLS), Math.floor(row * one.height / ROWS))
        );
        assert.deepEqual(pixel, BLACK[colour]);
      }
    });

    it("T26 C9 lets its samples be written: all that was got of them is the frame's memory", () => {
      const frame = new VideoFrame(colour, COLS, ROWS);
      for (const place of [0, length / 4, length / 2, 3 * length / 4]) {
        const [one, other] = [frame.data(), frame.data(0)];
        const value = ((one[place] ?? 0) + 1) % 256;
        one[place] = value;
        assert.equal(other[place], value);
        const plane = frame.planes().findLast(({ offset }) => offset <= place);
        assert.equal(plane?.data[place - plane.offset], value);
      }
    });

    it("T27 C9 takes the first view where none is named", () => {
      const frame = new VideoFrame(colour, COLS, ROWS, 2);
      assert.equal(frame.dataLength(), frame.dataLength(0));
      assert.equal(frame.dataLength(), VideoFrame.requiredDataLength(colour, COLS, ROWS));
      assert.equal(frame.data(), frame.data(0));
    });

    it("T28 C9 has views of the required length", () => {
      const frame = new VideoFrame(colour, COLS, ROWS, 2);
      for (const view of [0, 1]) {
        assert.equal(frame.dataLength(view), VideoFrame.requiredDataLength(colour, COLS, ROWS));
      }
      assert.equal(VideoFrame.requiredDataLength(colour, COLS, ROWS), length);
    });

    it("T29 C9 refuses the length of views that it has not", () => {
      const frame = new VideoFrame(colour, COLS, ROWS, 2);
      for (const view of [2, 3]) {
        assertRefusedNow(() => frame.dataLength(view), {
          is: RangeError,
          code: "invalid_argument",
          field: "stereoIndex",
          says: new RegExp(`^Cannot read view ${view}: this frame has 2 views \\(0 to 1\\)$`),
        });
      }
    });

    it("T30 C9 has one view unless more are asked for", () => {
      assert.equal(new VideoFrame(colour, COLS, ROWS).stereoCount, 1);
      for (const views of [1, 2, 3, 4]) assert.equal(new VideoFrame(colour, COLS, ROWS, views).stereoCount, views);
    });

    // GIFT-Grab's zeros are green in I420 and UYVY, and transparent in BGRA.
    it("C9 is truly black in every byte of every view", () => {
      const frame = new VideoFrame(colour, 20, 10, 4);
      for (let view = 0; view < 4; view++) {
        for (const [index, component] of frame.components(view).entries()) {
          for (let y = 0; y < component.height; y++) {
            for (let x = 0; x < component.width; x++) assert.equal(component.at(x, y), BLACK[colour][index]);
          }
        }
      }
    });

    it("C9 reports its shape", () => {
      const frame = new VideoFrame(colour, COLS, ROWS, 2);
      const { width, height, cols, rows, stereoCount } = frame;
      assert.deepEqual([frame.colour, width, height, cols, rows, stereoCount], [colour, COLS, ROWS, COLS, ROWS, 2]);
    });
  });
}
