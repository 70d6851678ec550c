/**
 * The arguments of `deno task record`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { codecFor, ColourSpace } from "../base/codec.ts";
import { pathOf } from "../base/path.ts";
import { Codec, type Pacing, type Rational } from "../generated/contract.ts";
import type { FileWriterSettings } from "../targets/factory.ts";
import type { LiveInput } from "./live.ts";
import { OPTIONS, USUAL_CODEC } from "./options.ts";

/** A recording as the arguments describe it. */
export interface Recording {
  /** The video to record; `undefined` for the test pattern. */
  readonly input: string | undefined;
  /** The live source to record. */
  readonly live: LiveInput | undefined;
  /** The file to record into; `undefined` for a new one in `recordings`. */
  readonly output: string | undefined;
  /** Codec. */
  readonly codec: Codec;
  /** Seconds to record. */
  readonly seconds: number | undefined;
  /** Frames per second of the recording, or `"source"` for the times of the video. */
  readonly rate: number | Rational | "source" | undefined;
  /** Frames per second of a raw stream. */
  readonly inputRate: number | Rational | undefined;
  /** Size of the test pattern. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** Colour space of the test pattern. */
  readonly colour: ColourSpace;
  /** Number of the video track of the input. */
  readonly track: number | undefined;
  /** Whether the pictures of a file are turned upright. */
  readonly autorotate: boolean;
  /** How the source keeps time. */
  readonly pacing: Pacing;
  /** Settings of the writer. */
  readonly settings: FileWriterSettings;
}

/** The command to run. */
export type Command =
  | { readonly verb: "help" }
  | { readonly verb: "version" }
  | { readonly verb: "list"; readonly json: boolean }
  | { readonly verb: "record"; readonly json: boolean; readonly recording: Recording };

/** The longest delay of a timer. */
const MAX_SECONDS = 2_147_483;

/** A wrong argument of the command line. */
export class UsageError extends Error {
  /** Name of the class. */
  override readonly name = "UsageError";
}

/**
 * The command that `args` describe.
 *
 * @throws {UsageError} If an argument is wrong.
 */
export function commandOf(args: readonly string[]): Command {
  const values = parse(args);
  if (values.help) return { verb: "help" };
  if (values.version) return { verb: "version" };
  if (values.list) return { verb: "list", json: values.json };
  const input = fileOf("input", values.input);
  const live = liveOf(values);
  if (input !== undefined && live !== undefined) throw new UsageError(`Cannot use --input with --${SOURCE[live.kind]}`);
  const output = fileOf("output", values.output);
  const seconds = numberOf("seconds", values.seconds);
  if (seconds !== undefined && seconds <= 0) throw wrong("seconds", values.seconds, "it must be above 0");
  if (seconds !== undefined && seconds > MAX_SECONDS) {
    throw wrong("seconds", values.seconds, `it must be at most ${MAX_SECONDS}`);
  }
  if (input !== undefined && values.size !== undefined) {
    throw new UsageError("Cannot use --size with --input: a file has its own size");
  }
  if (input !== undefined && values.colour !== undefined) {
    throw new UsageError("Cannot use --colour with --input: a file is recorded in its own colours");
  }
  const track = numberOf("track", values.track);
  if (input === undefined && track !== undefined) {
    throw new UsageError("Cannot use --track without --input: only a file has tracks to choose from");
  }
  if (input === undefined && values["input-rate"] !== undefined) {
    throw new UsageError("Cannot use --input-rate without --input: --rate is that of all other sources");
  }
  if (input === undefined && values.autorotate) {
    throw new UsageError("Cannot use --autorotate without --input: only a file can say how it is to be turned");
  }
  const pacing = values.pacing === undefined
    ? (input === undefined || seconds !== undefined ? "realtime" : "asap")
    : wordOf("pacing", values.pacing, ["realtime", "asap"]);
  if (input !== undefined && seconds !== undefined && pacing === "asap") {
    throw new UsageError("Cannot use --pacing asap with --input and --seconds: only in real time do seconds pass");
  }
  if (live !== undefined && pacing === "asap") {
    throw new UsageError(`Cannot use --pacing asap with --${SOURCE[live.kind]}: a live source has its own pace`);
  }
  if (values.codec?.toLowerCase() === "copy" && live?.kind !== "device" && live?.kind !== "network") {
    throw new UsageError("Cannot use --codec copy without --device or --url: only a camera or a stream has packets");
  }
  const recording: Recording = {
    input,
    live,
    output,
    codec: values.codec === undefined
      ? codecFor(output ?? "") ?? USUAL_CODEC
      : wordOf("codec", values.codec.toLowerCase(), Object.values(Codec)),
    seconds: seconds ?? (input === undefined && live === undefined ? 10 : undefined),
    rate: values.rate === "source" ? "source" : rateOf("rate", values.rate, ", or source"),
    inputRate: rateOf("input-rate", values["input-rate"]),
    size: sizeOf(values.size),
    colour: wordOf("colour", values.colour?.toLowerCase() ?? ColourSpace.I420, Object.values(ColourSpace)),
    track,
    autorotate: values.autorotate ?? false,
    pacing,
    settings: settingsOf(values),
  };
  return { verb: "record", json: values.json, recording };
}

type Values = ReturnType<typeof parse>;

