import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { fixture } from "../helpers/fixture.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

describe("the factories", () => {
  it("are one of each", () => {
    assert.equal(VideoSourceFactory.getInstance(), sources);
    assert.equal(VideoTargetFactory.getInstance(), targets);
  });

  it("name the wrong argument of a writer, the rate first", async () => {
    await fixture();
    const refuse = (promise: Promise<unknown>, name: string, field: string): Promise<void> =>
      assert.rejects(promise, { name, field });
    await refuse(targets.createFileWriter("nonsense" as Codec, "", 0), "RangeError", "frameRate");
    await refuse(targets.createFileWriter("HEVC" as Codec, "a.mp4", 25), "RangeError", "codec");
    await refuse(targets.createFileWriter(undefined as never, "a.mp4", 25), "TypeError", "codec");
    await refuse(targets.createFileWriter("hevc", "", 25), "RangeError", "path");
    await refuse(targets.createFileWriter("hevc", "a\0.mp4", 25), "RangeError", "path");
    await refuse(targets.createFileWriter("hevc", 3 as never, 25), "TypeError", "path");
    await refuse(targets.createFileWriter("hevc", new URL("https://a/b.mp4"), 25), "TypeError", "path");
    const settings: readonly [string, object, string?][] = [
      ["speed", { speed: 3 }],
      ["path", { path: "b.mp4" }],
      ["toString", { toString: 1 }],
      ["preset", { preset: 3 }],
      ["encoder", { encoder: null }],
      ["overwrite", { overwrite: "yes" }],
      ["encoderOptions.crf", { encoderOptions: { crf: 3 } }],
      ["metadata.author", { metadata: { author: "me" } }],
      ["metadata", { metadata: [] }],
      ["quality", { quality: Number.NaN }, "RangeError"],
      ["gop", { gop: 1.5 }, "RangeError"],
      ["threads", { threads: -1 }, "RangeError"],
      ["profile", { profile: "best" }, "RangeError"],
      ["stereo", { stereo: "anaglyph" }, "RangeError"],
      ["view", { view: 0.5 }, "RangeError"],
      ["onResize", { onResize: "stop" }, "RangeError"],
      ["metadata", { metadata: new Map([["title", "mine"]]) }],
      ["encoderOptions", { encoderOptions: new Map([["crf", "3"]]) }],
      ["encoderOptions", { encoderOptions: [] }],
      ["options", new Map([["gop", 3]])],
      ["options", new Date()],
      ["options", [] as object],
      ["options", null as never],
    ];
    for (const [field, wrong, name = "TypeError"] of settings) {
      await refuse(targets.createFileWriter("hevc", "a.mp4", 25, wrong), name, field);
    }
  });

  it("name the extensions that fit", async () => {
    await fixture();
    const causes: readonly [string, string][] = [
      ["a.webm", ".webm cannot hold HEVC"],
      ["a.mp4.rrr", ".rrr names no container"],
      ["xxmp4", "it has no extension"],
      ["dir.mp4/.mp4", "it has no extension"],
    ];
    for (const [path, cause] of causes) {
      await assert.rejects(targets.createFileWriter("hevc", path, 25), {
        name: "VideoTargetError",
        code: "container_mismatch",
        message: `Cannot write HEVC to "${path}": ${cause}; use .mp4, .m4v, .mov, .mkv, .ts`,
      });
    }
  });

  it("name the wrong argument of a source", async () => {
    await fixture();
    await assert.rejects(sources.createFileReader("a.mp4", "rgb" as never), { name: "RangeError", field: "colour" });
    await assert.rejects(sources.createFileReader("a.mp4", "i420", { pacing: "fast" as never }), { field: "pacing" });
    await assert.rejects(sources.createFileReader("a.mp4", "i420", { loop: true } as never), { field: "loop" });
    await assert.rejects(sources.createTestPattern({ width: "64" as never }), { name: "TypeError", field: "width" });
    for (const options of [5, [], null, new Map()]) {
      await assert.rejects(sources.createTestPattern(options as never), { name: "TypeError", field: "options" });
    }
    const pattern = await sources.createTestPattern(Object.assign(Object.create(null), { frames: 3 }));
    for (const request of [[], null, "rgba", new Map()]) {
      assert.throws(() => pattern.attach(() => {}, request as never), { name: "TypeError", field: "request" });
    }
    await assert.rejects(sources.createTestPattern({ frameRate: 0 }), { name: "RangeError", field: "frameRate" });
    const narrow = "Cannot use width 15: it must be 16 to 16384";
    await assert.rejects(sources.createTestPattern({ width: 15 }), { name: "RangeError", message: narrow });
    for (const threads of [-1, 0.5, 65]) {
      await assert.rejects(sources.createFileReader("a.mp4", "i420", { threads }), {
        name: "RangeError",
        field: "threads",
      });
    }
  });

  it("hand over what was asked for, and no more", async () => {
    const { backend } = await fixture();
    backend.opened.length = 0;
    await sources.createFileReader(new URL("file:///tmp/a%20b.mp4"), ColourSpace.BGRA, { pacing: "asap" });
    await sources.createTestPattern({ width: 64, frameRate: 59.94 });
    await targets.createFileWriter(Codec.HEVC, "a.MP4", 59.94, { preset: "fast", encoder: undefined as never });
    assert.deepEqual(backend.opened, [
      { kind: "file_reader", options: { path: "/tmp/a b.mp4", colour: "bgra", pacing: "asap" } },
      { kind: "test_pattern", options: { width: 64, frameRate: { num: 2997, den: 50 } } },
      {
        kind: "file_writer",
        options: { codec: "hevc", path: "a.MP4", frameRate: { num: 2997, den: 50 }, preset: "fast" },
      },
    ]);
    assert.deepEqual(backend.calls, ["read /tmp/a b.mp4", "write a.MP4"]);
  });

  it("ask for the folder where files may follow the first one", async () => {
    const { backend } = await fixture();
    backend.calls.length = 0;
    for (const path of ["a.mp4", "b/a.mp4", "/tmp/c/a.mp4", "/a.mp4"]) {
      await targets.createFileWriter("hevc", path, 25, { onResize: "segment" });
      await targets.createFileWriter("hevc", path, 25, { onResize: "scale" });
    }
    const expected = [".", "a.mp4", "b", "b/a.mp4", "/tmp/c", "/tmp/c/a.mp4", "/", "/a.mp4"];
    assert.deepEqual(backend.calls, expected.map((path) => `write ${path}`));
  });

  it("pass native errors on by their side", async () => {
    const { backend } = await fixture();
    backend.refusals.set("open", { code: "not_found", stage: "source", message: "Cannot open", cause: "ENOENT" });
    await assert.rejects(sources.createFileReader("a.mp4", "i420"), { name: "VideoSourceError", cause: "ENOENT" });
    await assert.rejects(targets.createFileWriter("hevc", "a.mp4", 25), { name: "VideoTargetError" });
  });
});
