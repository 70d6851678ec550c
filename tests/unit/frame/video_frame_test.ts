import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ColourSpace, GiftGrabError, VideoFrame, type VideoFrameSettings } from "../../../mod.ts";
import { allocate } from "../../../src/frame/memory.ts";
import { assertRefusedNow, type Refusal } from "../../helpers/refusal.ts";

const COLOURS = Object.values(ColourSpace);

function type(field: string, says: RegExp): Refusal {
  return { is: TypeError, code: "invalid_argument", field, says };
}

function range(field: string, says: RegExp): Refusal {
  return { is: RangeError, code: "invalid_argument", field, says };
}

const CLOSED = { is: GiftGrabError, code: "closed", says: /: it is closed$/ } as const;

/** Settings that fit 24 bytes, with others in their place. */
function settings(changes: Record<string, unknown> = {}): VideoFrameSettings {
  return { colour: "bgra", width: 3, height: 2, ...changes } as VideoFrameSettings;
}

describe("the layout of a frame", () => {
  /** Width, height, then bytes of a view in the order of the table below. */
  const SIZES = [[4, 2], [5, 3], [1, 1], [2, 1], [1, 2], [7, 4]] as const;
  const BYTES: Readonly<Record<ColourSpace, readonly number[]>> = {
    bgra: [32, 60, 4, 8, 8, 112],
    rgba: [32, 60, 4, 8, 8, 112],
    i420: [12, 27, 3, 4, 4, 44],
    nv12: [12, 27, 3, 4, 4, 44],
    uyvy: [16, 36, 4, 4, 8, 64],
  };
  const OPAQUE_BLACK: Readonly<Record<ColourSpace, readonly number[]>> = {
    bgra: [0, 0, 0, 255],
    rgba: [0, 0, 0, 255],
    i420: [16, 128, 128],
    nv12: [16, 128, 128],
    uyvy: [16, 128, 128],
  };

  for (const colour of COLOURS) {
    it(`has every sample of ${colour} in exactly one place, odd sizes too`, () => {
      for (const [index, [width, height]] of SIZES.entries()) {
        const frame = new VideoFrame(colour, width, height, 2);
        assert.equal(VideoFrame.requiredDataLength(colour, width, height), BYTES[colour][index]);
        const data = frame.data(1);
        assert.equal(data.length, BYTES[colour][index]);
        const places = frame.components(1).flatMap((one) =>
          Array.from(
            { length: one.width * one.height },
            (_, n) => one.offset + Math.floor(n / one.width) * one.stride + n % one.width * one.step,
          )
        );
        assert.equal(new Set(places).size, places.length);
        // Only the second luma sample of an odd row's last pair in UYVY is no pixel's.
        const padding = colour === "uyvy" && width % 2 === 1 ? height : 0;
        assert.equal(places.length, data.length - padding);
        assert(places.every((place) => place < data.length));
      }
    });

    it(`has planes of ${colour} that fill a view, odd sizes too`, () => {
      for (const [width, height] of SIZES) {
        const frame = new VideoFrame(colour, width, height, 2);
        let offset = 0;
        for (const plane of frame.planes(1)) {
          assert.equal(plane.offset, offset);
          assert.equal(plane.data.length, plane.stride * plane.height);
          assert.equal(plane.stride, plane.width * plane.pixelStride);
          assert.equal(plane.data.byteOffset, frame.data(1).byteOffset + offset);
          offset += plane.data.length;
        }
        assert.equal(offset, frame.dataLength(1));
      }
    });

    it(`is black in ${colour} in every byte, odd sizes too`, () => {
      for (const [width, height] of SIZES) {
        const frame = new VideoFrame(colour, width, height, 3);
        for (const view of [0, 1, 2]) {
          for (const [index, one] of frame.components(view).entries()) {
            for (let n = 0; n < one.width * one.height; n++) {
              assert.equal(one.at(n % one.width, Math.floor(n / one.width)), OPAQUE_BLACK[colour][index]);
            }
          }
        }
      }
    });
  }

  it("has the planes and components that the colour space names", () => {
    const names = (colour: ColourSpace) => {
      const frame = new VideoFrame(colour, 5, 3);
      return [
        frame.planes().map((
          { name, width, height, stride, pixelStride },
        ) => [name, width, height, stride, pixelStride]),
        frame.components().map(({ name, offset, step, width, height }) => [name, offset, step, width, height]),
      ];
    };
    assert.deepEqual(names("i420"), [
      [["Y", 5, 3, 5, 1], ["U", 3, 2, 3, 1], ["V", 3, 2, 3, 1]],
      [["Y", 0, 1, 5, 3], ["U", 15, 1, 3, 2], ["V", 21, 1, 3, 2]],
    ]);
    assert.deepEqual(names("nv12"), [
      [["Y", 5, 3, 5, 1], ["UV", 3, 2, 6, 2]],
      [["Y", 0, 1, 5, 3], ["U", 15, 2, 3, 2], ["V", 16, 2, 3, 2]],
    ]);
    assert.deepEqual(names("uyvy"), [
      [["UYVY", 3, 3, 12, 4]],
      [["Y", 1, 2, 5, 3], ["U", 0, 4, 3, 3], ["V", 2, 4, 3, 3]],
    ]);
    assert.deepEqual(names("bgra"), [
      [["BGRA", 5, 3, 20, 4]],
      [["B", 0, 4, 5, 3], ["G", 1, 4, 5, 3], ["R", 2, 4, 5, 3], ["A", 3, 4, 5, 3]],
    ]);
    assert.deepEqual(names("rgba"), [
      [["RGBA", 5, 3, 20, 4]],
      [["R", 0, 4, 5, 3], ["G", 1, 4, 5, 3], ["B", 2, 4, 5, 3], ["A", 3, 4, 5, 3]],
    ]);
  });

  it("lets components write what the data shows, each view its own", () => {
    const frame = new VideoFrame("uyvy", 4, 2, 2);
    const [y, u] = frame.components(1);
    y?.set(3, 1, 200);
    u?.set(1, 1, 90 + 256);
    assert.deepEqual([...frame.data(1).subarray(8)], [128, 16, 128, 16, 90, 16, 128, 200]);
    assert(frame.data(0).every((byte, index) => byte === (index % 2 === 0 ? 128 : 16)));
    assert.equal(y?.at(3, 1), 200);
  });

  it("refuses samples that a component has not", () => {
    const [, u] = new VideoFrame("i420", 5, 3).components();
    for (const x of [3, -1, 0.5, Number.NaN]) {
      assertRefusedNow(() => u?.at(x, 0), range("x", /^Cannot read sample x .*: component U has 0 to 2$/));
    }
    assertRefusedNow(() => u?.set(0, 2, 1), range("y", /^Cannot write sample y 2: component U has 0 to 1$/));
  });
});

