/**
 * Capture devices, in a machine with a kernel of its own whose cameras are virtual: this runtime is booted in it once.
 *
 * What the program in it finds is judged here, and its recordings are read by FFmpeg's tools. The machine is emulated, so
 * it is slow: what is measured in it counts only where nothing else runs.
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { GapReport, LiveStats, RecordingReport, SourceStats } from "../../mod.ts";
import type { CaseLine, Findings } from "../fixtures/v4l2_guest.ts";
import type { FaultFinding } from "../fixtures/v4l2/faults.ts";
import { fileArgument, text } from "../helpers/command.ts";
import { makeFile } from "../helpers/ffmpeg.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { countFrames, presentationTimes, probe } from "../helpers/probe.ts";
import { isFullProof, proofOnly, QUIET } from "../helpers/proof.ts";
import { Job, runInMachine, whereMachine } from "../helpers/v4l2_machine.ts";

const GUEST = new URL("../fixtures/v4l2_guest.ts", import.meta.url);
/** What the cameras play that hand over coded frames. */
const CAMERAS = { mjpeg: "camera-mjpeg.mkv", h264: "camera-h264.ts" } as const;
const POLICIES = ["hold", "black", "segment"] as const;

/** Settings of a test that measures in the machine. */
const timed = proofOnly(QUIET);

