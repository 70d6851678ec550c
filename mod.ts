/**
 * Record and process video in real time: sources give frames, observers see them, targets record them.
 *
 * Everything that must not be lost runs on native threads.
 *
 * ```ts
 * import { Codec, ColourSpace, VideoSourceFactory, VideoTargetFactory } from "@giftgrab/core";
 *
 * const reader = await VideoSourceFactory.getInstance().createFileReader("in.mp4", ColourSpace.I420);
 * const writer = await VideoTargetFactory.getInstance()
 *   .createFileWriter(Codec.HEVC, "out.mp4", reader.getFrameRate());
 * reader.attach(writer);
 * await reader.ended;
 * const report = await writer.close();
 * await reader.close();
 * console.log(`${report.stats.frames.written} frames`);
 * ```
 *
 * In Deno it needs `--allow-ffi` for the library, `--allow-read` for what it reads and `--allow-write` for what it
 * writes. Importing it needs nothing and does nothing.
 *
 * @module
 */

export { capabilities } from "./src/capabilities.ts";
export { Codec, CODECS, ColourSpace, CONTAINERS } from "./src/codec.ts";
export {
  type ArgumentError,
  type ArgumentFacts,
  GiftGrabError,
  ObserverError,
  VideoSourceError,
  VideoTargetError,
} from "./src/errors.ts";
export {
  ClosedEvent,
  DiskLowEvent,
  FailureEvent,
  type ObservableEvents,
  ObserverEvent,
  ObserverFailureEvent,
  ObserverOverloadEvent,
  OverloadEvent,
  TypedEventTarget,
  type TypedListener,
  type VideoSourceEvents,
  type VideoTargetEvents,
} from "./src/events.ts";
export { FileReader, type FileReaderSettings } from "./src/file_reader.ts";
export { createFilter, Filter, type FilterEvents } from "./src/filter.ts";
export { VideoFrame } from "./src/frame.ts";
export type { FrameRect, PlaneLayout, VideoFrameCopyToOptions } from "./src/frame_copy.ts";
export type { VideoPixelFormat } from "./src/frame_layout.ts";
export type { Component, Plane } from "./src/frame_planes.ts";
export type { ColourMatrix, ColourRange, VideoFrameDetails, VideoFrameSettings } from "./src/frame_settings.ts";
export type { FrameColorSpace, FrameImageData, ImageDataLike } from "./src/frame_web.ts";
export type {
  AtEnd,
  Capabilities,
  CodecCapability,
  Container,
  Drop,
  DropReason,
  Durable,
  EncoderCapability,
  EncoderProfile,
  ErrorCode,
  ErrorRecord,
  FfmpegInfo,
  FfmpegVariant,
  FileReaderOptions,
  FileWriterOptions,
  FilterStats,
  Latency,
  Ledger,
  Metadata,
  OnResize,
  Pacing,
  QualityScale,
  Rational,
  Report,
  SegmentReport,
  SourceInfo,
  SourceStats,
  Stage,
  StereoPacking,
  TapPolicy,
  TapStats,
  TargetInfo,
  TargetStats,
  TestPatternOptions,
} from "./src/generated/contract.ts";
export { type Emission, ObservableObserver } from "./src/node.ts";
export { Observable } from "./src/observable.ts";
export { type AnyObserver, Observer, type ObserverFunction } from "./src/observer.ts";
export type { FrameRequest } from "./src/request.ts";
export { type FrameDimensions, VideoSource } from "./src/source.ts";
export { VideoSourceFactory } from "./src/source_factory.ts";
export { type FileWriterSettings, VideoTargetFactory } from "./src/target_factory.ts";
export { TestPattern, type TestPatternSettings } from "./src/test_pattern.ts";
export { type CloseOptions, FileWriter } from "./src/writer.ts";
