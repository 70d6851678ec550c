/**
 * Events of sources and targets.
 *
 * @module
 */

import type { Failure } from "../base/errors.ts";
import type { DropReason, GapReport, LiveState, PipelineStage, RecordingReport } from "../generated/contract.ts";
import type { AnyObserver } from "./observer.ts";

/** A function that is called for an event, or an object with a method for it. */
export type TypedListener<E extends Event> = ((event: E) => void) | {
  /** Takes the event. */
  handleEvent(event: E): void;
};

/** An `EventTarget` whose events are typed by their names. */
export class TypedEventTarget<Events extends { [Type in keyof Events]: Event }> extends EventTarget {
  /** Calls `listener` for each event called `type`. */
  override addEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: TypedListener<Events[Type]> | null,
    options?: Parameters<EventTarget["addEventListener"]>[2],
  ): void {
    super.addEventListener(type, listener as EventListenerOrEventListenerObject | null, options);
  }

  /** Stops calling `listener` for events called `type`. */
  override removeEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: TypedListener<Events[Type]> | null,
    options?: Parameters<EventTarget["removeEventListener"]>[2],
  ): void {
    super.removeEventListener(type, listener as EventListenerOrEventListenerObject | null, options);
  }
}

/** An observer is attached and gets every frame from now on, or gets no further one. */
export class ObserverEvent extends Event {
  /** The observer. */
  readonly observer: AnyObserver;

  /** An event about `observer`. */
  constructor(type: "attached" | "detached", observer: AnyObserver) {
    super(type);
    this.observer = observer;
  }
}

/** A stage does not keep up: frames wait for long, or are dropped; at most one event a second. */
export class OverloadEvent extends Event {
  /** The stage that does not keep up. */
  readonly stage: PipelineStage;
  /** Why frames are dropped, or will be. */
  readonly reason: DropReason;
  /** Frames dropped for this reason so far; 0 while they only wait. */
  readonly frames: number;

  /** An event about a stage that does not keep up. */
  constructor(stage: PipelineStage, reason: DropReason, frames: number) {
    super("overload");
    this.stage = stage;
    this.reason = reason;
    this.frames = frames;
  }
}

/** An observer does not keep up in real time, so it does not see all frames; at most one event a second. */
export class ObserverOverloadEvent extends OverloadEvent {
  /** The observer. */
  readonly observer: AnyObserver;

  /** An event about frames that `observer` did not see. */
  constructor(observer: AnyObserver, stage: PipelineStage, reason: DropReason, frames: number) {
    super(stage, reason, frames);
    this.observer = observer;
  }
}

/** The disk is nearly full; at most one event a minute. */
export class DiskLowEvent extends Event {
  /** Bytes left. */
  readonly freeBytes: number;

  /** An event about the disk. */
  constructor(freeBytes: number) {
    super("disklow");
    this.freeBytes = freeBytes;
  }
}

/**
 * The times of frames jumped: in a source its input's clock, in a recording another source, a step of the clock, or a gap
 * that the container cannot express. Time goes on right after the frame before; at most one event a second.
 */
export class DiscontinuityEvent extends Event {
  /** Where on the time line of the source or the recording, in seconds. */
  readonly atSeconds: number;
  /** By how much the frame's own time differs, in seconds: below 0 for a step back. */
  readonly jumpSeconds: number;

  /** An event about a jump. */
  constructor(atSeconds: number, jumpSeconds: number) {
    super("discontinuity");
    this.atSeconds = atSeconds;
    this.jumpSeconds = jumpSeconds;
  }
}

/** The frames of a source have another size; observers see it in each frame, and a frame's own size always holds. */
export class ResizeEvent extends Event {
  /** Width of the full frames in pixels. */
  readonly width: number;
  /** Height of the full frames in pixels. */
  readonly height: number;

  /** An event about the size of frames. */
  constructor(width: number, height: number) {
    super("resize");
    this.width = width;
    this.height = height;
  }
}