/** The option that chooses each kind of live source, and the options that only it takes. */
const SOURCE = { device: "device", screen: "screen", network: "url" } as const;
const ONLY = {
  device: ["pixel-format", "device-input"],
  screen: ["display", "region", "window", "no-cursor"],
  network: ["transport"],
} as const;

function liveOf(values: Values): LiveInput | undefined {
  const kinds = (["device", "screen", "network"] as const).filter((kind) => values[SOURCE[kind]] !== undefined);
  const [kind, other] = kinds;
  if (kind !== undefined && other !== undefined) {
    throw new UsageError(`Cannot use --${SOURCE[other]} with --${SOURCE[kind]}`);
  }
  for (const one of ["device", "screen", "network"] as const) {
    const option = one === kind ? undefined : ONLY[one].find((name) => values[name] !== undefined);
    if (option !== undefined) throw new UsageError(`Cannot use --${option} without --${SOURCE[one]}`);
  }
  if (kind === undefined) {
    if (values["on-gap"] === undefined) return undefined;
    throw new UsageError("Cannot use --on-gap without --device, --screen or --url: only a live source has gaps");
  }
  const rate = values.rate === "source" ? undefined : rateOf("rate", values.rate, ", or source");
  const frameRate = rate !== undefined && { frameRate: rate };
  if (kind !== "device" && values.size !== undefined) {
    throw new UsageError(
      `Cannot use --size with --${SOURCE[kind]}${kind === "screen" ? ": --region is a part of it" : ""}`,
    );
  }
  switch (kind) {
    case "device": {
      const settings = { ...frameRate, ...sizeOf(values.size), pixelFormat: values["pixel-format"] };
      return { kind, name: values.device ?? "", settings: { ...settings, input: values["device-input"] } };
    }
    case "screen": {
      const { display, window } = values;
      const settings = { ...frameRate, display, window, region: regionOf(values.region), cursor: !values["no-cursor"] };
      return { kind, name: display ?? "", settings };
    }
    case "network": {
      const transport = values.transport && wordOf("transport", values.transport, ["tcp", "udp"]);
      return { kind, name: values.url ?? "", settings: transport ? { transport } : {} };
    }
  }
}

function regionOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const match = /^(\d+)x(\d+)\+(-?\d+)\+(-?\d+)$/i.exec(text);
  if (match === null) throw wrong("region", text, "it must be size and place in pixels, such as 640x480+100+50");
  const [width, height, x, y] = match.slice(1).map(Number) as [number, number, number, number];
  return { x, y, width, height };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, " "));
  }
}

function settingsOf(values: Values): FileWriterSettings {
  const metadata = defined({ title: values.title, comment: values.comment });
  const encoderOptions = Object.fromEntries((values["encoder-option"] ?? []).map(pairOf));
  return defined({
    preset: values.preset,
    quality: numberOf("quality", values.quality),
    bitRate: bitRateOf(values["bit-rate"]),
    gop: numberOf("gop", values.gop),
    profile: values.profile && wordOf("profile", values.profile, ["live", "quality", "lossless"]),
    threads: numberOf("threads", values.threads),
    encoder: values.encoder,
    encoderOptions: Object.keys(encoderOptions).length === 0 ? undefined : encoderOptions,
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
    overwrite: values.overwrite,
    finalise: values["no-finalise"] ? false : undefined,
    onGap: values["on-gap"] && wordOf("on-gap", values["on-gap"], ["hold", "black", "segment"]),
  }) as FileWriterSettings;
}

/** The fields that are not `undefined`. */
function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A path as it is, that of a `file://` URL decoded. */
function fileOf(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : pathOf(text, `--${name}`);
}

function numberOf(name: string, text: string | undefined, must = "a number"): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw wrong(name, text, `it must be ${must}`);
  return value;
}

function bitRateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
  if (digits === undefined) throw wrong("bit-rate", text, "it must be a number, such as 4000000, 4000k or 4M");
  return Math.round(Number(digits) * ({ "": 1, k: 1e3, M: 1e6 }[unit] ?? 1));
}

function rateOf(name: string, text: string | undefined, words = ""): number | Rational | undefined {
  const ratio = /^(\d+)\/(\d+)$/.exec(text ?? "");
  return ratio === null
    ? numberOf(name, text, `a number such as 30 or 30000/1001${words}`)
    : { num: Number(ratio[1]), den: Number(ratio[2]) };
}

function sizeOf(text: string | undefined): Recording["size"] {
  if (text === undefined) return undefined;
  const match = /^(\d+)x(\d+)$/i.exec(text);
  if (match === null) throw wrong("size", text, "it must be width and height in pixels, such as 1280x720");
  return { width: Number(match[1]), height: Number(match[2]) };
}

function pairOf(text: string): [string, string] {
  const split = text.indexOf("=");
  if (split < 1) throw wrong("encoder-option", text, "it must be a name and a value, such as tune=grain");
  return [text.slice(0, split), text.slice(split + 1)];
}

function wordOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === text);
  if (word === undefined) throw wrong(name, text, `it must be one of ${words.join(", ")}`);
  return word;
}

function wrong(name: string, value: string | undefined, why: string): UsageError {
  return new UsageError(`Cannot use --${name} ${JSON.stringify(value)}: ${why}`);
}
