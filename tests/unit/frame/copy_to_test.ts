import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GiftGrabError, type PlaneLayout, VideoFrame, type VideoFrameCopyToOptions } from "../../../mod.ts";
import { COLOUR_SPACES, HEADER } from "../../../src/generated/contract.ts";
import { HEADER_LENGTH, readHeader } from "../../../src/frame/header.ts";
import { deferred } from "../../../src/base/deferred.ts";
import { describeFrame, lendFrame, releaseFrame } from "../../../src/frame/lend.ts";
import { openNative, useBackend } from "../../../src/native/context.ts";
import { FakeBackend } from "../../helpers/fake_backend.ts";
import { assertRefused, assertRefusedNow, type Refusal } from "../../helpers/refusal.ts";

/** A frame whose bytes count up. */
function counting(colour: VideoFrame["colour"], width: number, height: number, stereoCount = 1): VideoFrame {
  const bytes = VideoFrame.requiredDataLength(colour, width, height) * stereoCount;
  const data = Uint8Array.from({ length: bytes }, (_, index) => index);
  return VideoFrame.fromBuffer(data, { colour, width, height, stereoCount });
}

/** A copy's bytes, and where its planes are. */
async function copied(
  frame: VideoFrame,
  options: VideoFrameCopyToOptions = {},
): Promise<[bytes: number[], layout: (readonly [number, number])[]]> {
  const bytes = new Uint8Array(frame.allocationSize(options)).fill(255);
  const layout = await frame.copyTo(bytes, options);
  return [[...bytes], layout.map(({ offset, stride }) => [offset, stride])];
}

function refusal(is: typeof TypeError | typeof RangeError, field: string, says: RegExp): Refusal {
  return { is, code: "invalid_argument", field, says };
}

