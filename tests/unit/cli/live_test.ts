import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commandOf, UsageError } from "../../../src/cli/arguments.ts";
import { devicesText } from "../../../src/cli/devices.ts";
import { wordsOfLive } from "../../../src/cli/live.ts";

function liveOf(...args: string[]) {
  const command = commandOf(args);
  assert(command.verb === "record");
  return command.recording;
}

describe("a live source on the command line", () => {
  it("is a device with its mode", () => {
    const { live, seconds, pacing } = liveOf(
      ..."--device usb:1 --size 640x480 --rate 30000/1001 --pixel-format MJPG --device-input HDMI".split(" "),
    );
    assert.deepEqual(live, {
      kind: "device",
      name: "usb:1",
      settings: { frameRate: { num: 30000, den: 1001 }, width: 640, height: 480, pixelFormat: "MJPG", input: "HDMI" },
    });
    assert.deepEqual([seconds, pacing], [undefined, "realtime"]);
  });

  it("is a screen, or a part of it", () => {
    const { live, settings } = liveOf(
      ..."--screen --display :7 --region 64x48+10+0 --no-cursor --on-gap black".split(" "),
    );
    assert(live?.kind === "screen");
    assert.deepEqual(live.settings.region, { x: 10, y: 0, width: 64, height: 48 });
    assert.deepEqual([live.settings.display, live.settings.cursor, settings.onGap], [":7", false, "black"]);
  });

  it("is a stream, of whose address no secret is shown", () => {
    const { live } = liveOf("--url", "rtsp://ann:p%40ss@camera/key?token=1", "--transport", "udp");
    assert(live?.kind === "network");
    assert.deepEqual(live.settings, { transport: "udp" });
    const words = wordsOfLive(live);
    for (const secret of ["ann", "p%40ss", "token"]) assert(!words.includes(secret), words);
  });

  for (
    const [args, option] of [
      ["--device a --screen", "screen"],
      ["--input a.mp4 --screen", "screen"],
      ["--region 1x1+0+0", "region"],
      ["--screen --region 1x1", "region"],
      ["--screen --transport tcp", "transport"],
      ["--url rtsp://a --transport sctp", "transport"],
      ["--url rtsp://a --size 64x48", "size"],
      ["--on-gap hold", "on-gap"],
      ["--screen --on-gap wait", "on-gap"],
      ["--device a --pacing asap", "pacing"],
      ["--codec copy", "codec"],
      ["--screen --codec copy", "codec"],
      ["--device a --track 1", "track"],
    ] as const
  ) {
    it(`is refused in one sentence with the option named: ${args}`, () => {
      assert.throws(
        () => commandOf(args.split(" ")),
        (error) =>
          error instanceof UsageError && error.message.includes(`--${option}`) && !error.message.includes("\n"),
      );
    });
  }
});

describe("the list of devices", () => {
  it("has a line for each thing that a user needs", () => {
    assert.equal(devicesText([]), "No capture device is connected to this machine");
    const text = devicesText([{
      id: "usb:046d:0825:1",
      name: "Camera",
      path: "/dev/video0",
      driver: "uvcvideo",
      bus: "usb-1",
      serial: "1",
      usbSpeed: 480,
      problem: null,
      users: [{ pid: 7, name: "obs" }],
      inputs: [{ index: 0, name: "Camera 1", isSelected: true, hasSignal: true }],
      formats: [{
        fourCc: "YUYV",
        name: "yuyv422",
        sizes: [{
          width: 640,
          height: 480,
          range: null,
          rates: [{ rate: { num: 30, den: 1 }, lowest: null }, { rate: { num: 30000, den: 1001 }, lowest: null }],
        }],
      }],
    }]);
    assert.equal(
      text,
      "usb:046d:0825:1  Camera  /dev/video0\n  in use by obs (process 7)\n  YUYV: 640x480 at 30 29.97 fps",
    );
  });
});