describe("a new frame", () => {
  it("refuses a colour space that there is not", () => {
    assertRefusedNow(() => new VideoFrame("rgb" as ColourSpace, 4, 4), range("colour", /"rgb"/));
    assertRefusedNow(() => new VideoFrame(4 as unknown as ColourSpace, 4, 4), type("colour", /it must be one of/));
    assertRefusedNow(() => VideoFrame.requiredDataLength("rgb" as ColourSpace, 4, 4), range("colour", /"rgb"/));
  });

  it("refuses sizes out of their range", () => {
    for (const bad of [0, -1, 1.5, 16_385, Number.NaN, Number.POSITIVE_INFINITY]) {
      const says = new RegExp(`${bad}: it must be a whole number from 1 to 16384`);
      assertRefusedNow(() => new VideoFrame("bgra", bad, 4), range("cols", says));
      assertRefusedNow(() => new VideoFrame("bgra", 4, bad), range("rows", says));
      assertRefusedNow(() => VideoFrame.requiredDataLength("bgra", bad, 4), range("cols", says));
    }
    assertRefusedNow(() => new VideoFrame("bgra", "4" as unknown as number, 4), type("cols", /must be a number/));
    for (const bad of [0, 9, 1.5]) {
      assertRefusedNow(() => new VideoFrame("bgra", 4, 4, bad), range("stereoCount", /from 1 to 8/));
    }
    assertRefusedNow(() => new VideoFrame("bgra", 4, 4, "2" as unknown as number), type("stereoCount", /a number/));
  });

  it("refuses views that it has not, everywhere", () => {
    const frame = new VideoFrame("rgba", 4, 4);
    const says = /^Cannot read view 1: this frame has 1 view \(0\)$/;
    for (
      const read of [
        () => frame.data(1),
        () => frame.dataLength(1),
        () => frame.planes(1),
        () => frame.components(1),
        () => frame.imageData(1),
        () => frame.allocationSize({ stereoIndex: 1 }),
      ]
    ) assertRefusedNow(read, range("stereoIndex", says));
    for (const bad of [-1, 0.5, Number.NaN]) {
      assertRefusedNow(() => frame.data(bad), range("stereoIndex", /this frame has 1 view/));
    }
    assertRefusedNow(() => frame.data("0" as unknown as number), type("stereoIndex", /this frame has 1 view/));
  });

  it("says that memory has run out", () => {
    assertRefusedNow(() => allocate(Number.MAX_SAFE_INTEGER), {
      is: GiftGrabError,
      code: "resource_exhausted",
      says: /^Cannot make a frame of 9007199254740991 bytes: memory has run out$/,
    });
  });

  it("knows nothing but its shape", () => {
    const { pts, timeBase, timestamp, duration, sequence, captureTime, sessionStart, range, matrix } = new VideoFrame(
      "i420",
      4,
      4,
    );
    const details = [pts, timeBase, timestamp, duration, sequence, captureTime, sessionStart, range, matrix];
    assert(details.every((detail) => detail === undefined));
  });
});

