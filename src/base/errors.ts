/**
 * Errors by GIFT-Grab's names, each with a stable code and the stage at which it happened.
 *
 * @module
 */

import type { ErrorCode, ErrorRecord, PipelineStage, RecordingReport } from "../generated/contract.ts";

/**
 * An error of this library: one clear sentence, and the fields by which a program can act on it.
 *
 * `cause` is the last line that FFmpeg logged before it, or the runtime's own error.
 */
export class GiftGrabError extends Error {
  /** Kind of the error; stable, for programs. */
  readonly code: ErrorCode;
  /** Where it happened. */
  readonly stage: PipelineStage;
  /** The wrong option or argument, if there is one. */
  readonly field: string | undefined;

  /** An error with the fields of `record`. */
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

/** No such device is connected. */
export class DeviceNotFound extends VideoSourceError {}

/** Another program, or another source of this one, is using the device. */
export class DeviceBusy extends VideoSourceError {}

/** The device is there, but gives no frame or gets no signal. */
export class DeviceOffline extends VideoSourceError {}

/** The device is in use with another colour space or other settings; free it first. */
export class DeviceAlreadyConnected extends VideoSourceError {}

/** The network stream cannot be reached. */
export class NetworkSourceUnavailable extends VideoSourceError {}

/** A target could not be opened, encoded, written or closed. */
export class VideoTargetError extends GiftGrabError {
  /** Report of the recording, if closing it failed; what was recorded stays. */
  readonly report: RecordingReport | undefined;

  /** An error with the fields of `record`, and the report of a recording. */
  constructor(record: ErrorRecord, options?: ErrorOptions & { readonly report?: RecordingReport | undefined }) {
    super(record, options);
    this.report = options?.report;
  }
}

/** An observer could not be attached or detached. */
export class ObserverError extends GiftGrabError {}

/** The fields of the `TypeError` or `RangeError` for a wrong argument. */
export interface ArgumentDetails {
  /** Always the same. */
  readonly code: "invalid_argument";
  /** Always the same. */
  readonly stage: PipelineStage;
  /** The wrong option or argument, by its name. */
  readonly field: string | undefined;
}

/** The error for a wrong argument: a real `TypeError` or `RangeError` that names the field. */
export type ArgumentError = (TypeError | RangeError) & ArgumentDetails;

/** An error that is perhaps one of this library, with the fields by which a program can act on it, or one of the program. */
export type Failure = Error & Partial<Pick<GiftGrabError, "code" | "stage" | "field">>;

/** The kind of object whose call failed; it decides the class of the error. */
export type Side = "library" | "source" | "target" | "observer";

/** The classes of a source's errors that have one of their own, by their codes. */
const SOURCE_CLASSES: Partial<Record<ErrorCode, typeof VideoSourceError>> = {
  device_not_found: DeviceNotFound,
  device_lost: DeviceNotFound,
  device_busy: DeviceBusy,
  device_offline: DeviceOffline,
  no_signal: DeviceOffline,
  device_already_connected: DeviceAlreadyConnected,
  network_unavailable: NetworkSourceUnavailable,
  connection_lost: NetworkSourceUnavailable,
};

/** An error of a source, of the class for its code. */
export function sourceError(record: ErrorRecord, options?: ErrorOptions): VideoSourceError {
  return new (SOURCE_CLASSES[record.code] ?? VideoSourceError)(record, options);
}

const CLASSES = {
  library: GiftGrabError,
  source: VideoSourceError,
  target: VideoTargetError,
  observer: ObserverError,
} as const;

/** An error with the fields of `record`, of the class for `side`; a `RangeError` for a wrong argument. */
export function errorOf(side: Side, record: ErrorRecord, options?: ErrorOptions): GiftGrabError | ArgumentError {
  if (record.code === "invalid_argument") return refused(RangeError, record.field, record.message);
  return side === "source" ? sourceError(record, options) : new CLASSES[side](record, options);
}

/** The fields of `error` as a record. */
export function recordOf(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { code: "internal", stage: "boundary", message: String(error) };
  const { code = "internal", stage = "boundary", message } = error as Error & Partial<ErrorRecord>;
  return { code, stage, message };
}

/** `thrown` itself if it is an error, otherwise an error that has it as its cause. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new GiftGrabError(recordOf(thrown), { cause: thrown });
}

/** The error for the use of something closed. */
export function closedError(side: Side, action: string): GiftGrabError | ArgumentError {
  return errorOf(side, { code: "closed", stage: "boundary", message: `Cannot ${action}: it is closed` });
}

/** The error for an argument of the wrong type. */
export function wrongType(field: string, message: string): ArgumentError {
  return refused(TypeError, field, message);
}

/** The error for an argument outside its range. */
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
