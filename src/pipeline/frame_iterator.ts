/**
 * Frames as a sequence that a program loops over.
 *
 * @module
 */

import { Consumer, linkConsumer } from "./consumer.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import type { FrameOutput } from "./link.ts";
import { Observer } from "./observer.ts";
import type { CheckedRequest } from "./frame_request.ts";

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

/** One loop: an observer that holds each frame until the next is asked for. */
class FrameIterator extends Observer implements AsyncIterator<VideoFrame, undefined> {
  readonly #output: FrameOutput;
  readonly #asking: Deferred<IteratorResult<VideoFrame, undefined>>[] = [];
  #frame: VideoFrame | undefined;
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
    this.#show();
    return held;
  }

  next(): Promise<IteratorResult<VideoFrame, undefined>> {
    const answer = deferred<IteratorResult<VideoFrame, undefined>>();
    this.#asking.push(answer);
    if (this.#isShown) this.#letGo();
    this.#show();
    return answer.promise;
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

  /** No frame will come any more, because of `failure` if there was one. */
  end(failure: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#letGo();
    this.#show();
  }

  /** Answers who asked, as far as that is possible. */
  #show(): void {
    const frame = this.#isShown ? undefined : this.#frame;
    if (frame !== undefined) {
      const asked = this.#asking.shift();
      this.#isShown = asked !== undefined;
      asked?.resolve({ done: false, value: frame });
      // Who asked for more already has asked for the end of this one.
      if (this.#isShown && this.#asking.length > 0) this.#letGo();
    } else if (this.#isOver) {
      this.#finish();
    }
  }

  #finish(): void {
    const failure = this.#failure;
    for (const asked of this.#asking.splice(0)) {
      if (failure === undefined) asked.resolve(DONE);
      else asked.reject(failure);
      // An error is told once; then the loop is over.
      this.#failure = undefined;
    }
  }

  #letGo(): void {
    this.#frame = undefined;
    this.#isShown = false;
    this.#release?.();
    this.#release = undefined;
  }
}

/** Tells a loop that its frames have ended. */
class LoopConsumer extends Consumer {
  readonly #iterator: FrameIterator;

  constructor(iterator: FrameIterator) {
    super(iterator);
    this.#iterator = iterator;
  }

  override flush(isEnd: boolean, failure?: Error): undefined {
    if (isEnd) this.#iterator.end(failure);
  }

  override drop(failure?: Error): void {
    this.#iterator.end(failure);
  }
}
