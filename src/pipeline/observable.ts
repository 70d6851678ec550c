/**
 * What all that give frames have in common.
 *
 * @module
 */

import { errorOf } from "../base/errors.ts";
import { type ObservableEvents, TypedEventTarget } from "./events.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import { FrameSequence } from "./frame_iterator.ts";
import type { TapStats } from "../generated/contract.ts";
import { type FrameOutput, outputOf } from "./link.ts";
import type { AnyObserver, NativeSink, Observer, ObserverFunction, ObserverStats } from "./observer.ts";
import { checkedRequest, type FrameRequest } from "./frame_request.ts";

/**
 * Gives frames to observers: a source, a filter, or an {@linkcode ObservableObserver}.
 *
 * Each observer sees the frames as this gives them, whatever others do with theirs.
 */
export abstract class Observable<
  Events extends ObservableEvents & { [Type in keyof Events]: Event } = ObservableEvents,
> extends TypedEventTarget<Events> {
  /**
   * Gives its frames to `observer` from the end of this turn on; twice is once.
   *
   * Observers attached in one turn all see the same first frame. A writer or filter is fed natively, whatever the
   * program does meanwhile. Any other observer gets each frame by one call at a time, and an error of it is told by an
   * event `error`; after 10 in a row it is detached.
   *
   * @param request The form of its frames and how many; by default all as they are. Not for writers and filters.
   * @throws {TypeError | RangeError} If it is no observer, the request is wrong, or its frames would come round again.
   * @throws {ObserverError} With the code `already_attached` if it is a writer or filter that gets frames from elsewhere.
   * @throws {GiftGrabError} With the code `closed` if one of both is closed.
   */
  attach(observer: AnyObserver, request?: FrameRequest): void {
    this.#output.attach(observer, request === undefined ? undefined : checkedRequest(request));
  }

  /**
   * Gives `observer` no more frames; one that is not attached is none of its business.
   *
   * After the promise is fulfilled the observer gets no further frame. A promise that its `update` returned is not
   * waited for: the frame that it has is released at once.
   *
   * @throws {ObserverError} If the native side refuses.
   */
  detach(observer: AnyObserver): Promise<void> {
    return this.#output.detach(observer);
  }

  /**
   * Its frames, to be looped over: `for await (const frame of source.frames({ colour: "rgba" }))`.
   *
   * Each frame is released when the next one is asked for. Leaving the loop detaches it; it ends when the frames do. What
   * comes while a frame is looked at is treated by the policy of the request.
   *
   * @throws {TypeError | RangeError} If the request is wrong; `field` names what.
   */
  frames(request: FrameRequest = {}): AsyncIterable<VideoFrame> {
    return new FrameSequence(this.#output, checkedRequest(request));
  }

  /**
   * The figures of `observer` so far, of its last attachment if it has left: what it saw, missed and failed at.
   *
   * @throws {TypeError} If it was never attached.
   */
  observerStats<Stats extends ObserverStats = TapStats>(
    observer: Observer | ObserverFunction | NativeSink<Stats>,
  ): Stats {
    return this.#output.observerStats(observer) as Stats;
  }

  get #output(): FrameOutput {
    const output = outputOf(this);
    if (output !== undefined) return output;
    throw errorOf("observer", {
      code: "internal",
      stage: "hub",
      message: "Cannot use an observable of another kind: extend ObservableObserver",
    });
  }
}
