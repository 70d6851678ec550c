import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ColourSpace, GiftGrabError, VideoFrame } from "../../../mod.ts";
import { COLOUR_SPACES, HEADER } from "../../../src/generated/contract.ts";
import { bareMetadata, HEADER_LENGTH } from "../../../src/frame/header.ts";
import {
  describeFrame,
  frameBytes,
  inheritTime,
  isFrameOpen,
  lendFrame,
  releaseFrame,
} from "../../../src/frame/lend.ts";
import { assertRefusedNow } from "../../helpers/refusal.ts";

/** A header in the words of native code, in the order of the contract. */
function header(changes: Partial<Record<keyof typeof HEADER, number>> = {}): Float64Array {
  const metadata = {
    colour: COLOUR_SPACES.indexOf("rgba"),
    width: 4,
    height: 2,
    stereoCount: 2,
    dataLength: 64,
    sequence: 41,
    pts: 3003,
    timeBaseNum: 1,
    timeBaseDen: 90_000,
    captureMs: 12_345.678,
    sessionStartMs: 1_700_000_000_000,
    range: 1,
    matrix: 9,
    ...changes,
  };
  const numbers = new Float64Array(HEADER_LENGTH);
  for (const [name, value] of Object.entries(metadata)) numbers[HEADER[name as keyof typeof HEADER]] = value;
  return numbers;
}

/** A lent frame of 64 bytes that count up. */
function lent(changes?: Parameters<typeof header>[0]): { readonly frame: VideoFrame; readonly memory: ArrayBuffer } {
  const memory = Uint8Array.from({ length: 64 }, (_, index) => index).buffer;
  return { frame: lendFrame(memory, header(changes)), memory };
}

describe("the header of a frame", () => {
  it("has a lent frame's metadata", () => {
    const { frame } = lent();
    assert.deepEqual([frame.colour, frame.width, frame.height, frame.stereoCount], ["rgba", 4, 2, 2]);
    assert.deepEqual([frame.pts, frame.timeBase, frame.timestamp], [3003, { num: 1, den: 90_000 }, 33_367]);
    assert.deepEqual([frame.sequence, frame.captureTime, frame.duration], [41, 12_345.678, undefined]);
    assert.deepEqual(frame.sessionStart, new Date(1_700_000_000_000));
    assert.deepEqual([frame.range, frame.matrix], ["limited", "bt2020"]);
  });

  it("has values for unknown metadata", () => {
    const { frame } = lent({ timeBaseNum: 0, captureMs: 0, sessionStartMs: 0, sequence: -1, range: 0, matrix: 2 });
    const { pts, timeBase, timestamp, sequence, captureTime, sessionStart, range, matrix } = frame;
    assert(
      [pts, timeBase, timestamp, sequence, captureTime, sessionStart, range, matrix].every((one) => one === undefined),
    );
  });

  it("knows both numbers of BT.601, and keeps those that have no name", () => {
    assert.deepEqual([5, 6, 1, 9].map((matrix) => lent({ matrix }).frame.matrix), [
      "bt601",
      "bt601",
      "bt709",
      "bt2020",
    ]);
    const { frame } = lent({ matrix: 14 });
    assert.equal(frame.matrix, undefined);
    const numbers = new Float64Array(HEADER_LENGTH);
    describeFrame(frame, numbers);
    assert.equal(numbers[HEADER.matrix], 14);
  });

  it("is the same after a frame was made of it", () => {
    for (const colour of Object.values(ColourSpace)) {
      const numbers = header({ colour: COLOUR_SPACES.indexOf(colour), width: 2 });
      numbers[HEADER.dataLength] = 2 * VideoFrame.requiredDataLength(colour, 2, 2);
      const written = new Float64Array(HEADER_LENGTH);
      describeFrame(lendFrame(new ArrayBuffer(64), numbers), written);
      assert.deepEqual(written, numbers);
    }
  });

  it("is read once: the next frame's does not change this one", () => {
    const numbers = header();
    const frame = lendFrame(new ArrayBuffer(64), numbers);
    numbers.fill(7);
    assert.deepEqual([frame.width, frame.sequence], [4, 41]);
  });

  it("is written for a frame of which nothing is known", () => {
    const numbers = new Float64Array(HEADER_LENGTH).fill(Number.NaN);
    describeFrame(new VideoFrame("nv12", 5, 3, 2), numbers);
    assert.deepEqual([...numbers], [
      COLOUR_SPACES.indexOf("nv12"),
      5,
      3,
      2,
      54,
      -1,
      0,
      0,
      1,
      0,
      0,
      0,
      2,
      0,
      1,
      0,
      0,
      0,
      0,
    ]);
  });

  it("names every colour space", () => {
    assert.deepEqual([...COLOUR_SPACES].sort(), Object.values(ColourSpace).sort());
  });
});

