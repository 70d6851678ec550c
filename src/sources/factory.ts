/**
 * The factory of sources.
 *
 * @module
 */

import type { ColourSpace, DeviceInfo, ScreenInfo } from "../generated/contract.ts";
import { type CaptureDevice, type DeviceSettings, freeDevice, getDevice, listDevices } from "./capture_device.ts";
import { type FileReaderSettings, openFileReader, type VideoFileReader } from "./file_reader.ts";
import { connectNetwork, type NetworkSettings, type NetworkSource } from "./network_source.ts";
import { listScreens, openScreen, type ScreenSettings, type ScreenSource } from "./screen_source.ts";
import { openTestPattern, type TestPattern, type TestPatternSettings } from "./test_pattern.ts";

/** Makes sources of frames; a source that is not closed is freed some time after the program has dropped it. */
export class VideoSourceFactory {
  static readonly #instance = new VideoSourceFactory();

  private constructor() {}

  /** The only factory; it does nothing until its first call. */
  static getInstance(): VideoSourceFactory {
    return VideoSourceFactory.#instance;
  }

  /**
   * Opens the video file at `path`; it makes frames in `colour` once an observer is attached.
   *
   * @param path Path, relative to the working directory, or `file:` URL, also as a string.
   * @param colour Colour space of the frames that observers see.
   * @throws {TypeError | RangeError} If an argument is wrong; `field` names it.
   * @throws {VideoSourceError} If the file cannot be read: `not_found`, `permission_denied`, `not_a_file`,
   * `invalid_data`, `no_video`, `codec_unavailable` or `limit_exceeded`.
   */
  createFileReader(
    path: string | URL,
    colour: ColourSpace,
    settings: FileReaderSettings = {},
  ): Promise<VideoFileReader> {
    return openFileReader(path, colour, settings);
  }

  /**
   * Lists the capture devices of this machine, with what each offers.
   *
   * @throws {VideoSourceError} If the system does not let this program look.
   */
  listDevices(): Promise<readonly DeviceInfo[]> {
    return listDevices();
  }

  /**
   * Opens a capture device, such as a camera or a grabber, once its first frame has come.
   *
   * A device is shared: a second call for it returns the same object. It stays connected until it is closed or freed.
   *
   * @param device Its `id` of {@linkcode VideoSourceFactory.listDevices}, path, serial number or name, or the name that
   * GIFT-Grab has for its model.
   * @param colour Colour space of the frames that observers see.
   * @throws {TypeError | RangeError} If an argument is wrong; `field` names it.
   * @throws {DeviceNotFound | DeviceBusy | DeviceOffline | DeviceAlreadyConnected} As the name says.
   * @throws {VideoSourceError} `unsupported_mode`, `permission_denied`, `usb_bandwidth` or `io`.
   */
  getDevice(device: string, colour: ColourSpace, settings: DeviceSettings = {}): Promise<CaptureDevice> {
    return getDevice(device, colour, settings);
  }

  /** Closes a device, so that it can be opened with another colour space; nothing happens if it is not connected. */
  freeDevice(device: string): Promise<void> {
    return freeDevice(device);
  }

  /** Lists the screens of the X servers of this machine, with their monitors and windows. */
  listScreens(): Promise<readonly ScreenInfo[]> {
    return listScreens();
  }

  /**
   * Opens a screen of X11, or a monitor, a window or a region of it.
   *
   * @param colour Colour space of the frames.
   * @throws {TypeError | RangeError} If an argument is wrong; `field` names it.
   * @throws {VideoSourceError} `screen_unavailable` without an X server, or where a Wayland session shows none.
   */
  createScreenSource(colour: ColourSpace, settings: ScreenSettings = {}): Promise<ScreenSource> {
    return openScreen(colour, settings);
  }

  /**
   * Connects to a network stream, and waits for its first picture.
   *
   * @param url Address, such as `rtsp://camera.local/stream`. User name and password in it, or in the settings, appear in
   * no message, event or report.
   * @param colour Colour space of the frames that observers see.
   * @throws {TypeError | RangeError} If an argument is wrong; `field` names it.
   * @throws {NetworkSourceUnavailable} If the stream cannot be reached.
   * @throws {VideoSourceError} `permission_denied`, `no_video` or `codec_unavailable`.
   */
  connectNetworkSource(
    url: string | URL,
    colour: ColourSpace,
    settings: NetworkSettings = {},
  ): Promise<NetworkSource> {
    return connectNetwork(url, colour, settings);
  }

  /**
   * Opens the test pattern: a source that needs no camera.
   *
   * @throws {TypeError | RangeError} If a setting is wrong; `field` names it.
   */
  createTestPattern(settings: TestPatternSettings = {}): Promise<TestPattern> {
    return openTestPattern(settings);
  }
}