describe("a frame of a program's own memory", () => {
  it("shows it without a copy, from any kind of view", () => {
    const buffer = new ArrayBuffer(40);
    const bytes = new Uint8Array(buffer, 8, 24);
    for (const data of [bytes, new DataView(buffer, 8, 24), new Uint32Array(buffer, 8, 6)]) {
      const frame = VideoFrame.fromBuffer(data, settings());
      assert.deepEqual([frame.data().buffer, frame.data().byteOffset, frame.data().length], [buffer, 8, 24]);
      frame.data()[0] = 7;
      assert.equal(bytes[0], 7);
      bytes[0] = 8;
      assert.equal(frame.data()[0], 8);
    }
    assert.equal(VideoFrame.fromBuffer(bytes.slice().buffer, settings()).dataLength(), 24);
  });

  it("takes several views", () => {
    const data = Uint8Array.from({ length: 24 }, (_, index) => index);
    const frame = VideoFrame.fromBuffer(data, settings({ width: 1, height: 2, stereoCount: 3 }));
    assert.deepEqual([0, 1, 2].map((view) => frame.data(view)[0]), [0, 8, 16]);
  });

  it("refuses what is no memory, or memory that others change", () => {
    for (const bad of [undefined, null, [1, 2], "x", {}, 24]) {
      assertRefusedNow(
        () => VideoFrame.fromBuffer(bad as unknown as Uint8Array, settings()),
        type("data", /it must be an ArrayBuffer or a view of one$/),
      );
    }
    const shared = new SharedArrayBuffer(24);
    for (const data of [shared as unknown as ArrayBuffer, new Uint8Array(shared)]) {
      assertRefusedNow(() => VideoFrame.fromBuffer(data, settings()), type("data", /must not be shared memory/));
    }
    const resizable = new ArrayBuffer(24, { maxByteLength: 48 });
    assertRefusedNow(() => VideoFrame.fromBuffer(resizable, settings()), type("data", /must not be resizable/));
  });

  it("refuses any other length than its own", () => {
    for (const length of [0, 23, 25]) {
      const says = new RegExp(`^Cannot use data of ${length} bytes: 3x2 in bgra takes 24$`);
      assertRefusedNow(() => VideoFrame.fromBuffer(new Uint8Array(length), settings()), range("data", says));
    }
    assertRefusedNow(
      () => VideoFrame.fromBuffer(new Uint8Array(24), settings({ stereoCount: 2 })),
      range("data", /3x2 in bgra with 2 views takes 48$/),
    );
    const gone = new ArrayBuffer(24);
    structuredClone(gone, { transfer: [gone] });
    assertRefusedNow(() => VideoFrame.fromBuffer(gone, settings()), range("data", /^Cannot use data of 0 bytes/));
  });

  it("refuses settings that are unknown, missing, of the wrong type or out of their range", () => {
    const cases: readonly (readonly [Record<string, unknown>, Refusal])[] = [
      [{ cols: 3 }, type("cols", /unknown; known are colour, width/)],
      [{ colour: undefined }, type("colour", /it must be/)],
      [{ colour: "rgb" }, range("colour", /"rgb"/)],
      [{ width: undefined }, type("width", /must be a number/)],
      [{ width: 0 }, range("width", /from 1 to 16384/)],
      [{ height: 16_385 }, range("height", /from 1 to 16384/)],
      [{ height: "2" }, type("height", /must be a number/)],
      [{ stereoCount: 9 }, range("stereoCount", /from 1 to 8/)],
      [{ pts: 1 }, type("timeBase", /^Cannot use pts 1: it needs a timeBase$/)],
      [{ pts: 1.5, timeBase: { num: 1, den: 25 } }, range("pts", /must be a whole number/)],
      [{ pts: 2 ** 53, timeBase: { num: 1, den: 25 } }, range("pts", /must be a whole number/)],
      [{ pts: "1", timeBase: { num: 1, den: 25 } }, type("pts", /must be a number/)],
      [{ pts: 1n, timeBase: { num: 1, den: 25 } }, type("pts", /must be a number/)],
      [{ timeBase: { num: 1, den: 25 } }, type("pts", /without pts/)],
      [{ pts: 1, timeBase: { num: 0, den: 25 } }, range("timeBase", /timebase 0\/25: both terms must be integers/)],
      [{ pts: 1, timeBase: { num: 1 } }, type("timeBase", /must be \{ num, den \}/)],
      [{ pts: 1, timeBase: 25 }, type("timeBase", /must be an object/)],
      [{ timestamp: 1, pts: 1, timeBase: { num: 1, den: 25 } }, range("timestamp", /excludes pts and timeBase/)],
      [{ timestamp: 0.5 }, range("timestamp", /must be a whole number/)],
      [{ timestamp: Number.NaN }, range("timestamp", /must be finite/)],
      [{ duration: -1 }, range("duration", /must be a whole number/)],
      [{ sequence: -1 }, range("sequence", /must be a whole number/)],
      [{ sequence: "1" }, type("sequence", /must be a number/)],
      [{ captureTime: -0.5 }, range("captureTime", /must be 0 or more/)],
      [{ range: "tv" }, range("range", /"limited", "full"/)],
      [{ matrix: "bt470" }, range("matrix", /"bt601", "bt709", "bt2020"/)],
    ];
    for (const [changes, refusal] of cases) {
      assertRefusedNow(() => VideoFrame.fromBuffer(new Uint8Array(24), settings(changes)), refusal);
    }
    assertRefusedNow(
      () => VideoFrame.fromBuffer(new Uint8Array(24), undefined as unknown as VideoFrameSettings),
      type("options", /must be an object/),
    );
  });

  it("keeps its settings", () => {
    const frame = VideoFrame.fromBuffer(
      new Uint8Array(6),
      settings({
        colour: "i420",
        width: 2,
        pts: -3003,
        timeBase: { num: 1, den: 90_000 },
        duration: 33_367,
        sequence: 0,
        captureTime: 12.25,
        range: "full",
        matrix: "bt601",
      }),
    );
    assert.deepEqual([frame.pts, frame.timeBase, frame.timestamp], [-3003, { num: 1, den: 90_000 }, -33_367]);
    assert.deepEqual([frame.duration, frame.sequence, frame.captureTime], [33_367, 0, 12.25]);
    assert.deepEqual([frame.range, frame.matrix], ["full", "bt601"]);
  });

  it("takes a time in microseconds", () => {
    const frame = VideoFrame.fromBuffer(new Uint8Array(24), settings({ timestamp: 40_000 }));
    assert.deepEqual([frame.pts, frame.timeBase, frame.timestamp], [40_000, { num: 1, den: 1_000_000 }, 40_000]);
    assert.equal(VideoFrame.fromBuffer(new Uint8Array(24), settings({ timestamp: 0 })).timestamp, 0);
  });

  it("rounds its time to microseconds", () => {
    const at = (pts: number, num: number, den: number) =>
      VideoFrame.fromBuffer(new Uint8Array(24), settings({ pts, timeBase: { num, den } })).timestamp;
    assert.equal(at(1, 1001, 30_000), 33_367);
    assert.equal(at(2, 1, 3), 666_667);
    assert.equal(at(90_000 * 86_400, 1, 90_000), 86_400_000_000);
    assert.equal(at(86_400_000_000_000, 1, 1_000_000_000), 86_400_000_000);
  });

  it("leaves the memory alone when it is closed", () => {
    const data = new Uint8Array(24).fill(5);
    const frame = VideoFrame.fromBuffer(data, settings());
    frame.close();
    assertRefusedNow(() => frame.data(), CLOSED);
    assert.deepEqual([data.length, data[0]], [24, 5]);
  });

  it("comes from image data", () => {
    const image = { data: new Uint8ClampedArray(24).fill(9), width: 3, height: 2 };
    const frame = VideoFrame.fromImageData(image, { timestamp: 5 });
    assert.deepEqual([frame.colour, frame.width, frame.height, frame.timestamp], ["rgba", 3, 2, 5]);
    frame.data()[0] = 1;
    assert.equal(image.data[0], 1);
    assertRefusedNow(() => VideoFrame.fromImageData({ ...image, width: 2 }), range("data", /2x2 in rgba takes 16$/));
    assertRefusedNow(() => VideoFrame.fromImageData(null as unknown as ImageData), type("image", /data, width/));
    assertRefusedNow(
      () => VideoFrame.fromImageData({ width: 3, height: 2 } as unknown as ImageData),
      type("data", /ArrayBuffer/),
    );
  });
});

