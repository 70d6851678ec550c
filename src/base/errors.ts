/**
 * Errors by GIFT-Grab's names, each with a stable code and the stage at which it happened.
 *
 * @module
 */

import type { ErrorCode, ErrorRecord, PipelineStage, RecordingReport } from "../generated/contract.ts";

/**
 * An error of this library: one clear sentence, and what a program needs to act on it.
 *
 * `cause` is the last line that FFmpeg logged on the way to it, or the runtime's own error.
 */
export class GiftGrabError extends Error {
  /** What went wrong; stable, for programs. */
  readonly code: ErrorCode;
  /** Where it went wrong. */
  readonly stage: PipelineStage;
  /** The option or argument that is wrong, where one is. */
  readonly field: string | undefined;

  /** Makes an error of what the native side or a check tells. */
  constructor(record: ErrorRecord, options?: ErrorOptions) {
    super(record.message, record.cause === undefined ? options : { cause: record.cause });
    this.name = new.target.name;
    this.code = record.code;
    this.stage = record.stage;
    this.field = record.field;
  }
}

/** A source could not be opened, read or decoded. */
export class VideoSourceError extends GiftGrabError {}

/** A target could not be opened, encoded, written or closed. */
export class VideoTargetError extends GiftGrabError {
  /** What became of the recording, when closing it failed: what was recorded stays. */
  readonly report: RecordingReport | undefined;

  /** Makes an error of what the native side or a check tells, with a recording's report. */
  constructor(record: ErrorRecord, options?: ErrorOptions & { readonly report?: RecordingReport | undefined }) {
    super(record, options);
    this.report = options?.report;
  }
}

/** An observer could not be attached or detached. */
export class ObserverError extends GiftGrabError {}

/** What a refused argument's `TypeError` or `RangeError` tells a program. */
export interface ArgumentDetails {
  /** Always the same. */
  readonly code: "invalid_argument";
  /** Always the same. */
  readonly stage: PipelineStage;
  /** The wrong option or argument, by its name. */
  readonly field: string | undefined;
}

/** A refused argument: a real `TypeError` or `RangeError` that names the field. */
export type ArgumentError = (TypeError | RangeError) & ArgumentDetails;

/** Whose call went wrong; it chooses the class of the error. */
export type Side = "library" | "source" | "target" | "observer";

const CLASSES = {
  library: GiftGrabError,
  source: VideoSourceError,
  target: VideoTargetError,
  observer: ObserverError,
} as const;

/** The error that `record` tells, of the class for `side`; a refused argument is a `RangeError`. */
export function errorOf(side: Side, record: ErrorRecord, options?: ErrorOptions): GiftGrabError | ArgumentError {
  if (record.code === "invalid_argument") return refused(RangeError, record.field, record.message);
  return new CLASSES[side](record, options);
}

/** What `error` tells, as a record. */
export function recordOf(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { code: "internal", stage: "boundary", message: String(error) };
  const { code = "internal", stage = "boundary", message } = error as Error & Partial<ErrorRecord>;
  return { code, stage, message };
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new GiftGrabError(recordOf(thrown), { cause: thrown });
}

/** The error for the use of something closed. */
export function closedError(side: Side, action: string): GiftGrabError | ArgumentError {
  return errorOf(side, { code: "closed", stage: "boundary", message: `Cannot ${action}: it is closed` });
}

/** A refused argument of the wrong type. */
export function wrongType(field: string, message: string): ArgumentError {
  return refused(TypeError, field, message);
}

/** A refused argument outside its range. */
export function outOfRange(field: string, message: string): ArgumentError {
  return refused(RangeError, field, message);
}

function refused(
  kind: TypeErrorConstructor | RangeErrorConstructor,
  field: string | undefined,
  message: string,
): ArgumentError {
  const details: ArgumentDetails = { code: "invalid_argument", stage: "options", field };
  return Object.assign(new kind(message), details);
}
