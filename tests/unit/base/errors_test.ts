import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorOf } from "../../../src/base/errors.ts";

describe("errors", () => {
  it("have their own names, codes and base class", () => {
    const record = { code: "io", stage: "mux", message: "Cannot write" } as const;
    const names = (["library", "source", "target", "observer"] as const).map((side) => errorOf(side, record).name);
    assert.deepEqual(names, ["GiftGrabError", "VideoSourceError", "VideoTargetError", "ObserverError"]);
    const refused = errorOf("target", { code: "invalid_argument", stage: "options", message: "no", field: "gop" });
    assert(refused instanceof RangeError);
    assert.equal(refused.field, "gop");
  });
});
