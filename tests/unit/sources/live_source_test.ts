import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  DeviceAlreadyConnected,
  DeviceNotFound,
  NetworkSourceUnavailable,
  type SourceStateEvent,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../../mod.ts";
import { useBackend } from "../../../src/native/context.ts";
import { FakeBackend } from "../../helpers/fake_backend.ts";
import { settled } from "../../helpers/fixture.ts";

const factory = VideoSourceFactory.getInstance();

function fake(): FakeBackend {
  const backend = new FakeBackend();
  useBackend(backend);
  return backend;
}

const gone = {
  code: "device_lost",
  stage: "source",
  message: "Cannot go on with the device: it was unplugged",
} as const;
const gap = { fromSeconds: 1, seconds: 2.5, beganAt: "2026-01-01T00:00:01.000Z", cause: gone };

describe("a live source", () => {
  it("reports what happens to it by an event with a cause and a time", async () => {
    const backend = fake();
    const camera = await factory.getDevice("/dev/video7", "i420");
    const writer = await VideoTargetFactory.getInstance().createFileWriter("hevc", "a.mp4", 25);
    camera.attach(writer);
    await settled();
    const seen: SourceStateEvent[] = [];
    for (const type of ["stalled", "signallost", "lost", "resumed"] as const) {
      camera.addEventListener(type, (event) => seen.push(event));
    }
    const at = "2026-01-01T00:00:03.000Z";
    backend.emit(1, { type: "state", state: "live", at });
    backend.emit(1, { type: "state", state: "stalled", at, cause: { ...gone, code: "source_silent" } });
    backend.emit(1, { type: "state", state: "nosignal", at, cause: { ...gone, code: "no_signal" } });
    backend.emit(1, { type: "state", state: "lost", at, cause: gone });
    backend.emit(1, { type: "state", state: "live", at, gap });
    await settled();
    assert.deepEqual(seen.map(({ type }) => type), ["stalled", "signallost", "lost", "resumed"]);
    assert.deepEqual(seen.map(({ error }) => error?.code), ["source_silent", "no_signal", "device_lost", undefined]);
    assert(seen[2]?.error instanceof DeviceNotFound);
    assert.deepEqual([seen[3]?.at, seen[3]?.gap], [at, gap]);
    await camera.close();
    assert.equal(camera.state, "closed");
  });

  it("asks for its host before native code connects, and keeps secrets out of its name", async () => {
    const backend = fake();
    const url = "rtsp://ann:secret@camera/stream";
    const stream = await factory.connectNetworkSource(url, "i420", { transport: "udp" });
    assert.deepEqual(backend.calls, [`check_address 0 ${url}`, "net camera:554"]);
    await stream.close();
    assert.throws(() => stream.setSubFrame(0, 0, 1, 1), (error) => !String(error).includes("secret"));
  });

  it("is a typed error where it cannot be reached", async () => {
    const backend = fake();
    backend.refusals.set("open", { code: "network_unavailable", stage: "source", message: "Cannot open the stream" });
    await assert.rejects(factory.connectNetworkSource("rtsp://camera", "i420"), NetworkSourceUnavailable);
  });
});

describe("a capture device", () => {
  it("is one object however often it is asked for, until it is freed", async () => {
    fake();
    const [one, two] = await Promise.all([
      factory.getDevice("/dev/video1", "i420"),
      factory.getDevice("/dev/video1", "i420"),
    ]);
    assert.equal(one, two);
    assert.equal(one.id, "bus:/dev/video1");
    await assert.rejects(factory.getDevice("/dev/video1", "bgra"), (error) => {
      return error instanceof DeviceAlreadyConnected && error.code === "device_already_connected" &&
        error.field === "colour";
    });
    await assert.rejects(factory.getDevice("/dev/video1", "i420", { width: 64, height: 48 }), DeviceAlreadyConnected);
    await factory.freeDevice("/dev/video1");
    const again = await factory.getDevice("/dev/video1", "bgra");
    assert.notEqual(again, one);
    await again.close();
  });

  it("that could not be opened can be asked for again", async () => {
    const backend = fake();
    backend.refusals.set("open", {
      code: "device_busy",
      stage: "source",
      message: "Cannot open the device: it is in use",
    });
    await assert.rejects(factory.getDevice("/dev/video2", "i420"), { code: "device_busy" });
    backend.refusals.clear();
    const camera = await factory.getDevice("/dev/video2", "i420");
    await camera.close();
  });

  it("has controls by name", async () => {
    const backend = fake();
    const camera = await factory.getDevice("/dev/video3", "i420", { controls: { brightness: 40 } });
    assert.deepEqual(await camera.controls(), []);
    assert.equal(await camera.getControl("brightness"), 7);
    await camera.setControl("auto_exposure", "Manual Mode");
    assert(backend.calls.includes("set_control 1 auto_exposure Manual Mode"));
    await assert.rejects(camera.setControl("brightness", 1.5), RangeError);
    await assert.rejects(camera.setControl("brightness", null as never), TypeError);
    await camera.close();
    assert.throws(() => camera.controls(), { code: "closed" });
  });

  it("is refused with wrong settings before anything is opened", async () => {
    const backend = fake();
    for (
      const [settings, field] of [
        [{ width: 0 }, "width"],
        [{ controls: { a: {} } }, "controls.a"],
        [{ frameRate: -1 }, "frameRate"],
        [{ nonsense: 1 }, "nonsense"],
        [{ openTimeoutMs: 5 }, "openTimeoutMs"],
      ] as const
    ) {
      await assert.rejects(factory.getDevice("/dev/video4", "i420", settings as never), { field });
    }
    await assert.rejects(factory.getDevice(7 as never, "i420"), { field: "device" });
    await assert.rejects(factory.getDevice("/dev/video4", "red" as never), { field: "colour" });
    assert.deepEqual(backend.calls, []);
  });
});
