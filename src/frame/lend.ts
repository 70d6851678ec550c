/**
 * Lends frames to observers; not part of the public API.
 *
 * A tap or a node owns the memory. It lends a frame to an observer; when the observer is done, every view of the frame
 * becomes empty and the same memory comes back, so that a view that was kept never shows another frame's samples.
 *
 * @module
 */

import { memoryOf, VideoFrame } from "./video_frame.ts";
import { readHeader, writeHeader } from "./header.ts";
import { FrameMemory } from "./memory.ts";

/** A frame in `buffer`, with the metadata that `header` has now. */
export function lendFrame(buffer: ArrayBuffer, header: Float64Array): VideoFrame {
  return new VideoFrame(new FrameMemory(readHeader(header), "lent", buffer));
}

/**
 * Ends a lent frame and returns its memory as a new buffer.
 *
 * @returns `undefined` if a program has transferred the memory away, if it was returned before, or if the frame is not
 * lent; such a frame stays as it is.
 */
export function releaseFrame(frame: VideoFrame): ArrayBuffer | undefined {
  return memoryOf(frame).release();
}

/** Whether the frame is lent, and so may end at any time. */
export function isLent(frame: VideoFrame): boolean {
  return memoryOf(frame).isLent;
}

/** Whether its samples can still be read. */
export function isFrameOpen(frame: VideoFrame): boolean {
  return memoryOf(frame).isOpen;
}

/**
 * The samples of all views, one after the other.
 *
 * @throws {GiftGrabError} With the code `closed` if the frame has ended.
 */
export function frameBytes(frame: VideoFrame): Uint8Array<ArrayBuffer> {
  return memoryOf(frame).all();
}

/** Writes the metadata of `frame` into `header`. */
export function describeFrame(frame: VideoFrame, header: Float64Array): void {
  const { metadata, bytes } = memoryOf(frame);
  writeHeader(metadata, bytes, header);
}

/**
 * Gives `frame` the time, sequence number and capture time of `parent`, unless it was made with a time of its own.
 *
 * Another call can give it those of another parent.
 */
export function inheritTime(frame: VideoFrame, parent: VideoFrame): void {
  memoryOf(frame).inheritTime(memoryOf(parent).metadata);
}
