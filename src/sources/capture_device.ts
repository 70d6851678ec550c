/**
 * Capture devices: cameras and grabbers.
 *
 * @module
 */

import { checkedColour } from "../base/codec.ts";
import { DeviceAlreadyConnected, wrongType } from "../base/errors.ts";
import { checkedOptions, checkPlain, rulesWithout } from "../base/options.ts";
import { frameRateOf } from "../base/rational.ts";
import {
  type ColourSpace,
  type ControlInfo,
  type ControlValue,
  type DeviceInfo,
  type DeviceOptions,
  OPTION_RULES,
  type Rational,
} from "../generated/contract.ts";
import { type Native, openNative } from "../native/context.ts";
import { LiveSource } from "./live_source.ts";
import type { OpenedSource } from "./source.ts";

/** Settings of a capture device besides its name and colour space; what is asked for is given exactly, or refused. */
export interface DeviceSettings extends Omit<DeviceOptions, "device" | "colour" | "frameRate" | "input" | "controls"> {
  /** Frames per second; a number is kept as written. By default 30, or the nearest rate that the device gives. */
  frameRate?: number | Rational | undefined;
  /** The input of a device that has several: its number from 0, or its name. */
  input?: number | string | undefined;
  /** Controls to set, by name, whenever the device is started; all others stay as they are. */
  controls?: Readonly<Record<string, ControlValue>> | undefined;
}

const RULES = rulesWithout(OPTION_RULES.device, "device", "colour");

/** A capture device, made by {@linkcode VideoSourceFactory.getDevice}. */
export class CaptureDevice extends LiveSource {
  /** The identity of the device, which stays the same when it is plugged in again. */
  readonly id: string;
  readonly #opened: OpenedSource;

  /** @internal */
  constructor(id: string, opened: OpenedSource) {
    super(opened);
    this.id = id;
    this.#opened = opened;
  }

  /**
   * Its controls with their values now, such as brightness and exposure.
   *
   * @throws {VideoSourceError} If the device does not answer.
   */
  controls(): Promise<readonly ControlInfo[]> {
    return this.#later({ call: "controls" });
  }

  /**
   * The value of a control now.
   *
   * @param name Name as in {@linkcode CaptureDevice.controls}.
   * @throws {RangeError} If the device has no such control.
   */
  getControl(name: string): Promise<ControlValue> {
    return this.#later({ call: "get_control", name: checkedName(name) });
  }

  /**
   * Sets a control, now and whenever the device comes back.
   *
   * @param name Name as in {@linkcode CaptureDevice.controls}.
   * @param value A number, `true` or `false`, or a text or item of a menu; `true` presses a button.
   * @throws {TypeError | RangeError} If the device has no such control, or the control no such value.
   * @throws {VideoSourceError} If the device refuses it.
   */
  async setControl(name: string, value: ControlValue): Promise<void> {
    await this.#later({
      call: "set_control",
      name: checkedName(name),
      ...checkedOptions({ value }, { value: OPTION_RULES.device.controls.values }),
    });
  }

  #later<const C extends { readonly call: "controls" } | ControlCommand>(command: C) {
    const { native, handle } = this.#opened;
    this.checkOpen("use the controls of");
    return native.backend.commandLater(handle, command, "source");
  }
}

type ControlCommand =
  | { readonly call: "get_control"; readonly name: string }
  | { readonly call: "set_control"; readonly name: string; readonly value: ControlValue };

/** A device that is open, or being opened, in this JavaScript context. */
interface Connection {
  readonly colour: ColourSpace;
  readonly settings: string;
  readonly device: Promise<CaptureDevice>;
}

/** The connected devices of this context by their identities. */
const connections = new Map<string, Connection>();

/** Lists the capture devices of this machine. */
export async function listDevices(): Promise<readonly DeviceInfo[]> {
  const { backend } = await openNative();
  return backend.commandLater(0, { call: "list_devices" }, "source");
}

/** Opens a device, or returns the one that is open. */
export async function getDevice(name: string, colour: ColourSpace, all: DeviceSettings): Promise<CaptureDevice> {
  checkPlain("options", all);
  const { frameRate, input, ...rest } = all;
  const options: DeviceOptions = {
    ...checkedOptions({
      ...rest,
      frameRate: frameRate === undefined ? undefined : frameRateOf(frameRate),
      input: input === undefined ? undefined : String(input),
    }, RULES),
    device: checkedName(name, "device"),
    colour: checkedColour(colour),
  };
  const native = await openNative();
  const { id, path } = await native.backend.commandLater(0, { call: "find_device", device: name }, "source");
  const settings = JSON.stringify(all);
  const connected = connections.get(id);
  if (connected !== undefined) {
    if (connected.colour === colour && (settings === "{}" || settings === connected.settings)) return connected.device;
    const [what, has] = connected.colour === colour ? ["other settings", "its own"] : [colour, connected.colour];
    throw new DeviceAlreadyConnected({
      code: "device_already_connected",
      stage: "source",
      message: `Cannot get the device ${JSON.stringify(name)} with ${what}: it is connected with ${has}; free it first`,
      field: connected.colour === colour ? "options" : "colour",
    });
  }
  const device = connect(native, id, path, options);
  connections.set(id, { colour, settings, device });
  const forget = (): void => {
    if (connections.get(id)?.device === device) connections.delete(id);
  };
  device.then((opened) => opened.addEventListener("closed", forget), forget);
  return device;
}

async function connect(native: Native, id: string, path: string, options: DeviceOptions): Promise<CaptureDevice> {
  native.backend.requestRead(path);
  const handle = await native.backend.openLater({ kind: "device", options }, "source");
  return new CaptureDevice(id, {
    native,
    handle,
    name: `the device ${JSON.stringify(options.device)}`,
    pacing: "realtime",
  });
}

/** Closes a device if it is connected. */
export async function freeDevice(name: string): Promise<void> {
  const { backend } = await openNative();
  let id = name;
  try {
    ({ id } = await backend.commandLater(0, { call: "find_device", device: checkedName(name, "device") }, "source"));
  } catch (error) {
    // One that is unplugged is known by its identity.
    if (!connections.has(name)) throw error;
  }
  const device = await connections.get(id)?.device.catch(() => undefined);
  await device?.close();
}

function checkedName(name: string, field = "name"): string {
  if (typeof name !== "string") throw wrongType(field, `Cannot use ${field} ${String(name)}: it must be a string`);
  return name;
}
