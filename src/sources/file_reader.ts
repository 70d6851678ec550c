/**
 * Readers of video files.
 *
 * @module
 */

import { type ColourSpace, type FileReaderOptions, OPTION_RULES, type Rational } from "../generated/contract.ts";
import { checkedColour } from "../base/codec.ts";
import { openNative } from "../native/context.ts";
import { checkedOptions, checkPlain, rulesWithout } from "../base/options.ts";
import { pathOf } from "../base/path.ts";
import { frameRateOf } from "../base/rational.ts";
import { VideoSource } from "./source.ts";

/** Settings of a file reader besides its path and colour space. */
export interface FileReaderSettings extends Omit<FileReaderOptions, "path" | "colour" | "frameRate"> {
  /**
   * Frames per second of a raw stream (h264, hevc, mjpeg and the like), which states no times; a number is kept as
   * written. By default the rate in its headers, or 25. Any other container is refused with it.
   */
  frameRate?: number | Rational | undefined;
}

const RULES = rulesWithout(OPTION_RULES.file_reader, "path", "colour");

/** Reads a video file, in real time or as fast as its observers take the frames. */
export class VideoFileReader extends VideoSource {}

/** Checks the arguments, asks for permission to read and opens the file. */
export async function openFileReader(
  path: string | URL,
  colour: ColourSpace,
  all: FileReaderSettings,
): Promise<VideoFileReader> {
  checkPlain("options", all);
  const frameRate = all.frameRate === undefined ? undefined : frameRateOf(all.frameRate);
  const options: FileReaderOptions = {
    ...checkedOptions({ ...all, frameRate }, RULES),
    path: pathOf(path),
    colour: checkedColour(colour),
  };
  const native = await openNative();
  native.backend.requestRead(options.path);
  const handle = await native.backend.openLater({ kind: "file_reader", options }, "source");
  return new VideoFileReader({
    native,
    handle,
    name: JSON.stringify(options.path),
    pacing: options.pacing ?? "realtime",
  });
}
