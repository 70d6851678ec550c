/** A strict program that TypeScript compiles against the installed package; it is never run. */

import {
  Codec,
  ColourSpace,
  createFilter,
  GiftGrabError,
  ObservableObserver,
  type RecordingReport,
  type VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "@giftgrab/core";

class Inverter extends ObservableObserver {
  override update(frame: VideoFrame): void {
    const data = frame.data();
    for (let index = 0; index < data.length; index++) data[index] = 255 - (data[index] ?? 0);
  }
}

/** Uses what users use. */
export async function record(input: string, output: string): Promise<RecordingReport> {
  const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420);
  const writer = await VideoTargetFactory.getInstance()
    .createFileWriter(Codec.HEVC, output, reader.getFrameRate(), { profile: "live", metadata: { title: "consumer" } });
  const filter = await createFilter("hflip");
  const inverter = new Inverter();
  reader.attach(filter);
  filter.attach(inverter);
  inverter.attach(writer);
  reader.attach((frame) => console.log(frame.timestamp), { width: 320, colour: ColourSpace.RGBA, rate: 2 });
  writer.addEventListener("error", ({ error }) => console.error(error.message), { once: true });
  for await (const frame of reader.frames({ policy: "latest" })) console.log(frame.codedWidth);
  try {
    return await writer.close();
  } catch (error) {
    if (error instanceof GiftGrabError) console.error(error.code, error.stage);
    throw error;
  }
}

// @ts-expect-error: The package's types are seen: with `any` in their place this would be no error.
export const wrong: Codec = "nothing";
