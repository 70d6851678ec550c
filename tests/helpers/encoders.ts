/** What the encoders of this FFmpeg can be asked for: another variant of it has others. */

import { capabilities, type Codec, type EncoderCapability, type FileWriterSettings } from "../../mod.ts";

/** The encoder that is used for a codec when none is named. */
export async function encoderFor(codec: Codec): Promise<EncoderCapability> {
  const { default: name, encoders = [] } = (await capabilities()).codecs.find((one) => one.codec === codec) ?? {};
  const encoder = encoders.find((one) => one.name === name);
  if (encoder === undefined) throw new Error(`no encoder of ${codec} works here`);
  return encoder;
}

/** Settings with which that encoder costs the least time. */
export async function fastest(codec: Codec): Promise<FileWriterSettings> {
  const [preset] = (await encoderFor(codec)).presets;
  return preset === undefined ? {} : { preset };
}
