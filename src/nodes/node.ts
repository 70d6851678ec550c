/**
 * Nodes: observers that hand frames on.
 *
 * @module
 */

import type { VideoFrame } from "../frame/video_frame.ts";
import { type Attachment, Consumer, isThenable, linkConsumer } from "../pipeline/consumer.ts";
import { linkOutput } from "../pipeline/link.ts";
import { Observable } from "../pipeline/observable.ts";
import { NodeOutput } from "./node_output.ts";

/** The frame that a node hands on: `undefined` is the one that it got, `null` is none. */
export type Emission = VideoFrame | null | undefined | void;

/**
 * Edits frames on their way: an observer whose own observers get its version of each frame.
 *
 * ```ts
 * import { Codec, ObservableObserver, type VideoFrame, VideoSourceFactory, VideoTargetFactory } from "@giftgrab/core";
 *
 * class Negative extends ObservableObserver {
 *   override update(frame: VideoFrame): void {
 *     const data = frame.data();
 *     for (let index = 0; index < data.length; index++) data[index] = 255 - (data[index] ?? 0);
 *   }
 * }
 *
 * const source = await VideoSourceFactory.getInstance().createFileReader("in.mp4", "i420");
 * const writer = await VideoTargetFactory.getInstance().createFileWriter(Codec.HEVC, "out.mp4", source.getFrameRate());
 * const negative = new Negative();
 * source.attach(negative);
 * negative.attach(writer);
 * await source.ended;
 * await writer.close();
 * await source.close();
 * ```
 *
 * Its edits are seen below it and nowhere else. Writers, filters and observers with a request get each frame first, then
 * the other observers in the order in which they were attached, each with its own copy. The next frame comes when all of
 * them are done.
 */
export class ObservableObserver extends Observable {
  /** A node that hands every frame on as it is. */
  constructor() {
    super();
    const output: NodeOutput = new NodeOutput(this, () => consumer.isLive);
    const consumer = new NodeConsumer(this, output);
    linkOutput(this, output);
    linkConsumer(consumer);
  }

  /**
   * Sees and edits `frame`, and returns the frame for the observers of this node.
   *
   * @returns Nothing to hand on the same frame; another frame to hand that one on, which stays the node's; `null` to
   * hand on none; or a promise of these. A frame made without a time gets that of `frame`.
   */
  update(_frame: VideoFrame): Emission | Promise<Emission> {}
}

/** Calls a node, then its observers. */
class NodeConsumer extends Consumer {
  readonly #node: ObservableObserver;
  readonly #output: NodeOutput;

  constructor(node: ObservableObserver, output: NodeOutput) {
    super(node);
    this.#node = node;
    this.#output = output;
  }

  protected override call(frame: VideoFrame, attachment: Attachment): unknown {
    const emission = this.#node.update(frame);
    if (isThenable(emission)) return this.#emitLater(frame, emission, attachment);
    const rest = this.#output.emit(frame, emission, attachment);
    return rest === undefined ? undefined : this.#finish(rest, attachment);
  }

  override flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined {
    // While frames come from elsewhere the end of these ends nothing below.
    return this.#output.flush(isEnd && !this.isLive, failure);
  }

  override abort(failure?: Error): void {
    if (this.isLive) this.#output.flush(false);
    else this.#output.abort(failure);
  }

  async #emitLater(frame: VideoFrame, emission: PromiseLike<unknown>, attachment: Attachment): Promise<void> {
    const emitted = await this.awaited(emission, attachment);
    // A frame whose attachment has ended meanwhile has been released.
    if (!attachment.isOver) await this.#output.emit(frame, emitted, attachment);
    if (attachment.isOver) this.#output.flush(false);
  }

  async #finish(rest: Promise<void>, attachment: Attachment): Promise<void> {
    await rest;
    if (attachment.isOver) this.#output.flush(false);
  }
}
