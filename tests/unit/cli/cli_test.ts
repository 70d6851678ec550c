import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commandOf, type Recording, UsageError } from "../../../src/cli/arguments.ts";
import { framesIn, record, stamp, usualRate } from "../../../src/cli/recording.ts";
import { Printer } from "../../../src/cli/printer.ts";
import { bytesOf, clockOf, playCommand, problemsOf, reportText } from "../../../src/cli/report.ts";
import { errorOf } from "../../../src/base/errors.ts";
import type { DropReason } from "../../../src/generated/contract.ts";
import type { VideoSource } from "../../../mod.ts";
import { useBackend } from "../../../src/native/context.ts";
import { FakeBackend } from "../../helpers/fake_backend.ts";
import { until } from "../../helpers/fake_frames.ts";
import { FakeTerminal } from "../../helpers/fake_terminal.ts";
import { onlyDeno } from "../../helpers/runtime.ts";

function recordingOf(...args: string[]): Recording {
  const command = commandOf(args);
  assert(command.verb === "record");
  return command.recording;
}

describe("the rate of a recording", () => {
  const infoOf = (num: number, den: number, isVariableRate = false) => ({
    info: { frameRate: { num, den }, isVariableRate } as VideoSource["info"],
  });

  it("is that of the source, or its times where it has no rate that a writer takes", () => {
    assert.deepEqual(usualRate(infoOf(30_000, 1001), "a.mp4"), { num: 30_000, den: 1001 });
    assert.equal(usualRate(infoOf(60, 1, true), "a.mp4"), "source");
    assert.equal(usualRate(infoOf(2000, 1), "a.mkv"), "source");
    assert.equal(usualRate(infoOf(1, 3600), "a.mov"), "source");
    assert.deepEqual(usualRate(infoOf(60, 1, true), "a.AVI"), { num: 60, den: 1 });
  });

  it("can be asked for, and so can that of a raw stream", () => {
    assert.equal(recordingOf("--input", "a.mp4", "--rate", "source").rate, "source");
    assert.deepEqual(recordingOf("-i", "a.h264", "--input-rate", "30000/1001").inputRate, { num: 30_000, den: 1001 });
    assert.throws(() => recordingOf("--input-rate", "30"), UsageError);
    assert.throws(() => recordingOf("-i", "a.mp4", "--rate", "vfr"), UsageError);
  });
});

