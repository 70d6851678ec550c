/**
 * Sources whose observers must not fail.
 *
 * The library counts what an observer throws and goes on: an assertion inside an observer would fail unseen.
 */

import { type VideoSource, VideoSourceFactory } from "../../mod.ts";

/** The source; its `close` rejects with the first error of an observer, or of the source itself. */
function watched<S extends VideoSource>(source: S): S {
  let first: Error | undefined;
  source.addEventListener("error", ({ error }) => first ??= error);
  const close = source.close.bind(source);
  source.close = async () => {
    await close();
    if (first !== undefined) throw first;
  };
  return source;
}

const factory = VideoSourceFactory.getInstance();

type Arguments<Name extends "createTestPattern" | "createFileReader"> = Parameters<VideoSourceFactory[Name]>;

/** A factory of such sources. */
export const watchedSources = {
  createTestPattern: async (...settings: Arguments<"createTestPattern">) =>
    watched(await factory.createTestPattern(...settings)),
  createFileReader: async (...settings: Arguments<"createFileReader">) =>
    watched(await factory.createFileReader(...settings)),
};
