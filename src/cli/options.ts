/**
 * The options of `deno task record`: one table for the parser, `--help` and the documents.
 *
 * @module
 */

import { Codec, codecFor, CODECS, ColourSpace, CONTAINERS } from "../base/codec.ts";

/** One option. */
export interface CommandOption {
  /** Whether it takes a value. */
  readonly type: "string" | "boolean";
  /** Placeholder of its value. */
  readonly value?: string;
  /** Meaning, in a few words. */
  readonly does: string;
  /** Value that the parser puts in if it is not given. */
  readonly default?: string | boolean;
  /** Default that depends on the other options, in words. */
  readonly otherwise?: string;
  /** Whether it may be repeated. */
  readonly multiple?: boolean;
  /** One letter that stands for it. */
  readonly short?: string;
}

/** The codec where neither an option nor an extension chooses one. */
export const USUAL_CODEC: Codec = Codec.HEVC;

/** Every option by its name, in the order of the help. */
export const OPTIONS = {
  input: {
    type: "string",
    short: "i",
    value: "FILE",
    does: "Record this video: a path, or a file:// URL",
    otherwise: "the test pattern",
  },
  device: {
    type: "string",
    value: "ID",
    does: "Record this capture device, by its id, path, serial number or name; deno task devices lists them",
  },
  screen: { type: "boolean", does: "Record the screen of X11" },
  url: { type: "string", value: "URL", does: "Record this network stream: rtsp, http, rtmp, srt or udp" },
  output: {
    type: "string",
    short: "o",
    value: "FILE",
    does: "Record into this file; its extension chooses the container, and the codec if none is given",
    otherwise: "recordings/CODEC-DATE-TIME.EXTENSION",
  },
  codec: {
    type: "string",
    value: "NAME",
    does: `${Object.keys(CODECS).join(", ")}, or copy for the packets of a live source`,
    otherwise: codecsByExtension(),
  },
  seconds: {
    type: "string",
    value: "N",
    does: "Stop after N seconds",
    otherwise: "10 for the pattern, all of a file, until Ctrl-C for a live source",
  },
  rate: {
    type: "string",
    value: "N",
    does: "Frames per second, 30, 59.94 or 30000/1001, or source: each frame its own time",
    otherwise: "30, or that of the source; source if that is variable",
  },
  "input-rate": {
    type: "string",
    value: "N",
    does: "Frames per second of a raw stream (h264, hevc, mjpeg), which states no times",
    otherwise: "that of its headers, or 25",
  },
  size: {
    type: "string",
    value: "WxH",
    does: "Size of the pattern, or of the frames of a device",
    otherwise: "1280x720; the best of a device",
  },
  "pixel-format": { type: "string", value: "NAME", does: "Format of a device's frames, such as YUYV or MJPG" },
  "device-input": { type: "string", value: "NAME", does: "Input of a device that has several: its number or name" },
  display: { type: "string", value: "NAME", does: "X server of the screen, such as :0", otherwise: "$DISPLAY" },
  region: { type: "string", value: "WxH+X+Y", does: "Only this part of the screen" },
  window: { type: "string", value: "ID", does: "Only this window of the screen: its number or title" },
  "no-cursor": { type: "boolean", does: "Leave the cursor out" },
  transport: { type: "string", value: "NAME", does: "tcp or udp, for rtsp", otherwise: "tcp" },
  "on-gap": {
    type: "string",
    value: "NAME",
    does: "When a live source was lost and comes back: hold its last frame, black, or segment for a new file",
    otherwise: "hold",
  },
  colour: {
    type: "string",
    value: "NAME",
    does: `Colour space of the pattern or the live source: ${Object.values(ColourSpace).join(", ")}`,
    otherwise: "i420",
  },
  track: { type: "string", value: "N", does: "Number of the video track of a file, from 0", otherwise: "the best one" },
  autorotate: {
    type: "boolean",
    does: "Turn the pictures of a file upright, instead of saying in the recording how to",
  },
  pacing: {
    type: "string",
    value: "NAME",
    does: "realtime or asap",
    otherwise: "realtime for the pattern or with --seconds, else asap",
  },
  preset: { type: "string", value: "NAME", does: "Speed against size, in the encoder's own words; see --list" },
  quality: { type: "string", value: "N", does: "Constant quality on the codec's own scale, lower is better" },
  "bit-rate": { type: "string", value: "N", does: "Average bit rate in bit/s: 4000000, 4000k or 4M" },
  gop: { type: "string", value: "N", does: "Longest distance between key frames, in frames" },
  profile: { type: "string", value: "NAME", does: "live, quality or lossless", otherwise: "live" },
  threads: { type: "string", value: "N", does: "Encoder threads; 0 lets the encoder choose" },
  encoder: { type: "string", value: "NAME", does: "Encoder by FFmpeg's name, or rav1e" },
  "encoder-option": {
    type: "string",
    value: "K=V",
    does: "Raw option for the encoder; may be repeated",
    multiple: true,
  },
  title: { type: "string", value: "TEXT", does: "Title, written into the file" },
  comment: { type: "string", value: "TEXT", does: "Comment, written into the file" },
  overwrite: { type: "boolean", does: "Replace an existing file" },
  "no-finalise": { type: "boolean", does: "Leave an mp4 or mov fragmented" },
  json: { type: "boolean", does: "Print the report, or with --list the capabilities, as JSON", default: false },
  list: { type: "boolean", does: "List what can be encoded on this machine, and end", default: false },
  version: { type: "boolean", does: "Print the version of this library, and end", default: false },
  help: { type: "boolean", does: "Print this text, and end", short: "h", default: false },
} as const satisfies Readonly<Record<string, CommandOption>>;

