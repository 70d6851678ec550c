/**
 * Frames that a program makes, on their way to a writer.
 *
 * @module
 */

import { errorOf, VideoTargetError, wrongType } from "../base/errors.ts";
import { HEADER_LENGTH, NO_SEQUENCE } from "../frame/header.ts";
import { describeFrame, frameBytes, isFrameOpen, isLent } from "../frame/lend.ts";
import { VideoFrame } from "../frame/video_frame.ts";
import { HEADER, OVERFLOW_POLICY, type Rational } from "../generated/contract.ts";
import type { NativeTarget } from "../pipeline/link.ts";

/** A promise that costs nothing. */
const AT_ONCE = Promise.resolve();

/** A grid of slots: so many a second, and so many from one frame without a time to the next. */
interface Slots {
  readonly rate: Rational;
  readonly step: number;
}

/** Where frames keep their times: slots that are as fine as any, and the usual 30 frames a second. */
const FINE: Slots = { rate: { num: 90_000, den: 1 }, step: 3000 };

/** Appends frames to one target; a frame without a time gets the next slot on the target's grid. */
export class Appender {
  readonly #target: NativeTarget;
  readonly #slots: Slots;
  readonly #header = new Float64Array(HEADER_LENGTH);
  /** The slot of the next frame without a time. */
  #slot = 0;

  /** Appends to `target`, whose grid has `rate` slots a second. */
  constructor(target: NativeTarget, rate: Rational | "source") {
    this.#target = target;
    this.#slots = rate === "source" ? FINE : { rate, step: 1 };
  }

  /** Appends `frame`; rejects if the frame or the target cannot be used. */
  append(frame: VideoFrame): Promise<void> {
    try {
      this.#check(frame);
      const slot = this.#describe(frame);
      const isSent = this.#target.feed.trySend(OVERFLOW_POLICY.BLOCK, this.#header, frameBytes(frame));
      const turn = isSent ? AT_ONCE : this.#wait(frame);
      this.#slot = slot + this.#lengthOf(frame);
      return turn;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Slots from a frame to the next one without a time: where frames keep their times, its duration if it has one. */
  #lengthOf({ duration }: VideoFrame): number {
    const { rate, step } = this.#slots;
    return this.#slots === FINE && duration !== undefined ? Math.round(duration * rate.num / 1e6) : step;
  }

  /** Keeps the frame itself until there is room, or a copy of a lent frame, which ends before. */
  #wait(frame: VideoFrame): Promise<void> {
    const header = this.#header.slice();
    const isCopied = isLent(frame);
    const held = isCopied ? frame.clone() : frame;
    const turn = this.#target.feed.sendLater(() => {
      checkFrameOpen(held);
      return { header, data: frameBytes(held) };
    });
    return isCopied ? turn.finally(() => held.close()) : turn;
  }

  #check(frame: VideoFrame): void {
    const { name, upstream } = this.#target;
    if (!(frame instanceof VideoFrame)) {
      throw wrongType("frame", `Cannot append ${String(frame)} to ${name}: it is not a VideoFrame`);
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

  /** Writes the frame's metadata into the header, with the next slot if it has no time; returns the slot. */
  #describe(frame: VideoFrame): number {
    const header = this.#header;
    const { rate: { num, den }, step } = this.#slots;
    describeFrame(frame, header);
    const ticks = header[HEADER.timeBaseNum] ?? 0;
    let slot = this.#slot;
    if (ticks > 0) {
      const pts = header[HEADER.pts] ?? 0;
      slot = Math.round(pts * (ticks * num) / ((header[HEADER.timeBaseDen] ?? 1) * den));
    } else {
      header[HEADER.pts] = slot;
      header[HEADER.timeBaseNum] = den;
      header[HEADER.timeBaseDen] = num;
    }
    if (header[HEADER.sequence] === NO_SEQUENCE) header[HEADER.sequence] = Math.max(Math.floor(slot / step), 0);
    return slot;
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