describe("the arguments of `deno task record`", () => {
  it("have defaults that fit the source", () => {
    const pattern = recordingOf();
    assert.deepEqual([pattern.codec, pattern.seconds, pattern.pacing], ["hevc", 10, "realtime"]);
    const file = recordingOf("--input", "a.mp4");
    assert.deepEqual([file.seconds, file.pacing], [undefined, "asap"]);
    assert.equal(recordingOf("--input", "a.mp4", "--seconds", "2").pacing, "realtime");
  });

  it("are read", () => {
    const recording = recordingOf(
      ..."--codec VP9 --seconds 2.5 --rate 30000/1001 --size 640x480 --colour BGRA --bit-rate 4.5M --gop 12".split(" "),
      ..."--profile quality --threads 2 --encoder x --overwrite --no-finalise".split(" "),
      ..."--encoder-option a=b=c --encoder-option d= --title".split(" "),
      "My title",
    );
    assert.deepEqual(recording, {
      input: undefined,
      live: undefined,
      output: undefined,
      codec: "vp9",
      seconds: 2.5,
      rate: { num: 30000, den: 1001 },
      inputRate: undefined,
      size: { width: 640, height: 480 },
      colour: "bgra",
      track: undefined,
      autorotate: false,
      pacing: "realtime",
      settings: {
        bitRate: 4_500_000,
        gop: 12,
        profile: "quality",
        threads: 2,
        encoder: "x",
        encoderOptions: { a: "b=c", d: "" },
        metadata: { title: "My title" },
        overwrite: true,
        finalise: false,
      },
    });
  });

  it("have the short forms of ffmpeg", () => {
    const { input, output } = recordingOf("-i", "a.mp4", "-o", "b.mkv");
    assert.deepEqual([input, output], ["a.mp4", "b.mkv"]);
  });

  it("leave the codec to the extension of the output", () => {
    const chosen = ["a.webm", "a.AVI", "a.mkv", "a.mp4", "a.m4v", "a.mov", "a.ts", "a.xyz"].map((output) =>
      recordingOf("--output", output).codec
    );
    assert.deepEqual(chosen, ["vp9", "xvid", "hevc", "hevc", "hevc", "hevc", "hevc", "hevc"]);
    assert.equal(recordingOf("--output", "a.webm", "--codec", "av1").codec, "av1");
  });

  it("name files by paths or by file:// URLs", () => {
    const { input, output, codec } = recordingOf("-i", "file:///a%20b/c.mp4", "-o", "FILE:///d.webm");
    assert.deepEqual([input, output, codec], ["/a b/c.mp4", "/d.webm", "vp9"]);
    assert.equal(recordingOf("-i", "file:a.mp4").input, "file:a.mp4", "a name like any other");
    for (
      const [text, why] of [
        ["file://there/a.mp4", "it names another computer"],
        ["file://a:b", "it is no URL; write a path, or file:///FOLDER/NAME"],
      ] as const
    ) {
      assert.throws(() => commandOf(["-i", text]), {
        code: "invalid_argument",
        message: `Cannot use --input "${text}": ${why}`,
      });
    }
  });

  it("are refused in one sentence", () => {
    const wrong: readonly [string, RegExp][] = [
      ["--speed 3", /--speed/],
      ["file.mp4", /file\.mp4/],
      ["--codec mpeg2", /^Cannot use --codec "mpeg2": it must be one of hevc, /],
      ["--seconds 0", /^Cannot use --seconds "0": it must be above 0$/],
      ["--seconds x", /it must be a number$/],
      ["--size 640", /as 1280x720$/],
      ["--input a.mp4 --size 64x64", /a file has its own size$/],
      ["--input a.mp4 --colour bgra", /in its own colours$/],
      ["--track 1", /^Cannot use --track without --input: /],
      ["--autorotate", /^Cannot use --autorotate without --input: /],
      ["--input a.mp4 --track x", /it must be a number$/],
      ["--seconds 2147484", /it must be at most 2147483$/],
      ["--input a.mp4 --seconds 3 --pacing asap", /only in real time/],
      ["--bit-rate 4G", /4M$/],
      ["--encoder-option x", /as tune=grain$/],
      ["--pacing slow", /realtime, asap$/],
    ];
    for (const [args, message] of wrong) {
      assert.throws(() => commandOf(args.split(" ")), (error: unknown) => {
        assert(error instanceof UsageError);
        assert.match(error.message, message);
        return true;
      });
    }
  });

  it("choose the verb", () => {
    assert.equal(commandOf(["--help"]).verb, "help");
    assert.equal(commandOf(["--version"]).verb, "version");
    assert.deepEqual(commandOf(["--list", "--json"]), { verb: "list", json: true });
  });
});

