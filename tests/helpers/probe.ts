/** What a recording says of itself, by `ffprobe`. */

import { fileArgument, text } from "./command.ts";

/** A ratio of two integers. */
export interface Ratio {
  readonly num: number;
  readonly den: number;
}

/** The first video stream of a file and its container. */
export interface Probe {
  readonly width: number;
  readonly height: number;
  /** FFmpeg's short name, such as `hevc`. */
  readonly codec: string;
  /** Codec tag in the container, such as `hvc1`. */
  readonly codecTag: string;
  readonly profile: string | null;
  readonly pixelFormat: string;
  /** `r_frame_rate`: the lowest rate that holds every timestamp. */
  readonly frameRate: Ratio;
  /** `avg_frame_rate`: frames by duration. */
  readonly averageFrameRate: Ratio;
  readonly timeBase: Ratio;
  /** Of the stream; of the container where the stream has none; `null` if neither says. */
  readonly durationSeconds: number | null;
  /** Frames as the container counts them; `null` if it does not. */
  readonly indexedFrames: number | null;
  /** FFmpeg's names of the demuxer, such as `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly format: string;
  /** `null` where the stream leaves it open. */
  readonly colour: {
    readonly range: string | null;
    readonly matrix: string | null;
    readonly primaries: string | null;
    readonly transfer: string | null;
  };
  /** Tags of the container. */
  readonly tags: Readonly<Record<string, string>>;
  /** Tags of the stream. */
  readonly streamTags: Readonly<Record<string, string>>;
}

/** One packet of the first video stream; times in seconds. */
export interface PacketTime {
  readonly pts: number | null;
  readonly dts: number | null;
  readonly duration: number | null;
  /** The same in ticks of {@linkcode Probe.timeBase}. */
  readonly ptsTicks: number | null;
  readonly isKeyFrame: boolean;
}

type Fields = Record<string, unknown>;

async function ffprobe(path: string, args: readonly string[]): Promise<Fields> {
  const all = ["-v", "error", "-select_streams", "v:0", ...args, "-of", "json", fileArgument(path)];
  return JSON.parse(await text("ffprobe", all));
}

const word = (value: unknown): string | null => typeof value === "string" && value !== "unknown" ? value : null;

function quantity(value: unknown): number | null {
  const result = typeof value === "string" || typeof value === "number" ? Number(value) : NaN;
  return Number.isFinite(result) ? result : null;
}

function ratio(value: unknown): Ratio {
  const [num = NaN, den = NaN] = String(value).split("/").map(Number);
  return { num, den };
}

async function firstStream(path: string, args: readonly string[]): Promise<{ stream: Fields; format: Fields }> {
  const { streams, format } = await ffprobe(path, [...args, "-show_streams", "-show_format"]);
  const [stream] = streams as Fields[];
  if (stream === undefined) throw new Error(`Cannot probe "${path}": it holds no video`);
  return { stream, format: format as Fields };
}

/**
 * What the headers say; decodes nothing.
 *
 * @throws {CommandError} If `ffprobe` reports any error.
 */
export async function probe(path: string): Promise<Probe> {
  const { stream, format } = await firstStream(path, []);
  return {
    width: Number(stream.width),
    height: Number(stream.height),
    codec: String(stream.codec_name),
    codecTag: String(stream.codec_tag_string),
    profile: word(stream.profile),
    pixelFormat: String(stream.pix_fmt),
    frameRate: ratio(stream.r_frame_rate),
    averageFrameRate: ratio(stream.avg_frame_rate),
    timeBase: ratio(stream.time_base),
    durationSeconds: quantity(stream.duration) ?? quantity(format.duration),
    indexedFrames: quantity(stream.nb_frames),
    format: String(format.format_name),
    colour: {
      range: word(stream.color_range),
      matrix: word(stream.color_space),
      primaries: word(stream.color_primaries),
      transfer: word(stream.color_transfer),
    },
    tags: (format.tags ?? {}) as Record<string, string>,
    streamTags: (stream.tags ?? {}) as Record<string, string>,
  };
}

/** How many frames come out when everything is decoded. */
export async function countFrames(path: string): Promise<number> {
  const { stream } = await firstStream(path, ["-count_frames"]);
  return quantity(stream.nb_read_frames) ?? 0;
}

/** Every packet in the order of the file. */
export async function packets(path: string): Promise<PacketTime[]> {
  const entries = "packet=pts,pts_time,dts_time,duration_time,flags";
  const { packets } = await ffprobe(path, ["-show_entries", entries]);
  return (packets as Fields[]).map((packet) => ({
    pts: quantity(packet.pts_time),
    dts: quantity(packet.dts_time),
    duration: quantity(packet.duration_time),
    ptsTicks: quantity(packet.pts),
    isKeyFrame: String(packet.flags).startsWith("K"),
  }));
}

/** Presentation times of all frames in seconds, in the order of presentation. */
export async function presentationTimes(path: string): Promise<number[]> {
  const times = (await packets(path)).map((packet) => packet.pts);
  return times.filter((time) => time !== null).sort((a, b) => a - b);
}