describe("a copy in the frame's own format", () => {
  it("is the whole view without padding", async () => {
    for (
      const [colour, layout] of [
        ["i420", [[0, 5], [15, 3], [21, 3]]],
        ["nv12", [[0, 5], [15, 6]]],
        ["uyvy", [[0, 12]]],
        ["bgra", [[0, 20]]],
        ["rgba", [[0, 20]]],
      ] as const
    ) {
      const frame = counting(colour, 5, 3, 2);
      assert.equal(frame.allocationSize(), frame.dataLength());
      assert.deepEqual(await copied(frame), [[...frame.data()], layout]);
      assert.deepEqual(await copied(frame, { format: frame.format, stereoIndex: 1 }), [[...frame.data(1)], layout]);
    }
  });

  it("goes to any kind of memory, from its first byte", async () => {
    const frame = counting("i420", 2, 2);
    const expected = [0, 1, 2, 3, 4, 5];
    const buffer = new ArrayBuffer(10);
    await frame.copyTo(buffer);
    assert.deepEqual([...new Uint8Array(buffer)], [...expected, 0, 0, 0, 0]);
    await frame.copyTo(new DataView(buffer, 4));
    assert.deepEqual([...new Uint8Array(buffer, 4)], expected);
    const shared = new Uint8Array(new SharedArrayBuffer(6));
    await frame.copyTo(shared);
    assert.deepEqual([...shared], expected);
    const sharedBuffer = new SharedArrayBuffer(6);
    await frame.copyTo(sharedBuffer);
    assert.deepEqual([...new Uint8Array(sharedBuffer)], expected);
  });

  it("has only the rectangle", async () => {
    const rect = { x: 2, y: 2, width: 3, height: 1 };
    // Rows of 5 luma samples, then 3 of each chroma.
    assert.deepEqual(await copied(counting("i420", 5, 3), { rect }), [[12, 13, 14, 19, 20, 25, 26], [[0, 3], [3, 2], [
      5,
      2,
    ]]]);
    assert.deepEqual(await copied(counting("nv12", 5, 3), { rect }), [[12, 13, 14, 23, 24, 25, 26], [[0, 3], [3, 4]]]);
    const packed = await copied(counting("uyvy", 5, 3), { rect: { ...rect, y: 1 } });
    assert.deepEqual(packed, [[16, 17, 18, 19, 20, 21, 22, 23], [[0, 8]]]);
    const pixels = await copied(counting("bgra", 5, 3), { rect: { x: 1, y: 1, width: 1, height: 2 } });
    assert.deepEqual(pixels, [[24, 25, 26, 27, 44, 45, 46, 47], [[0, 4]]]);
    const part = await copied(counting("i420", 4, 4), { rect: { x: 0, y: 2, width: 4, height: 2 } });
    assert.deepEqual(part[0], [8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 22, 23]);
  });

  it("takes a DOMRect, whose values are no properties of its own", async () => {
    const rect = Object.create({ x: 2, y: 0, width: 2, height: 1, left: 2, top: 0 });
    assert.deepEqual((await copied(counting("uyvy", 4, 1), { rect }))[0], [4, 5, 6, 7]);
  });

  it("lies as the layout says, and what is between the rows stays", async () => {
    const layout = [{ offset: 8, stride: 3 }, { offset: 1, stride: 2 }, { offset: 4, stride: 1 }];
    assert.deepEqual(await copied(counting("i420", 2, 2), { layout }), [
      [255, 4, 255, 255, 5, 255, 255, 255, 0, 1, 255, 2, 3, 255],
      [[8, 3], [1, 2], [4, 1]],
    ]);
    assert.equal(counting("i420", 2, 2).allocationSize({ layout }), 14);
  });

  it("refuses rectangles that the frame has not, or that part chroma", async () => {
    const frame = counting("i420", 6, 4);
    const whole = { x: 0, y: 0, width: 6, height: 4 };
    const cases: readonly (readonly [unknown, Refusal])[] = [
      [null, refusal(TypeError, "rect", /must be \{ x, y, width, height \}/)],
      [{ ...whole, width: undefined }, refusal(TypeError, "rect.width", /must be a number/)],
      [{ ...whole, x: "0" }, refusal(TypeError, "rect.x", /must be a number/)],
      [{ ...whole, x: -2 }, refusal(RangeError, "rect.x", /6x4 at -2,0: rect.x must be a whole number of at least 0/)],
      [{ ...whole, y: 0.5 }, refusal(RangeError, "rect.y", /must be a whole number/)],
      [{ ...whole, width: 0 }, refusal(RangeError, "rect.width", /must be a whole number of at least 1/)],
      [{ ...whole, height: Number.NaN }, refusal(RangeError, "rect.height", /must be a whole number/)],
      [{ ...whole, x: 2 }, refusal(RangeError, "rect.width", /6x4 at 2,0: the frame is 6 pixels wide/)],
      [{ ...whole, y: 2 }, refusal(RangeError, "rect.height", /the frame is 4 pixels high/)],
      [{ ...whole, x: 1, width: 2 }, refusal(RangeError, "rect.x", /must be even, because two columns of i420/)],
      [{ ...whole, y: 1, height: 2 }, refusal(RangeError, "rect.y", /must be even, because two rows of i420/)],
    ];
    for (const [rect, expected] of cases) {
      const options = { rect } as VideoFrameCopyToOptions;
      assertRefusedNow(() => frame.allocationSize(options), expected);
      await assertRefused(frame.copyTo(new Uint8Array(99), options), expected);
    }
    const odd = { x: 0, y: 1, width: 2, height: 1 };
    assert.equal(counting("uyvy", 6, 4).allocationSize({ rect: odd }), 4);
    assertRefusedNow(
      () => counting("uyvy", 6, 4).allocationSize({ rect: { ...odd, x: 1 } }),
      refusal(RangeError, "rect.x", /uyvy share chroma/),
    );
    assert.equal(counting("bgra", 6, 4).allocationSize({ rect: { ...odd, x: 1 } }), 8);
  });

  it("refuses layouts that do not hold the planes", async () => {
    const frame = counting("i420", 4, 2);
    const tight = [{ offset: 0, stride: 4 }, { offset: 8, stride: 2 }, { offset: 10, stride: 2 }];
    const changed = (index: number, change: Record<string, unknown>) =>
      tight.map((plane, one) => one === index ? { ...plane, ...change } : plane);
    const cases: readonly (readonly [unknown, Refusal])[] = [
      ["x", refusal(TypeError, "layout", /must be a list of/)],
      [tight.slice(1), refusal(RangeError, "layout", /^Cannot use layout of 2: I420 has 3 planes$/)],
      [[null, ...tight.slice(1)], refusal(TypeError, "layout[0].offset", /must be a number/)],
      [changed(1, { offset: -1 }), refusal(RangeError, "layout[1].offset", /-1: .* of at least 0/)],
      [changed(1, { offset: 0.5 }), refusal(RangeError, "layout[1].offset", /must be a whole number/)],
      [changed(2, { stride: 1 }), refusal(RangeError, "layout[2].stride", /stride 1: .* of at least 2/)],
      [changed(0, { stride: "4" }), refusal(TypeError, "layout[0].stride", /must be a number/)],
      [changed(2, { offset: 9 }), refusal(RangeError, "layout", /plane 2 overlaps plane 1$/)],
      [changed(1, { offset: 4 }), refusal(RangeError, "layout", /plane 1 overlaps plane 0$/)],
      [changed(0, { stride: 5 }), refusal(RangeError, "layout", /plane 1 overlaps plane 0$/)],
    ];
    for (const [layout, expected] of cases) {
      await assertRefused(frame.copyTo(new Uint8Array(99), { layout: layout as PlaneLayout[] }), expected);
    }
    assertRefusedNow(
      () => counting("bgra", 4, 2).allocationSize({ layout: [] }),
      refusal(RangeError, "layout", /BGRA has 1 plane$/),
    );
  });

  it("refuses destinations that are none or too small, and unknown options", async () => {
    const frame = counting("i420", 4, 2);
    const cases: readonly (readonly [unknown, unknown, Refusal])[] = [
      [new Uint8Array(11), {}, refusal(RangeError, "destination", /to 11 bytes: allocationSize\(\) says it takes 12$/)],
      [[1, 2], {}, refusal(TypeError, "destination", /^Cannot copy the frame to Array: it must be an ArrayBuffer/)],
      [undefined, {}, refusal(TypeError, "destination", /to Undefined/)],
      [
        new Uint8Array(99),
        { format: "i420" },
        refusal(RangeError, "format", /"i420": it must be one of "BGRA", "I420"/),
      ],
      [new Uint8Array(99), { format: 1 }, refusal(TypeError, "format", /must be one of/)],
      [new Uint8Array(99), { size: 1 }, refusal(TypeError, "size", /known are format, rect, layout, stereoIndex$/)],
      [new Uint8Array(99), null, refusal(TypeError, "options", /must be an object/)],
      [new Uint8Array(99), { stereoIndex: 1 }, refusal(RangeError, "stereoIndex", /view 1/)],
    ];
    for (const [destination, options, expected] of cases) {
      await assertRefused(frame.copyTo(destination as Uint8Array, options as VideoFrameCopyToOptions), expected);
    }
    frame.close();
    await assertRefused(frame.copyTo(new Uint8Array(99)), {
      is: GiftGrabError,
      code: "closed",
      says: /^Cannot copy the frame: it is closed$/,
    });
  });
});

