/**
 * The frames of an observable as a sequence that a program loops over.
 *
 * @module
 */

import { type Deferred, deferred } from "../base/deferred.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import { Consumer, linkConsumer } from "./consumer.ts";
import type { CheckedRequest } from "./frame_request.ts";
import type { FrameOutput } from "./link.ts";
import { Observer } from "./observer.ts";

/** The frames of an observable; each loop over it is an observer of its own. */
export class FrameSequence implements AsyncIterable<VideoFrame> {
  readonly #output: FrameOutput;
  readonly #request: CheckedRequest;

  /** The frames of `output` in the form of `request`. */
  constructor(output: FrameOutput, request: CheckedRequest) {
    this.#output = output;
    this.#request = request;
  }

  [Symbol.asyncIterator](): AsyncIterator<VideoFrame, undefined> {
    const observer = new FrameIterator(this.#output);
    linkConsumer(new LoopConsumer(observer));
    this.#output.attach(observer, this.#request);
    return observer;
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** One loop: an observer that holds each frame until the next one is requested. */
class FrameIterator extends Observer implements AsyncIterator<VideoFrame, undefined> {
  readonly #output: FrameOutput;
  /** Calls of `next()` that have no answer yet. */
  readonly #requests: Deferred<IteratorResult<VideoFrame, undefined>>[] = [];
  #frame: VideoFrame | undefined;
  /** Whether the loop has got `#frame`. */
  #isShown = false;
  #release: (() => void) | undefined;
  #isOver = false;
  #failure: Error | undefined;

  constructor(output: FrameOutput) {
    super();
    this.#output = output;
  }

  override update(frame: VideoFrame): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    this.#frame = frame;
    this.#isShown = false;
    const held = new Promise<void>((resolve) => this.#release = resolve);
    this.#answer();
    return held;
  }

  next(): Promise<IteratorResult<VideoFrame, undefined>> {
    const request = deferred<IteratorResult<VideoFrame, undefined>>();
    this.#requests.push(request);
    if (this.#isShown) this.#releaseFrame();
    this.#answer();
    return request.promise;
  }

  async return(): Promise<IteratorResult<VideoFrame, undefined>> {
    this.end(undefined);
    await this.#output.detach(this);
    return DONE;
  }

  async throw(error: unknown): Promise<IteratorResult<VideoFrame, undefined>> {
    await this.return();
    throw error;
  }

  /** Ends the loop, with `failure` if the frames ended by one. */
  end(failure: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#releaseFrame();
    this.#answer();
  }

  /** Answers as many requests as possible. */
  #answer(): void {
    const frame = this.#isShown ? undefined : this.#frame;
    if (frame !== undefined) {
      const request = this.#requests.shift();
      this.#isShown = request !== undefined;
      request?.resolve({ done: false, value: frame });
      // Another request means that this frame is done with.
      if (this.#isShown && this.#requests.length > 0) this.#releaseFrame();
    } else if (this.#isOver) {
      this.#finish();
    }
  }

  #finish(): void {
    const failure = this.#failure;
    for (const request of this.#requests.splice(0)) {
      if (failure === undefined) request.resolve(DONE);
      else request.reject(failure);
      // The loop throws once; after that it is over.
      this.#failure = undefined;
    }
  }

  #releaseFrame(): void {
    this.#frame = undefined;
    this.#isShown = false;
    this.#release?.();
    this.#release = undefined;
  }
}

/** Ends a loop with its frames. */
class LoopConsumer extends Consumer {
  readonly #iterator: FrameIterator;

  constructor(iterator: FrameIterator) {
    super(iterator);
    this.#iterator = iterator;
  }

  override flush(isEnd: boolean, failure?: Error): undefined {
    if (isEnd) this.#iterator.end(failure);
  }

  override abort(failure?: Error): void {
    this.#iterator.end(failure);
  }
}
