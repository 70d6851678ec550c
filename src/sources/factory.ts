/**
 * The factory of sources.
 *
 * @module
 */

import type { ColourSpace } from "../generated/contract.ts";
import { type FileReaderSettings, openFileReader, type VideoFileReader } from "./file_reader.ts";
import { openTestPattern, type TestPattern, type TestPatternSettings } from "./test_pattern.ts";

/** Makes sources of frames; each must be closed, or is freed at some time after it was dropped. */
export class VideoSourceFactory {
  static readonly #instance = new VideoSourceFactory();

  private constructor() {}

  /** The one factory; it does nothing until it is asked for a source. */
  static getInstance(): VideoSourceFactory {
    return VideoSourceFactory.#instance;
  }

  /**
   * Opens the video file at `path`; its frames come in `colour` once an observer is attached.
   *
   * @param path Path, relative to the working directory, or `file:` URL.
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
   * Opens a synthetic test pattern: a source without a camera.
   *
   * @throws {TypeError | RangeError} If a setting is wrong; `field` names it.
   */
  createTestPattern(settings: TestPatternSettings = {}): Promise<TestPattern> {
    return openTestPattern(settings);
  }
}
