/**
 * Readers of video files.
 *
 * @module
 */

import { type ColourSpace, type FileReaderOptions, OPTION_RULES } from "../generated/contract.ts";
import { checkedColour } from "../base/codec.ts";
import { openNative } from "../native/context.ts";
import { checkedOptions, rulesWithout } from "../base/options.ts";
import { pathOf } from "../base/path.ts";
import { VideoSource } from "./source.ts";

/** Settings of a file reader besides its path and colour space. */
export type FileReaderSettings = Omit<FileReaderOptions, "path" | "colour">;

const RULES = rulesWithout(OPTION_RULES.file_reader, "path", "colour");

/** Reads a video file, in real time or as fast as its observers take the frames. */
export class VideoFileReader extends VideoSource {}

/** Checks the arguments, asks for permission to read and opens the file. */
export async function openFileReader(
  path: string | URL,
  colour: ColourSpace,
  settings: FileReaderSettings,
): Promise<VideoFileReader> {
  const options: FileReaderOptions = {
    ...checkedOptions(settings, RULES),
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