describe("a frame in the words of WebCodecs", () => {
  it("has its format and sizes", () => {
    const formats = COLOURS.map((colour) => new VideoFrame(colour, 5, 3).format);
    assert.deepEqual(formats, ["BGRA", "I420", "UYVY", "RGBA", "NV12"]);
    const { codedWidth, codedHeight, displayWidth, displayHeight, codedRect, visibleRect } = new VideoFrame(
      "i420",
      5,
      3,
    );
    assert.deepEqual([codedWidth, codedHeight, displayWidth, displayHeight], [5, 3, 5, 3]);
    assert.deepEqual([codedRect, visibleRect], Array(2).fill({ x: 0, y: 0, width: 5, height: 3 }));
  });

  it("has its colour, null if unknown", () => {
    const colourOf = (changes: Record<string, unknown>) => {
      const bytes = changes["colour"] === "i420" ? 6 : 16;
      return VideoFrame.fromBuffer(new Uint8Array(bytes), settings({ width: 2, ...changes })).colorSpace;
    };
    const unknown = { primaries: null, transfer: null };
    assert.deepEqual(colourOf({ colour: "i420" }), { ...unknown, matrix: null, fullRange: null });
    assert.deepEqual(colourOf({ colour: "bgra" }), { ...unknown, matrix: "rgb", fullRange: true });
    for (const [matrix, name] of [["bt601", "smpte170m"], ["bt709", "bt709"], ["bt2020", "bt2020-ncl"]]) {
      const limited = colourOf({ colour: "i420", matrix, range: "limited" });
      assert.deepEqual(limited, { ...unknown, matrix: name, fullRange: false });
    }
    assert.equal(colourOf({ colour: "i420", range: "full" }).fullRange, true);
  });

  const forCanvas = { skip: "ImageData" in globalThis ? false : "this runtime has no ImageData" };
  it("gives the pixels of RGBA to a canvas without a copy", forCanvas, () => {
    const frame = new VideoFrame("rgba", 3, 2, 2);
    const image = frame.imageData(1);
    assert.deepEqual([image.width, image.height, image.colorSpace], [3, 2, "srgb"]);
    image.data[0] = 300;
    assert.equal(frame.data(1)[0], 255);
    assert.equal(new ImageData(image.data, image.width).height, 2);
    for (const colour of COLOURS.filter((one) => one !== "rgba")) {
      assertRefusedNow(
        () => new VideoFrame(colour, 2, 2).imageData(),
        range(
          "colour",
          new RegExp(`in ${colour}: it must be in rgba; attach the observer with \\{ colour: "rgba" \\}`),
        ),
      );
    }
  });
});