describe("a copy in another format", () => {
  /** A fake backend that is open. */
  async function backend(): Promise<FakeBackend> {
    const fake = new FakeBackend();
    useBackend(fake);
    await openNative();
    return fake;
  }

  /** A fake backend that opens on request. */
  function slowBackend(): { readonly backend: FakeBackend; readonly open: () => void } {
    const backend = new FakeBackend();
    const { promise, resolve } = deferred<void>();
    useBackend(promise.then(() => backend));
    return { backend, open: resolve };
  }

  /** A lent frame of six bytes. */
  function lent(): VideoFrame {
    const header = new Float64Array(HEADER_LENGTH);
    describeFrame(counting("i420", 2, 2), header);
    return lendFrame(Uint8Array.of(9, 8, 7, 6, 5, 4).buffer, header);
  }

  const converted = (length: number) => Array.from({ length }, (_, index) => index % 251);

  it("is converted by native code, straight into the destination", async () => {
    const { conversions } = await backend();
    const frame = VideoFrame.fromBuffer(counting("i420", 5, 3, 2).data().slice(), {
      colour: "i420",
      width: 5,
      height: 3,
      range: "full",
      matrix: "bt601",
    });
    assert.equal(frame.allocationSize({ format: "BGRA" }), 60);
    assert.deepEqual(await copied(frame, { format: "BGRA" }), [converted(60), [[0, 20]]]);
    const [call] = conversions;
    assert.deepEqual(call?.dataIn, frame.data());
    const [from, to] = [
      readHeader(call?.headerIn ?? new Float64Array()),
      readHeader(call?.headerOut ?? new Float64Array()),
    ];
    assert.deepEqual([from.colour, from.width, from.height, from.stereoCount, from.range, from.matrix], [
      "i420",
      5,
      3,
      1,
      2,
      6,
    ]);
    assert.deepEqual([to.colour, to.width, to.height, to.stereoCount], ["bgra", 5, 3, 1]);
    assert.deepEqual([call?.headerIn[HEADER.dataLength], call?.headerOut[HEADER.dataLength]], [27, 60]);
    assert.equal(call?.dataOut.length, 60);
  });

  it("has only the view and the rectangle asked for", async () => {
    const { conversions } = await backend();
    const frame = counting("nv12", 4, 4, 2);
    const options = { format: "I420", rect: { x: 2, y: 2, width: 2, height: 2 }, stereoIndex: 1 } as const;
    assert.deepEqual(await copied(frame, options), [[0, 1, 2, 3, 4, 5], [[0, 2], [4, 1], [5, 1]]]);
    assert.deepEqual([...conversions[0]?.dataIn ?? []], [10, 11, 14, 15, 22, 23].map((byte) => byte + 24));
    assert.deepEqual([...conversions[0]?.headerIn.subarray(0, 5) ?? []], [COLOUR_SPACES.indexOf("nv12"), 2, 2, 1, 6]);
  });

  it("aligns the rectangle to the frame's own format", async () => {
    await backend();
    const rect = { x: 1, y: 1, width: 3, height: 3 };
    const bytes = counting("bgra", 4, 4).allocationSize({ format: "I420", rect });
    assert.equal(bytes, 9 + 4 + 4);
    assertRefusedNow(
      () => counting("i420", 4, 4).allocationSize({ format: "BGRA", rect }),
      refusal(RangeError, "rect.x", /even/),
    );
  });

  it("needs no memory but the destination's where that has no padding", async () => {
    const { conversions } = await backend();
    const destination = new ArrayBuffer(20);
    await counting("i420", 2, 2).copyTo(new Uint8Array(destination, 4), { format: "RGBA" });
    const { buffer, byteOffset, length } = conversions[0]?.dataOut ?? new Uint8Array(0);
    assert.deepEqual([buffer === destination, byteOffset, length], [true, 4, 16]);
  });

  it("lies as the layout says", async () => {
    const { conversions } = await backend();
    const layout = [{ offset: 1, stride: 3 }, { offset: 8, stride: 2 }];
    assert.deepEqual(await copied(counting("i420", 2, 2), { format: "NV12", layout }), [
      [255, 0, 1, 255, 2, 3, 255, 255, 4, 5],
      [[1, 3], [8, 2]],
    ]);
    assert.equal(conversions[0]?.dataOut.length, 6);
  });

  it("keeps native code away from shared memory", async () => {
    const { conversions } = await backend();
    const shared = new Uint8Array(new SharedArrayBuffer(6));
    await counting("i420", 2, 2).copyTo(shared, { format: "NV12" });
    assert.deepEqual([...shared], [0, 1, 2, 3, 4, 5]);
    assert(conversions[0]?.dataOut.buffer instanceof ArrayBuffer);
  });

  it("keeps native code from writing what it reads", async () => {
    const { conversions } = await backend();
    const frame = counting("bgra", 2, 2);
    await frame.copyTo(frame.data(), { format: "RGBA" });
    assert.deepEqual([...frame.data()], Array.from({ length: 16 }, (_, index) => index));
    assert.notEqual(conversions[0]?.dataOut.buffer, frame.data().buffer);
  });

  it("says nothing of the range when it makes Y'CbCr of red, green and blue", async () => {
    const { conversions } = await backend();
    const frame = VideoFrame.fromBuffer(new Uint8Array(16), { colour: "rgba", width: 2, height: 2, range: "full" });
    await copied(frame, { format: "I420" });
    assert.equal(conversions[0]?.headerOut[HEADER.range], 0);
  });

  it("reads a lent frame before it returns", async () => {
    const { conversions } = await backend();
    const frame = lent();
    const copy = frame.copyTo(new Uint8Array(16), { format: "RGBA" });
    const memory = releaseFrame(frame);
    assert(memory !== undefined);
    new Uint8Array(memory).fill(0);
    await copy;
    assert.deepEqual([...conversions[0]?.dataIn ?? []], [9, 8, 7, 6, 5, 4]);
  });

  it("opens the native library if need be, and reads a lent frame before", async () => {
    const slow = slowBackend();
    const frame = lent();
    const copy = frame.copyTo(new Uint8Array(16), { format: "RGBA" });
    const memory = releaseFrame(frame);
    assert(memory !== undefined);
    new Uint8Array(memory).fill(0);
    slow.open();
    await copy;
    assert.deepEqual([...slow.backend.conversions[0]?.dataIn ?? []], [9, 8, 7, 6, 5, 4]);
  });

  it("refuses a destination that was transferred away while the library opened", async () => {
    const slow = slowBackend();
    const destination = new Uint8Array(16);
    const copy = counting("i420", 2, 2).copyTo(destination, { format: "RGBA" });
    structuredClone(destination.buffer, { transfer: [destination.buffer] });
    slow.open();
    await assertRefused(copy, refusal(RangeError, "destination", /to 0 bytes/));
  });

  it("rejects when native code refuses", async () => {
    const fake = await backend();
    fake.refusals.set("convert", { code: "internal", stage: "boundary", message: "Cannot convert" });
    await assertRefused(counting("i420", 2, 2).copyTo(new Uint8Array(16), { format: "RGBA" }), {
      is: GiftGrabError,
      code: "internal",
      says: /^Cannot convert$/,
    });
  });
});
