/**
 * The factory of sources.
 *
 * @module
 */

import type { ColourSpace } from "../generated/contract.ts";
import { type FileReaderSettings, openFileReader, type VideoFileReader } from "./file_reader.ts";
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
   * Opens the test pattern: a source that needs no camera.
   *
   * @throws {TypeError | RangeError} If a setting is wrong; `field` names it.
   */
  createTestPattern(settings: TestPatternSettings = {}): Promise<TestPattern> {
    return openTestPattern(settings);
  }
}