describe("capture devices in a machine of their own", whereMachine(), () => {
  const lines = new Map<string, CaseLine>();
  let job: Job;
  let words = "";
  let isDone = false;

  before(async () => {
    job = new Job();
    const picture = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=15:duration=4"];
    await makeFile(job.file(CAMERAS.mjpeg), ...picture, "-c:v", "mjpeg", "-pix_fmt", "yuvj422p");
    // Each key frame with its parameters, as cameras send them.
    const coded = [
      "-c:v",
      "libx264",
      "-pix_fmt",
      "yuv420p",
      "-g",
      "15",
      "-bf",
      "0",
      "-x264-params",
      "repeat-headers=1",
    ];
    await makeFile(job.file(CAMERAS.h264), ...picture, ...coded);
    const run = await runInMachine(GUEST, job.folder);
    words = run.words;
    for (const each of run.lines) {
      const line = JSON.parse(each) as CaseLine | { readonly done: true };
      if ("done" in line) isDone = true;
      else lines.set(line.name, line);
    }
    const times = [...lines.values()].map(({ name, tookMs }) => `${name} ${(tookMs / 1000).toFixed(1)} s`);
    console.log(`in the machine: ${times.join(", ")}; over at ${[...lines.values()].at(-1)?.uptime} s`);
  });
  after(() => job.remove());

  /** What the case found; fails if it did not end well. */
  function found<Name extends keyof Findings>(name: Name): Findings[Name] {
    const line = lines.get(name) as CaseLine<Name> | undefined;
    assert.ok(line !== undefined, `the case "${name}" has not run: ${words}`);
    if ("failed" in line) assert.fail(`${line.failed.name} ${line.failed.code ?? ""} ${line.failed.stack}\n${words}`);
    return line.found;
  }

  /** The counts of a live source. */
  function live(stats: SourceStats): LiveStats {
    assert.ok(stats.live, JSON.stringify(stats));
    return stats.live;
  }

  /** Asserts that the driver's numbers are all accounted for. */
  function assertSpan(stats: SourceStats): void {
    const { sequenceSpan, lost, damaged, withheld } = live(stats);
    assert.equal(stats.captured + lost + damaged + withheld + stats.missed, sequenceSpan, JSON.stringify(stats));
    const { meanMs, p50Ms, maxMs } = live(stats).age;
    for (const age of [meanMs, p50Ms, maxMs]) assert.ok(age >= 0, JSON.stringify(stats));
  }

  /** Asserts that the files of a report hold what it says. */
  async function assertFiles(report: RecordingReport): Promise<void> {
    assertLedger(report.stats.frames);
    assert.equal(report.stats.frames.failed, 0);
    assert.ok(report.finalised && report.exists && report.synced, JSON.stringify(report));
    let frames = 0;
    for (const { path, frames: said, width, height } of report.segments) {
      const file = job.file(path.split("/").at(-1) ?? "");
      assert.equal(await countFrames(file), said, file);
      const { width: w, height: h } = await probe(file);
      assert.deepEqual([w, h], [width, height]);
      const times = await presentationTimes(file);
      for (const [index, time] of times.entries()) {
        assert.ok(index === 0 || time > (times[index - 1] ?? NaN), `${file}: ${times[index - 1]} then ${time}`);
      }
      frames += said;
    }
    assert.equal(frames, report.stats.frames.written);
  }

  it("runs to its end", () => assert.ok(isDone, words));

  describe("without a fault", () => {
    it("is listed with its inputs and modes, and so are the cameras that nobody feeds not", () => {
      const { devices } = found("list");
      assert.deepEqual(devices.map(({ path }) => path), ["/dev/video0"], JSON.stringify(devices));
      const [device] = devices;
      assert.ok(device !== undefined);
      assert.equal(device.driver, "vivid");
      assert.equal(device.inputs.length, 2, JSON.stringify(device));
      assert.notEqual(device.id, device.path);
    });

    it("is recorded, and every number of its driver is accounted for", async () => {
      const { source, report } = found("record");
      assertSpan(source);
      await assertFiles(report);
      assert.deepEqual([report.width, report.height], [320, 180]);
      // The others were lost before the first one that was recorded.
      assert.ok(report.stats.lost <= live(source).lost);
      assert.equal(report.stats.gaps, 0);
    });

    /** How many seconds the recording is too long, by the numbers of the driver and by the clock of the program. */
    async function excess(): Promise<{ byNumbers: number; byClock: number }> {
      const { report, elapsedSeconds } = found("record");
      const duration = (await probe(job.file("record.mkv"))).durationSeconds ?? NaN;
      assert.ok(Math.abs(duration - report.stats.durationSeconds) <= 0.001, `${duration} s`);
      const { frames, lost } = report.stats;
      return { byNumbers: duration - (frames.captured + lost) / 30, byClock: duration - elapsedSeconds };
    }

    it("is recorded for as long as reality lasted, as far as its frames come in time", async () => {
      const { byNumbers } = await excess();
      const latest = live(found("record").source).age.maxMs / 1000;
      assert.ok(Math.abs(byNumbers) <= 2 / 30 + latest, `${byNumbers} s`);
    });

    it("is recorded for as long as reality lasted, within one frame", timed, async () => {
      const { byNumbers, byClock } = await excess();
      assert.ok(Math.abs(byNumbers) <= 1 / 30 + 0.001, `${byNumbers} s`);
      // The clock of the machine has steps of 10 ms, and a frame may come between the last look and the end.
      assert.ok(Math.abs(byClock) <= 2 / 30 + 0.01, `${byClock} s`);
    });

    it("drops no frame of Xvid at 320x180 and 30 frames a second", timed, () => {
      const { source, report } = found("record");
      const seconds = isFullProof ? 60 : 10;
      assert.equal(report.stats.frames.dropped, 0, JSON.stringify(report.stats.frames));
      assert.ok(report.stats.frames.written >= seconds * 30, JSON.stringify(report.stats.frames));
      assert.equal(source.missed, 0, JSON.stringify(source));
      // The kernel of the machine loses one now and then, which is told.
      assert.ok(report.stats.lost <= seconds / 10, JSON.stringify(source));
    });

    it("is watched at 640x360, and is one object", () => {
      const { sizes, source, isSame, frames } = found("watch");
      assert.deepEqual(sizes, ["640x360"]);
      assert.ok(isSame);
      assert.ok(frames > 0);
      assertSpan(source);
    });

    it("is watched from HDMI at 720p24, whose signal had another mode before", () => {
      const { before, sizes, source, isSame, rate } = found("hdmi");
      assert.ok(before.width > 0 && before.height > 0);
      assert.deepEqual(sizes, ["1280x720"]);
      assert.ok(isSame);
      assertSpan(source);
      // It had 60 before.
      assert.ok(Math.abs(rate - 24) <= (isFullProof ? 1 : 12), `${rate} frames a second`);
    });

    it("refuses what it does not have, and names the nearest", () => {
      const { size, rate, format, input, control, absent, unfed } = found("refused");
      assert.equal(size.code, "unsupported_mode");
      assert.match(size.message, /320x180/);
      assert.equal(rate.code, "unsupported_mode");
      assert.match(rate.message, /12\.5|25\/2/);
      assert.equal(format.code, "unsupported_mode");
      assert.match(format.message, /YUYV/);
      assert.equal(input.field, "input", JSON.stringify(input));
      assert.equal(control.field?.startsWith("controls"), true, JSON.stringify(control));
      assert.equal(absent.name, "DeviceNotFound", JSON.stringify(absent));
      assert.match(unfed.name, /^(DeviceOffline|DeviceNotFound)$/, JSON.stringify(unfed));
    });

    it("gives frames true times, though its stamps lie in the future", () => {
      const { frames, unstamped, source } = found("stamps");
      assert.equal(unstamped, 0);
      assert.ok(frames.length >= 60);
      for (const [index, { captured, seen }] of frames.entries()) {
        assert.ok(captured > (frames[index - 1]?.captured ?? 0), `frame ${index}`);
        // The clock that it is compared with has steps of 10 ms.
        assert.ok(captured <= seen + 10, `frame ${index} was captured at ${captured} and seen at ${seen}`);
      }
      assertSpan(source);
    });

    it("gives no old frame after a rest", () => {
      const { recordings, state } = found("rest");
      for (const { attachedAt, startedAt, lost } of recordings) {
        // Both are of the wall clock; a period and a half is 50 ms.
        assert.ok(startedAt >= attachedAt - 50, JSON.stringify(recordings));
        assert.ok(lost >= 0);
      }
      assert.equal(state, "resting");
    });

    it("gives a first frame that is at most one and a half periods old", timed, () => {
      for (const { firstAgeMs } of found("rest").recordings) assert.ok(firstAgeMs <= 50 + 10, `${firstAgeMs} ms`);
    });

    it("keeps the pace of its frames while JavaScript is busy half of the time", async () => {
      const { source, report } = found("busy");
      assertSpan(source);
      await assertFiles(report);
      assert.equal(report.stats.frames.captured, source.captured);
    });

    it("loses no frame to JavaScript, and moves none", timed, async () => {
      const { source, report } = found("busy");
      assert.equal(report.stats.frames.dropped + source.missed, 0, JSON.stringify(source));
      assert.ok(source.interval.p99Ms <= 60, JSON.stringify(source.interval));
      const times = await presentationTimes(job.file("busy.mkv"));
      const gaps = times.slice(1).map((time, index) => 1000 * (time - (times[index] ?? NaN))).sort((a, b) => a - b);
      assert.ok((gaps[0] ?? 0) >= 10, `${gaps.slice(0, 3)}`);
      assert.ok((gaps[Math.floor(0.99 * gaps.length)] ?? Infinity) <= 60, `${gaps.slice(-5)}`);
    });
  });

  describe("with a fault", () => {
    const LOSSES = {
      disconnect: ["device_lost"],
      fatal: ["device_lost"],
      unbound: ["device_lost", "device_not_found"],
      renumbered: ["device_lost", "device_not_found"],
    } as const;

    /** Asserts what every fault has in common. */
    function assertFault({ before, after, resumed, event }: FaultFinding): void {
      assertSpan(before);
      assertSpan(after);
      assert.equal(resumed.state, "live");
      assert.ok((resumed.gap ?? 0) > 0, JSON.stringify(resumed));
      assert.ok(event.message?.startsWith("Cannot "), JSON.stringify(event));
      // A machine that is too busy has more.
      assert.ok(live(after).gapCount > live(before).gapCount, JSON.stringify(live(after)));
    }

    for (const [name, codes] of Object.entries(LOSSES)) {
      it(`is lost and comes back: ${name}`, () => {
        const fault = found("faults").findings[name as keyof typeof LOSSES];
        assert.equal(fault.event.type, "lost");
        assert.ok((codes as readonly string[]).includes(fault.event.code ?? ""), JSON.stringify(fault.event));
        assertFault(fault);
      });
    }

    it("is found again under another number, with the controls that were set", () => {
      const { otherPath, brightness } = found("faults").findings;
      assert.equal(otherPath, "/dev/video1");
      assert.equal(brightness, 90);
    });

    it("counts a corrupt frame as damaged and goes on", () => {
      const { before, after, said } = found("faults").findings.corrupt;
      assert.equal(live(after).damaged, live(before).damaged + 1);
      assert.deepEqual(said.filter(({ type }) => type !== "warning"), []);
    });

    it("counts frames that the driver drops as lost and goes on", () => {
      const { before, after, said } = found("faults").findings.dropped;
      assert.ok(live(after).lost >= live(before).lost + 5);
      assert.deepEqual(said.filter(({ type }) => type !== "warning"), []);
    });

    it("is stalled when no frame comes, and goes on with the next one", () => {
      const { stall } = found("faults").findings;
      assert.equal(stall.event.type, "stalled");
      assert.equal(stall.event.code, "source_silent");
      assertFault(stall);
    });

    it("says that its signal is gone, and goes on with the signal", () => {
      for (const fault of [found("signals").findings.noSignal, found("signals").findings.noLock]) {
        assert.equal(fault.event.type, "signallost");
        assert.equal(fault.event.code, "no_signal");
        assertFault(fault);
      }
    });

    it("follows a signal of another size", () => {
      const { sizes, now, before, after } = found("signals");
      assert.deepEqual([...new Set(sizes)], ["1280x720", "640x480"]);
      assert.deepEqual(now, { width: 640, height: 480 });
      assertSpan(before);
      assertSpan(after);
    });

    it("is refused while another program uses it, which is named", () => {
      const { busy, pid, frames } = found("used");
      assert.equal(busy.name, "DeviceBusy", JSON.stringify(busy));
      assert.match(busy.message, new RegExp(`ffmpeg.*${pid}`));
      assert.ok(frames >= 3);
    });

    for (const name of ["faults", "signals"] as const) {
      for (const policy of POLICIES) {
        it(`goes on with the recording by the policy ${policy}: ${name}`, async () => {
          const { reports, source } = found(name);
          const report = reports[policy];
          await assertFiles(report);
          assertSpan(source);
          assert.equal(report.stats.gaps, report.gaps.length);
          assert.equal(report.stats.gaps, live(source).gapCount, JSON.stringify(report.gaps));
          const seconds = report.gaps.reduce((sum: number, gap: GapReport) => sum + gap.seconds, 0);
          const { durationSeconds, inserted } = report.stats;
          if (policy === "segment") assert.ok(report.segments.length > 1, JSON.stringify(report.segments));
          else assert.equal(report.segments.length, 1);
          if (policy === "black") assert.ok(inserted > 0);
          else assert.equal(inserted, 0);
          if (policy === "hold") assert.ok(durationSeconds > seconds, `${durationSeconds} s with gaps of ${seconds} s`);
        });
      }
    }

    it("says so within half a second, and goes on within half a second of its return", timed, () => {
      const { disconnect, fatal, unbound, renumbered, stall } = found("faults").findings;
      const { resizedMs, findings: { noSignal, noLock } } = found("signals");
      for (const [name, fault] of Object.entries({ disconnect, fatal, unbound, renumbered, noSignal, noLock })) {
        assert.ok(fault.detectedMs <= 500, `${name}: ${fault.detectedMs} ms`);
        assert.ok(fault.resumedMs <= 500, `${name}: resumed after ${fault.resumedMs} ms`);
      }
      // A device is stalled after half a second without a frame.
      assert.ok(stall.detectedMs <= 600 + 1000 / 15, `stall: ${stall.detectedMs} ms`);
      assert.ok(stall.resumedMs <= 500, `stall: resumed after ${stall.resumedMs} ms`);
      assert.ok(resizedMs <= 500, `${resizedMs} ms`);
      assert.ok(found("used").busy.tookMs <= 500);
    });
  });

  describe("by GIFT-Grab's contract", () => {
    it("T42, T43, T46, T53, T54: is one object with frames of its colour", () => {
      for (const { colour, wanted, isSame, frame } of found("connections")) {
        assert.equal(colour, wanted);
        assert.ok(isSame);
        assert.deepEqual([frame.colour, frame.width, frame.height], [wanted, 320, 180]);
        assert.equal(frame.bytes, 320 * 180 * { bgra: 4, i420: 1.5, uyvy: 2, rgba: 4, nv12: 1.5 }[wanted]);
        assert.ok(frame.values > 1);
      }
    });

    it("T44: is refused in another colour", () => {
      for (const { otherColour, otherMode } of found("connections")) {
        for (const refusal of [otherColour, otherMode]) {
          assert.deepEqual([refusal.name, refusal.code], ["DeviceAlreadyConnected", "device_already_connected"]);
        }
      }
    });

    it("T45: can be had in another colour once it is freed", () => {
      assert.deepEqual(found("connections").map(({ colour, state }) => [colour, state]), [
        ["bgra", "closed"],
        ["i420", "closed"],
        ["uyvy", "closed"],
      ]);
    });

    it("T47, T48: the next frame has the size of the sub-frame, and then the full one", () => {
      const { sizes, expected, negative } = found("crops");
      assert.deepEqual(sizes.map(({ width, height }) => [width, height]), expected);
      assert.equal(negative.field, "x");
    });

    it("T49, T55: each of three observers sees the frames", () => {
      const { seen, source } = found("rate");
      for (const frames of seen) assert.ok(frames >= 15 * 4);
      assertSpan(source);
    });

    it("T49, T55: three observers see 28 of 30 frames", timed, () => {
      for (const rate of found("rate").rates) assert.ok(rate >= 15 * 28 / 30, `${rate} frames a second`);
    });

    it("T51, T52: is recorded three times, with a pause, and as a part", async () => {
      const reports = found("recordings");
      assert.deepEqual(reports.map(({ width, height }) => [width, height]), [[320, 180], [320, 180], [160, 90]]);
      for (const [index, report] of reports.entries()) {
        await assertFiles(report);
        const { frameRate, codec, durationSeconds } = await probe(job.file(`take-${index}.avi`));
        assert.deepEqual([frameRate, codec], [{ num: 15, den: 1 }, "mpeg4"]);
        assert.ok((durationSeconds ?? 0) >= 10 * (index + 1) / 15);
      }
    });
  });

  describe("that hands over coded frames", () => {
    for (const kind of ["mjpeg", "h264"] as const) {
      it(`is decoded for observers: ${kind}`, () => {
        const { frames, unstamped, size: whole, source } = found(kind);
        assert.deepEqual(whole, { width: 160, height: 120 });
        assert.equal(unstamped, 0);
        // What comes before the first key frame of a stream that is joined cannot be decoded.
        assert.ok(source.decodeErrors <= (kind === "mjpeg" ? 0 : 14), `${source.decodeErrors} damaged frames`);
        for (const [index, { captured, seen, size }] of frames.entries()) {
          assert.equal(size, "160x120");
          assert.ok(captured > (frames[index - 1]?.captured ?? 0), `frame ${index}`);
          assert.ok(captured <= seen + 10, `frame ${index}`);
        }
        assertSpan(source);
      });

      it(`is recorded packet by packet, and nothing is decoded: ${kind}`, async () => {
        const { copy, decoded } = found(kind);
        await assertFiles(copy);
        assert.equal(decoded, 0);
        const played = await packetHashes(job.file(CAMERAS[kind]), kind);
        const places = (await packetHashes(job.file(`copy-${kind}.mkv`), kind)).map((hash) => played.indexOf(hash));
        assert.ok(places.length >= 30, `${places.length} packets`);
        assert.ok(!places.includes(-1), `packets that were not played: ${places}`);
        // The camera plays its file again and again.
        const steps = places.slice(1).map((place, index) =>
          (place - (places[index] ?? NaN) + played.length) % played.length
        );
        const missing = steps.reduce((sum, step) => sum + step - 1, 0);
        assert.ok(steps.every((step) => step > 0) && missing <= copy.stats.lost, `${places}; ${copy.stats.lost} lost`);
      });
    }
  });
});

/** The packets of a file without what belongs to its container, each as a hash. */
async function packetHashes(path: string, kind: keyof typeof CAMERAS): Promise<string[]> {
  // Parameters and delimiters stand in every key frame, or in the header; NAL units of the types 6 to 9.
  const bare = kind === "h264" ? ["-bsf:v", "h264_mp4toannexb,filter_units=remove_types=6-9"] : [];
  const args = ["-v", "error", "-i", fileArgument(path), "-map", "0:v:0", "-c", "copy", ...bare, "-f", "framemd5", "-"];
  const lines = (await text("ffmpeg", args)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  // The sixth column; what stands beside a packet follows it.
  return lines.map((line) => line.split(",")[5]?.trim() ?? "");
}
