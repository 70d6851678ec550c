/**
 * The factory of targets.
 *
 * @module
 */

import { type Codec, type FileWriterOptions, OPTION_RULES, type Rational } from "../generated/contract.ts";
import { checkContainer, checkedCodec } from "../base/codec.ts";
import { openNative } from "../native/context.ts";
import { checkedOptions, rulesWithout } from "../base/options.ts";
import { folderOf, pathOf } from "../base/path.ts";
import { recordingRateOf } from "../base/rational.ts";
import { VideoFileWriter } from "./file_writer.ts";

/** Settings of a file writer besides its codec, path and frame rate. */
export type FileWriterSettings = Omit<FileWriterOptions, "codec" | "path" | "frameRate">;

const RULES = rulesWithout(OPTION_RULES.file_writer, "codec", "path", "frameRate");

/** Makes targets that record frames. */
export class VideoTargetFactory {
  static readonly #instance = new VideoTargetFactory();

  private constructor() {}

  /** The only factory; it does nothing until its first call. */
  static getInstance(): VideoTargetFactory {
    return VideoTargetFactory.#instance;
  }

  /**
   * Opens a writer that encodes frames with `codec` into the file at `path`, whose extension chooses the container.
   *
   * The program needs permission to write `path`. To finalise the file, the native side writes `path` with `.part`
   * appended and renames it. With `onResize` or `onGap` `"segment"`, which may add files beside the first one, the program needs
   * permission to write the folder of `path` instead.
   *
   * @param codec Codec to encode with.
   * @param path Path, relative to the working directory, or `file:` URL, also as a string.
   * @param frameRate Frames per second; a number is kept as written: 59.94 is 2997/50. `"source"` gives each frame its
   * own time, which makes a file of variable rate; avi has no place for that.
   * @throws {TypeError | RangeError} If an argument is wrong; `field` names it.
   * @throws {VideoTargetError} If the file cannot be written: `container_mismatch`, `already_exists`, `not_found`,
   * `permission_denied`, `not_a_file`, `codec_unavailable` or `encode_failed`.
   */
  async createFileWriter(
    codec: Codec,
    path: string | URL,
    frameRate: number | Rational | "source",
    settings: FileWriterSettings = {},
  ): Promise<VideoFileWriter> {
    // The rate comes first, as in GIFT-Grab.
    const rate = recordingRateOf(frameRate);
    const options: FileWriterOptions = {
      ...checkedOptions(settings, RULES),
      codec: checkedCodec(codec),
      path: pathOf(path),
      frameRate: rate,
    };
    checkContainer(options.codec, options.path);
    const native = await openNative();
    const hasSegments = options.onResize === "segment" || options.onGap === "segment";
    native.backend.requestWrite(hasSegments ? folderOf(options.path) : options.path);
    const handle = await native.backend.openLater({ kind: "file_writer", options }, "target");
    return new VideoFileWriter({ native, handle });
  }
}