describe("a lent frame", () => {
  it("shows the lender's memory, which may be larger", () => {
    const memory = new ArrayBuffer(100);
    const frame = lendFrame(memory, header());
    frame.data(1)[0] = 5;
    assert.deepEqual([frame.data(1).buffer, frame.data(1).byteOffset, frame.data(1).length], [memory, 32, 32]);
    assert.equal(frameBytes(frame).length, 64);
    assert.equal(new Uint8Array(memory)[32], 5);
  });

  it("gives the same memory back, and every view of it is empty", () => {
    const { frame, memory } = lent();
    const views = [
      frame.data(),
      frame.data(1),
      frame.data(1).subarray(3, 9),
      frame.planes()[0]?.data,
      frame.imageData().data,
      new DataView(frame.data().buffer),
      new Uint16Array(frame.data().buffer, 2, 4),
    ];
    frame.data()[5] = 77;
    const back = releaseFrame(frame);
    assert(back !== undefined && back !== memory);
    assert.deepEqual([back.byteLength, memory.byteLength, new Uint8Array(back)[5]], [64, 0, 77]);
    const lengths = views.map((view) => view instanceof DataView ? view.buffer.byteLength : view?.length);
    assert(lengths.every((length) => length === 0));
  });

  it("cannot be read once it was released, its metadata can", () => {
    const { frame } = lent();
    const [component] = frame.components();
    releaseFrame(frame);
    const refusal = {
      is: GiftGrabError,
      code: "closed",
      says: /: it ended when update\(\) was done with it; keep frame\.clone\(\) instead$/,
    } as const;
    for (const read of [() => frame.data(), () => frame.planes(), () => frame.clone(), () => frameBytes(frame)]) {
      assertRefusedNow(read, refusal);
    }
    assertRefusedNow(() => component?.at(0, 0), { is: GiftGrabError, code: "closed", says: /it is closed$/ });
    assert.deepEqual([frame.width, frame.timestamp, frame.dataLength(1), isFrameOpen(frame)], [4, 33_367, 32, false]);
  });

  it("is released once", () => {
    const { frame } = lent();
    assert(releaseFrame(frame) !== undefined);
    assert.equal(releaseFrame(frame), undefined);
    frame.close();
    assert.equal(releaseFrame(frame), undefined);
  });

  it("has nothing to give back if a program has transferred it away", () => {
    for (
      const take of [
        // Node 20 has only the other way.
        ...("transfer" in ArrayBuffer.prototype ? [(buffer: ArrayBuffer) => buffer.transfer()] : []),
        (buffer: ArrayBuffer) => structuredClone(buffer, { transfer: [buffer] }),
      ]
    ) {
      const { frame } = lent();
      const taken = take(frame.data().buffer);
      assert.equal(isFrameOpen(frame), false);
      assertRefusedNow(() => frame.data(), {
        is: GiftGrabError,
        code: "closed",
        says: /^Cannot read the data of the frame: its memory was transferred away$/,
      });
      assert.equal(releaseFrame(frame), undefined);
      assert.equal(new Uint8Array(taken)[5], 5);
    }
  });

  it("that its observer closes is empty at once, and its memory still goes back", () => {
    const { frame, memory } = lent();
    const data = frame.data();
    frame.close();
    assert.deepEqual([data.length, memory.byteLength, isFrameOpen(frame)], [0, 0, false]);
    const back = releaseFrame(frame);
    assert(back !== undefined);
    assert.equal(new Uint8Array(back)[5], 5);
    assert.equal(releaseFrame(frame), undefined);
  });

  it("has a clone that outlives it", () => {
    const { frame } = lent();
    const clone = frame.clone();
    const back = releaseFrame(frame);
    new Uint8Array(back ?? new ArrayBuffer(0)).fill(0);
    assert.deepEqual([clone.data(1)[1], clone.sequence, clone.pts], [33, 41, 3003]);
    assert.equal(releaseFrame(clone), undefined);
    assert.equal(isFrameOpen(clone), true);
  });

  it("goes back also where buffers have no transfer()", async () => {
    const transfer = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "transfer");
    Reflect.deleteProperty(ArrayBuffer.prototype, "transfer");
    try {
      const { FrameMemory } = await import(
        "../../../src/frame/memory.ts?without-transfer" as "../../../src/frame/memory.ts"
      );
      const memory = Uint8Array.of(1, 2, 3, 4).buffer;
      const frame = new FrameMemory(bareMetadata("rgba", 1, 1, 1), "lent", memory);
      const view = frame.view(0);
      const back = frame.release();
      assert.deepEqual([view.length, memory.byteLength], [0, 0]);
      assert.deepEqual(new Uint8Array(back ?? new ArrayBuffer(0)), Uint8Array.of(1, 2, 3, 4));
    } finally {
      if (transfer !== undefined) Object.defineProperty(ArrayBuffer.prototype, "transfer", transfer);
    }
  });
});

describe("the time of a frame that a node emits", () => {
  const own = () => VideoFrame.fromBuffer(new Uint8Array(4), { colour: "rgba", width: 1, height: 1, timestamp: 5 });

  it("is its parent's, each time anew", () => {
    const frame = new VideoFrame("rgba", 1, 1);
    inheritTime(frame, lent().frame);
    assert.deepEqual([frame.pts, frame.timeBase, frame.sequence], [3003, { num: 1, den: 90_000 }, 41]);
    assert.deepEqual([frame.captureTime, frame.sessionStart], [12_345.678, new Date(1_700_000_000_000)]);
    assert.deepEqual([frame.width, frame.stereoCount, frame.matrix], [1, 1, undefined]);
    inheritTime(frame, lent({ pts: 6006, sequence: 42 }).frame);
    assert.deepEqual([frame.pts, frame.sequence], [6006, 42]);
  });

  it("is its own if it came with one", () => {
    const frame = own();
    inheritTime(frame, lent().frame);
    assert.deepEqual([frame.timestamp, frame.sequence, frame.captureTime], [5, undefined, undefined]);
  });
});
