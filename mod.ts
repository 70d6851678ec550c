/**
 * Records and processes video in real time: sources make frames, observers see them, targets record them.
 *
 * All work on which a recording depends runs on native threads.
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
 * In Deno it needs `--allow-ffi` for the library, `--allow-read` for the files that it reads and `--allow-write` for
 * those that it writes. Importing it needs no permission and does nothing.
 *
 * @module
 */

export { capabilities } from "./src/native/capabilities.ts";
export { Codec, CODECS, ColourSpace, CONTAINERS, type EncodedCodec } from "./src/base/codec.ts";
export {
  type ArgumentDetails,
  type ArgumentError,
  DeviceAlreadyConnected,
  DeviceBusy,
  DeviceNotFound,
  DeviceOffline,
  type Failure,
  GiftGrabError,
  NetworkSourceUnavailable,
  ObserverError,
  VideoSourceError,
  VideoTargetError,
} from "./src/base/errors.ts";
export {
  ClosedEvent,
  DiscontinuityEvent,
  DiskLowEvent,
  FailureEvent,
  type ObservableEvents,
  ObserverEvent,
  ObserverFailureEvent,
  ObserverOverloadEvent,
  OverloadEvent,
  ResizeEvent,
  SourceStateEvent,
  TypedEventTarget,
  type TypedListener,
  type VideoSourceEvents,
  type VideoTargetEvents,
} from "./src/pipeline/events.ts";
export { type FileReaderSettings, VideoFileReader } from "./src/sources/file_reader.ts";
export { createFilter, Filter, type FilterEvents } from "./src/nodes/filter.ts";
export { VideoFrame } from "./src/frame/video_frame.ts";
export type { FrameRect, PlaneLayout, VideoFrameCopyToOptions } from "./src/frame/copy_to.ts";
export type { VideoPixelFormat } from "./src/frame/layout.ts";
export type { FrameComponent, FramePlane } from "./src/frame/planes.ts";
export type { ColourRange, FrameRotation, VideoFrameDetails, VideoFrameSettings } from "./src/frame/init.ts";
export type { FrameColorSpace, FrameImageData, ImageDataLike } from "./src/frame/web.ts";
export type {
  AtEnd,
  Capabilities,
  CodecCapability,
  ColourMatrix,
  Container,
  ControlInfo,
  ControlItem,
  ControlKind,
  ControlValue,
  DeviceFormat,
  DeviceInfo,
  DeviceInput,
  DeviceOptions,
  DeviceRate,
  DeviceSize,
  DeviceSizeRange,
  DeviceUser,
  DroppedFrames,
  DropReason,
  DurableStats,
  EncoderCapability,
  EncoderProfile,
  ErrorCode,
  ErrorRecord,
  FfmpegInfo,
  FfmpegVariant,
  FieldOrder,
  FileReaderOptions,
  FileWriterOptions,
  FilterStats,
  FramePolicy,
  GapReport,
  Latency,
  Ledger,
  LiveState,
  LiveStats,
  NetworkOptions,
  NetworkTransport,
  OnGap,
  OnResize,
  Pacing,
  PipelineStage,
  QualityScale,
  Rational,
  RecordingMetadata,
  RecordingReport,
  ScreenInfo,
  ScreenMonitor,
  ScreenOptions,
  ScreenRegion,
  ScreenWindow,
  SegmentReport,
  SourceInfo,
  SourceStats,
  StereoPacking,
  TapOptions,
  TapStats,
  TargetInfo,
  TargetStats,
  TestPatternOptions,
} from "./src/generated/contract.ts";
export { type Emission, ObservableObserver } from "./src/nodes/node.ts";
export { Observable } from "./src/pipeline/observable.ts";
export {
  type AnyObserver,
  type NativeSink,
  Observer,
  type ObserverFunction,
  type ObserverStats,
} from "./src/pipeline/observer.ts";
export type { FrameRequest } from "./src/pipeline/frame_request.ts";
export { type FrameDimensions, VideoSource } from "./src/sources/source.ts";
export { CaptureDevice, type DeviceSettings } from "./src/sources/capture_device.ts";
export { LiveSource } from "./src/sources/live_source.ts";
export { type NetworkSettings, NetworkSource } from "./src/sources/network_source.ts";
export { type ScreenSettings, ScreenSource } from "./src/sources/screen_source.ts";
export { VideoSourceFactory } from "./src/sources/factory.ts";
export { type FileWriterSettings, VideoTargetFactory } from "./src/targets/factory.ts";
export { TestPattern, type TestPatternSettings } from "./src/sources/test_pattern.ts";
export { type CloseOptions, VideoFileWriter } from "./src/targets/file_writer.ts";
