/**
 * What taps and nodes do with frames; no part of the public API.
 *
 * A lender keeps the memory: it lends a frame to an observer, and when the observer is done it empties every view of it
 * and gets the same memory back, so that nobody sees another frame's samples in a view that was kept.
 *
 * @module
 */

import { memoryOf, VideoFrame } from "./video_frame.ts";
import { readHeader, writeHeader } from "./header.ts";
import { FrameMemory } from "./memory.ts";

/** A frame that shows `buffer` from its start, with the metadata that `header` tells now. */
export function lendFrame(buffer: ArrayBuffer, header: Float64Array): VideoFrame {
  return new VideoFrame(new FrameMemory(readHeader(header), "lent", buffer));
}

/**
 * Ends a lent frame and gives its memory back as a new buffer.
 *
 * `undefined` if a program transferred it away, if it was given back before, or if the frame is not a lent one: that one
 * stays as it is.
 */
export function releaseFrame(frame: VideoFrame): ArrayBuffer | undefined {
  return memoryOf(frame).release();
}

/** Whether its lender may end it at any time. */
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
 * Gives `frame` the time, sequence number and capture time of `parent`, unless it was made with a time of its own; the
 * next call may give it another's.
 */
export function inheritTime(frame: VideoFrame, parent: VideoFrame): void {
  memoryOf(frame).inheritTime(memoryOf(parent).metadata);
}