describe("a clone", () => {
  it("is another frame with the same samples and metadata", () => {
    const frame = VideoFrame.fromBuffer(
      Uint8Array.from({ length: 24 }, (_, index) => index),
      settings({
        width: 1,
        stereoCount: 3,
        timestamp: 7,
        duration: 3,
        sequence: 5,
        captureTime: 2,
        range: "full",
        matrix: "bt709",
      }),
    );
    const clone = frame.clone();
    for (const view of [0, 1, 2]) assert.deepEqual(clone.data(view), frame.data(view));
    for (const name of Object.keys(Object.getOwnPropertyDescriptors(VideoFrame.prototype)) as (keyof VideoFrame)[]) {
      if (typeof frame[name] !== "function") assert.deepEqual(clone[name], frame[name], String(name));
    }
    clone.data()[0] = 99;
    assert.equal(frame.data()[0], 0);
    frame.close();
    assert.equal(clone.data()[0], 99);
    clone.close();
    assertRefusedNow(() => clone.clone(), CLOSED);
  });
});

describe("a closed frame", () => {
  it("has views of length 0, and refuses new ones", () => {
    const frame = new VideoFrame("rgba", 4, 4, 2);
    const views = [
      frame.data(),
      frame.data(1),
      frame.data(1).subarray(3, 9),
      frame.planes()[0]?.data,
      frame.imageData().data,
    ];
    const [component] = frame.components();
    frame.close();
    frame.close();
    assert.deepEqual(views.map((view) => view?.length), [0, 0, 0, 0, 0]);
    assertRefusedNow(() => component?.at(0, 0), CLOSED);
    assertRefusedNow(() => component?.set(0, 0, 1), CLOSED);
    const reads: readonly (readonly [() => unknown, string])[] = [
      [() => frame.data(), "read the data of"],
      [() => frame.data(1), "read the data of"],
      [() => frame.planes(), "read the planes of"],
      [() => frame.components(), "read the components of"],
      [() => frame.imageData(), "make image data of"],
      [() => frame.clone(), "clone"],
      [() => frame.allocationSize(), "measure a copy of"],
    ];
    for (const [read, action] of reads) {
      assertRefusedNow(read, { ...CLOSED, says: new RegExp(`^Cannot ${action} the frame: it is closed$`) });
    }
  });

  it("still has its metadata", () => {
    const frame = VideoFrame.fromBuffer(new Uint8Array(24), settings({ timestamp: 7, sequence: 5 }));
    frame[Symbol.dispose]();
    const { colour, width, rows, stereoCount, timestamp, sequence, format } = frame;
    assert.deepEqual([colour, width, rows, stereoCount, timestamp, sequence, format], ["bgra", 3, 2, 1, 7, 5, "BGRA"]);
    assert.equal(frame.dataLength(), 24);
  });

  it("is one whose memory a program has transferred away", () => {
    const frame = new VideoFrame("rgba", 4, 4);
    const { buffer } = frame.data();
    const taken = structuredClone(buffer, { transfer: [buffer] });
    assertRefusedNow(() => frame.data(), { ...CLOSED, says: /: its memory was transferred away$/ });
    frame.close();
    assert.equal(taken.byteLength, 64);
  });
});
