/**
 * Frames from a program to a writer.
 *
 * @module
 */

import { errorOf, VideoTargetError, wrongType } from "../base/errors.ts";
import { VideoFrame } from "../frame/video_frame.ts";
import { HEADER_LENGTH, NO_SEQUENCE } from "../frame/header.ts";
import { describeFrame, frameBytes, isFrameOpen, isLent } from "../frame/lend.ts";
import { HEADER, OVERFLOW_POLICY, type Rational } from "../generated/contract.ts";
import type { NativeTarget } from "../pipeline/link.ts";

/** A promise that costs nothing. */
const AT_ONCE = Promise.resolve();

/** Appends frames to one target; those without a time get the next place on its grid. */
export class Appender {
  readonly #target: NativeTarget;
  readonly #rate: Rational;
  readonly #header = new Float64Array(HEADER_LENGTH);
  /** Place on the grid after that of the last frame. */
  #place = 0;

  /** What appends to `target`, whose grid has `rate` places a second. */
  constructor(target: NativeTarget, rate: Rational) {
    this.#target = target;
    this.#rate = rate;
  }

  /** Appends `frame`; rejects with what is wrong. */
  append(frame: VideoFrame): Promise<void> {
    try {
      this.#check(frame);
      const place = this.#describe(frame);
      const { feed } = this.#target;
      const isTaken = feed.give(OVERFLOW_POLICY.BLOCK, this.#header, frameBytes(frame));
      const turn = isTaken ? AT_ONCE : this.#wait(frame);
      this.#place = place + 1;
      return turn;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Keeps the frame itself until there is room, or a copy of one that ends before. */
  #wait(frame: VideoFrame): Promise<void> {
    const header = this.#header.slice();
    const isOurs = isLent(frame);
    const held = isOurs ? frame.clone() : frame;
    const turn = this.#target.feed.wait(() => {
      checkFrameOpen(held);
      return { header, data: frameBytes(held) };
    });
    return isOurs ? turn.finally(() => held.close()) : turn;
  }

  #check(frame: VideoFrame): void {
    const { name, upstream } = this.#target;
    if (!(frame instanceof VideoFrame)) {
      throw wrongType("frame", `Cannot append ${String(frame)} to ${name}: it is no VideoFrame`);
    }
    this.#target.checkOpen();
    checkFrameOpen(frame);
    if (upstream === undefined) return;
    throw errorOf("observer", {
      code: "already_attached",
      stage: "hub",
      message: `Cannot append a frame to ${name}: it is attached to ${upstream.name}; await its detach() first`,
    });
  }

  /** Writes the frame's facts into the header, with its place, which is returned, where it has no time. */
  #describe(frame: VideoFrame): number {
    const header = this.#header;
    const { num, den } = this.#rate;
    describeFrame(frame, header);
    const ticks = header[HEADER.timeBaseNum] ?? 0;
    let place = this.#place;
    if (ticks > 0) {
      const pts = header[HEADER.pts] ?? 0;
      place = Math.round(pts * (ticks * num) / ((header[HEADER.timeBaseDen] ?? 1) * den));
    } else {
      header[HEADER.pts] = place;
      header[HEADER.timeBaseNum] = den;
      header[HEADER.timeBaseDen] = num;
    }
    if (header[HEADER.sequence] === NO_SEQUENCE) header[HEADER.sequence] = Math.max(place, 0);
    return place;
  }
}

function checkFrameOpen(frame: VideoFrame): void {
  if (isFrameOpen(frame)) return;
  throw new VideoTargetError({
    code: "closed",
    stage: "boundary",
    message: "Cannot append the frame: it is closed or released, or its memory was transferred away",
    field: "frame",
  });
}