describe("a recording from the command line", () => {
  it("counts frames without a rounding error", () => {
    assert.equal(framesIn(0.1, 30), 3);
    assert.equal(framesIn(10, 59.94), 600);
    assert.equal(framesIn(1e-8, 30), 1, "0 would be all of them");
    assert.equal(framesIn(2, 30000 / 1001), 60);
  });

  it("has a name that sorts by time", () => {
    assert.equal(stamp(new Date(2026, 0, 2, 3, 4, 5)), "2026-01-02-03-04-05");
  });

  it("has readable numbers", () => {
    assert.equal(bytesOf(999), "999 B");
    assert.equal(bytesOf(1_234_567), "1.2 MB");
    assert.equal(clockOf(7.4), "0:07");
    assert.equal(clockOf(3723), "1:02:03");
  });

  it("says how to play it in a shell", () => {
    const commands = {
      "recordings/a-1.mp4": "recordings/a-1.mp4",
      "a b.mp4": "'a b.mp4'",
      "it's.mp4": `'it'\\''s.mp4'`,
      "~a.mp4": "'~a.mp4'",
      "=a.mp4": "'=a.mp4'",
      "-x.mp4": "./-x.mp4",
      "- x.mp4": "'./- x.mp4'",
      "12:30.mp4": "./12:30.mp4",
      "a:b/c.mp4": "./a:b/c.mp4",
      "/a:b.mp4": "/a:b.mp4",
      "a/b:c.mp4": "a/b:c.mp4",
    };
    for (const [path, word] of Object.entries(commands)) assert.equal(playCommand(path), `ffplay ${word}`);
  });

  it("keeps its report when the source cannot be closed", onlyDeno("the command line is run by Deno"), async () => {
    const backend = new FakeBackend();
    useBackend(backend);
    const close = backend.close.bind(backend);
    backend.close = (handle, side) => {
      if (handle !== 1) return close(handle, side);
      throw errorOf(side, { code: "internal", stage: "boundary", message: "Cannot close" });
    };
    const outcome = record(recordingOf("--output", "a.mp4"), new Printer(Deno.stderr));
    await until(() => backend.calls.includes("start 1"));
    backend.end(1);
    const { report, problems } = await outcome;
    assert.equal(report?.exists, true);
    assert.deepEqual(problems, ["Cannot close"]);
  });

  it(
    "says that it records only once source and file are open",
    onlyDeno("the command line is run by Deno"),
    async () => {
      const backend = new FakeBackend();
      useBackend(backend);
      backend.refusals.set("open", { code: "not_found", stage: "source", message: "Cannot read" });
      const terminal = new FakeTerminal();
      await assert.rejects(record(recordingOf("--input", "in.mp4"), new Printer(terminal)), /Cannot read/);
      assert.equal(terminal.text, "");
      backend.refusals.clear();
      const outcome = record(recordingOf("-i", "in.mp4", "-o", "out.mkv"), new Printer(terminal));
      await until(() => backend.calls.includes("start 1"));
      assert.equal(terminal.text, 'Recording "in.mp4" into "out.mkv"\n');
      backend.end(1);
      await outcome;
    },
  );

  it("is a failure unless it has every frame that a user expects", () => {
    const backend = new FakeBackend();
    const report = backend.report(1);
    const none = backend.stats(1, "source");
    const counted = (frames: object, source: object = {}): string[] =>
      problemsOf({ ...report, stats: { ...report.stats, frames: { ...report.stats.frames, ...frames } } }, {
        ...none,
        ...source,
      });
    const dropped = (reason: DropReason): string[] =>
      counted({ captured: 3, written: 2, dropped: 1, drops: [{ reason, stage: "hub", frames: 1 }] });
    assert.deepEqual(counted({ captured: 3, written: 3 }), []);
    assert.deepEqual(dropped("frame_rate"), [], "--rate asks for fewer");
    assert.deepEqual(dropped("detached"), [], "Ctrl-C came first");
    assert.deepEqual(dropped("encoder_overload"), ["frames dropped (encoder overload): 1"]);
    assert.equal(counted({ captured: 3, written: 2 }).length, 1);
    assert.equal(counted({ captured: 3, written: 2, failed: 1 }).length, 1);
    assert.deepEqual(counted({}, { missed: 2 }), ["frames missed because this machine was too busy: 2"]);
    assert.deepEqual(counted({}, { decodeErrors: 2 }), ["damaged pieces of the input that were skipped: 2"]);
    assert.equal(problemsOf({ ...report, exists: false }, undefined).length, 1);
  });

  it("has in its report what the source itself lost", () => {
    const backend = new FakeBackend();
    const source = { ...backend.stats(1, "source"), missed: 2, decodeErrors: 3 };
    assert.match(reportText(backend.report(1), source), /^ {2}source: 2 missed, 3 undecodable$/m);
  });
});
