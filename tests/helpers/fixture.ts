/** A source and writers over a fake backend. */

import { type TestPattern, type VideoFileWriter, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { useBackend } from "../../src/native/context.ts";
import { FakeBackend } from "./fake_backend.ts";

/** Handles of what {@linkcode fixture} opens, in order: the source is 1, the writers 2 and 3. */
export interface Fixture {
  readonly backend: FakeBackend;
  readonly source: TestPattern;
  readonly writer: VideoFileWriter;
  readonly other: VideoFileWriter;
}

/** A fresh fake backend with a source and two writers; the calls made so far are forgotten. */
export async function fixture(): Promise<Fixture> {
  const backend = new FakeBackend();
  useBackend(backend);
  const source = await VideoSourceFactory.getInstance().createTestPattern();
  const targets = VideoTargetFactory.getInstance();
  const writer = await targets.createFileWriter("hevc", "a.mp4", 25);
  const other = await targets.createFileWriter("hevc", "b.mp4", 25);
  backend.calls.length = 0;
  return { backend, source, writer, other };
}

/** Waits until all pending callbacks have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
