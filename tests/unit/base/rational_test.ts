import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { frameRateOf, rationalFromNumber } from "../../../src/base/rational.ts";

describe("frame rates", () => {
  it("are kept as their decimal digits are written", () => {
    const written: readonly [number, string][] = [
      [30, "30/1"],
      [59.94, "2997/50"],
      [60000 / 1001, "60000/1001"],
      [30000 / 1001, "30000/1001"],
      [1 / 3, "1/3"],
      [29.97, "2997/100"],
      [1e-2, "1/100"],
      [23.976, "2997/125"],
      [1.5e-7, "3/20000000"],
      [1e9, "1000000000/1"],
    ];
    for (const [value, text] of written) {
      const { num, den } = rationalFromNumber(value, "frameRate");
      assert.equal(`${num}/${den}`, text);
    }
    assert.deepEqual(frameRateOf({ num: 30000, den: 1001 }), { num: 30000, den: 1001 });
  });

  it("are refused outside their range, with the field named", () => {
    const wrong = [
      0,
      -0,
      -30,
      Number.NaN,
      Infinity,
      1e9,
      1000.5,
      1e-4,
      Math.PI,
      1e300,
      { num: 0, den: 1 },
      {
        num: 1,
        den: 0,
      },
      { num: 1.5, den: 1 },
      { num: 2 ** 31, den: 2 ** 31 },
    ];
    for (const value of wrong) {
      assert.throws(() => frameRateOf(value), { name: "RangeError", code: "invalid_argument", field: "frameRate" });
    }
    for (const value of ["30", null, undefined, {}, [30]]) {
      assert.throws(() => frameRateOf(value as never), { name: "TypeError", field: "frameRate" });
    }
  });
});