const ALL: readonly (readonly [name: string, option: CommandOption])[] = Object.entries(OPTIONS);

/** Column at which the meanings begin in the help. */
const COLUMN = 30;

/** Columns of the help. */
const WIDTH = 118;

/** The text of `--help`. */
export function helpText(): string {
  return `Record a file, a capture device, a screen, a network stream or the test pattern.

  deno task record [options]

${ALL.map(helpLine).join("\n")}

Ctrl-C stops the recording and finishes the file; a second one ends at once, and the file still opens.
A live source that is lost is tried again and again; the recording goes on when it is back.
A terminal that is closed or stopped changes nothing: the recording goes on to its end.
The exit code is 0 if the file has every frame, 1 if any is missing or something failed, 2 for wrong arguments.`;
}

/** The rows of the table of options in the documents: option, default, meaning. */
export function optionRows(): string[] {
  return ALL.map(([name, option]) => `| \`${usageOf(name, option)}\` | ${defaultOf(option) ?? ""} | ${option.does} |`);
}

function helpLine([name, option]: readonly [name: string, option: CommandOption]): string {
  const otherwise = defaultOf(option);
  const text = otherwise === undefined ? option.does : `${option.does} (default: ${otherwise})`;
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (COLUMN + line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  const indent = option.short === undefined ? 6 : 2;
  return (" ".repeat(indent) + usageOf(name, option)).padEnd(COLUMN) + lines.join(`\n${" ".repeat(COLUMN)}`);
}

function usageOf(name: string, { short, value }: CommandOption): string {
  return `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function defaultOf({ default: value, otherwise }: CommandOption): string | undefined {
  return otherwise ?? (typeof value === "string" ? value : undefined);
}

/** The codec that each extension chooses, in words. */
function codecsByExtension(): string {
  const others = Object.values(CONTAINERS).flatMap(({ extensions }) => extensions).flatMap((extension) => {
    const codec = codecFor(`a.${extension}`);
    return codec === USUAL_CODEC ? [] : [`${codec} for .${extension}`];
  });
  return [...others, `else ${USUAL_CODEC}`].join(", ");
}