/** A live source does something else: it stalls, loses its signal or its device, or its frames come again. */
export class SourceStateEvent extends Event {
  /** What it does from now on. */
  readonly state: LiveState;
  /** Wall clock at the change, ISO 8601. */
  readonly at: string;
  /** Why no frames come; `undefined` once they do. */
  readonly error: Failure | undefined;
  /** The time without frames that is over; `undefined` if none was missed, because frames only came late. */
  readonly gap: GapReport | undefined;

  /** An event about the state of a source. */
  constructor(
    type: "stalled" | "signallost" | "lost" | "resumed",
    details: {
      readonly state: LiveState;
      readonly at: string;
      readonly error?: Error | undefined;
      readonly gap?: GapReport | undefined;
    },
  ) {
    super(type);
    this.state = details.state;
    this.at = details.at;
    this.error = details.error;
    this.gap = details.gap;
  }
}

/** Something failed (`error`), or degraded (`warning`): a frame that this cost is in the ledger. */
export class FailureEvent extends Event {
  /** The error. */
  readonly error: Failure;

  /** An event about `error`. */
  constructor(type: "warning" | "error", error: Error) {
    super(type);
    this.error = error;
  }
}

/** An observer failed, or could not be attached; no other observer is affected. */
export class ObserverFailureEvent extends FailureEvent {
  /** The observer. */
  readonly observer: AnyObserver;
  /** Frames in a row at which it failed; after 10 it is detached. 0 if it failed otherwise. */
  readonly failures: number;

  /** An event about the failure of `observer`. */
  constructor(error: Error, observer: AnyObserver, failures: number) {
    super("error", error);
    this.observer = observer;
    this.failures = failures;
  }
}

/** A source, filter or target is closed; its last event. */
export class ClosedEvent extends Event {
  /** Report of a target's recording. */
  readonly report: RecordingReport | undefined;
  /** The error that ended it early. */
  readonly error: Failure | undefined;

  /** An event about the end. */
  constructor(report: RecordingReport | undefined, error: Error | undefined) {
    super("closed");
    this.report = report;
    this.error = error;
  }
}

/** The events of an observable by their names. */
export interface ObservableEvents {
  /** An observer is attached: it gets every frame from now on. */
  readonly attached: ObserverEvent;
  /** An observer gets no further frame. */
  readonly detached: ObserverEvent;
  /** Something degraded, or a frame could not be filtered, or converted as an observer requested. */
  readonly warning: FailureEvent;
  /** An observer failed, then it is an {@linkcode ObserverFailureEvent}; or the observable itself did. */
  readonly error: FailureEvent;
  /** An observer does not keep up, then it is an {@linkcode ObserverOverloadEvent}; or the observable does not. */
  readonly overload: OverloadEvent;
}

/** The events of a source by their names; after an `error` of the source itself, `ended` follows. */
export interface VideoSourceEvents extends ObservableEvents {
  /** It has made its last frame, and its observers have seen it. */
  readonly ended: Event;
  /** Its frames have another size. A sub-frame that is not inside them is given up, with a `warning`. */
  readonly resize: ResizeEvent;
  /** The clock of its input jumped. */
  readonly discontinuity: DiscontinuityEvent;
  /** No frame of a live source has come for 0.5 s, or 5 periods. */
  readonly stalled: SourceStateEvent;
  /** The device of a live source gets no signal. */
  readonly signallost: SourceStateEvent;
  /** The device or the connection of a live source is gone; it is tried again until it is back or the source closed. */
  readonly lost: SourceStateEvent;
  /** Frames of a live source come again after one of these. */
  readonly resumed: SourceStateEvent;
  /** It is closed. */
  readonly closed: ClosedEvent;
}

/** The events of a target by their names. */
export interface VideoTargetEvents {
  /** A stage does not keep up. */
  readonly overload: OverloadEvent;
  /** The disk is nearly full. */
  readonly disklow: DiskLowEvent;
  /** The times of its frames jumped. */
  readonly discontinuity: DiscontinuityEvent;
  /** Something degraded, which ends nothing; a frame that it cost is in the ledger. */
  readonly warning: FailureEvent;
  /** It failed; what was recorded stays, and `close()` throws the error too. */
  readonly error: FailureEvent;
  /** It is closed. */
  readonly closed: ClosedEvent;
}
