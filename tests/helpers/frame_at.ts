/** What a player shows of a recording of the test pattern. */

import { readBarcode, type Size } from "./barcode.ts";
import { fileArgument, output } from "./command.ts";

/** The number of the frame that is shown after seeking to `seconds`; `undefined` if none can be read. */
export async function frameAt(path: string, seconds: number, { width, height }: Size): Promise<number | undefined> {
  const args = ["-v", "error", "-nostdin", "-ss", String(seconds), "-i", fileArgument(path), "-frames:v", "1"];
  const chunks: Uint8Array[] = [];
  for await (const chunk of output("ffmpeg", [...args, "-f", "rawvideo", "-pix_fmt", "gray", "-"])) chunks.push(chunk);
  const luma = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
  return readBarcode(luma, width, height)?.index;
}
