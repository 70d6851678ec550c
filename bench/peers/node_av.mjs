/**
 * The bench's jobs with node-av, in Node or Deno: `node_av.mjs JOB TASK`.
 *
 * TASK is JSON of `input`, `output`, `width`, `height` and `frames`.
 *
 * Jobs: `bgra` and `i420` decode a file and touch every frame; `i420-copy` also makes the frame one buffer of its own,
 * as the other programs do; `encode` records frames that JavaScript holds. The bench copies this file next to the
 * `node_modules` that it installed, so that both runtimes find the package.
 *
 * The fastest settings were found by trying on two cores; TUNING repeats that.
 */

import { readFileSync } from "node:fs";
import process from "node:process";

const { AVERROR_EAGAIN, AVERROR_EOF, AVMEDIA_TYPE_VIDEO, AV_CODEC_FLAG_GLOBAL_HEADER, ...constants } = await import(
  ["node-av", "constants"].join("/")
);
const { Codec, CodecContext, FFmpegError, FormatContext, Frame, Packet, Rational, SoftwareScaleContext } = await import(
  ["node-av", "lib"].join("/")
);

const [job = "", text = "{}"] = process.argv.slice(2);
const { input, output, width, height, frames } = JSON.parse(text);

const TUNING = {
  /** Threads of decoder and encoder; 0 lets FFmpeg choose. */
  codecThreads: 0,
  /** Slices that swscale converts at once; 0 lets it choose. */
  scalerThreads: 0,
  scalerFlags: "SWS_BILINEAR",
  /** Whether a frame is encoded on another thread while the next one is converted. */
  overlap: true,
  ...JSON.parse(process.env.NODE_AV_TUNING ?? "{}"),
};

/** When each frame was there, in ms. */
const times = new Float64Array(frames + 1);
let seen = 0;
let checksum = 0;

const started = performance.now();
// Asked for a `probe` it has done its work by loading.
if (job === "probe") process.exit(0);
if (job === "encode") await encode();
else decode(job);
const ended = performance.now();
console.log(JSON.stringify({
  frames: seen,
  seconds: (ended - started) / 1000,
  steadySeconds: (ended - times[30]) / 1000,
  steadyFrames: seen - 31,
  checksum,
}));

function checked(code, action) {
  FFmpegError.throwIfError(code, action);
  return code;
}

/**
 * Decodes on this thread by the synchronous calls: the decoder's own threads work ahead meanwhile, and a promise per
 * packet, frame and conversion only costs.
 */
function decode(job) {
  const file = new FormatContext();
  checked(file.openInputSync(input), "open the input");
  checked(file.findStreamInfoSync(), "find the streams");
  const index = file.findBestStream(AVMEDIA_TYPE_VIDEO);
  const { codecpar } = file.streams[index];
  const codec = Codec.findDecoder(codecpar.codecId);
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  checked(decoder.parametersToContext(codecpar), "set up the decoder");
  decoder.threadCount = TUNING.codecThreads;
  checked(decoder.open2Sync(codec, null), "open the decoder");

  const frame = new Frame();
  frame.alloc();
  const convert = job === "bgra" ? converter(constants.AV_PIX_FMT_YUV420P, constants.AV_PIX_FMT_BGRA) : undefined;
  // One destination, allocated once, whose view is made once: the cheapest way that the package offers.
  const bgra = convert && blank(constants.AV_PIX_FMT_BGRA);
  const bgraPlanes = bgra?.data;
  const take = () => {
    let code = decoder.receiveFrameSync(frame);
    for (; code >= 0; code = decoder.receiveFrameSync(frame)) {
      if (convert) {
        checked(convert(bgra, frame), "convert");
        touch(bgraPlanes, bgra.linesize, [[0, 0], [0, 0], [0, 0]], 4);
      } else if (job === "i420-copy") {
        touchContiguous(frame.toBuffer());
      } else {
        touch(frame.data, frame.linesize, [[0, 0], [1, 1], [2, 1]], 1);
      }
      times[seen] = performance.now();
      seen += 1;
      frame.unref();
    }
    if (code !== AVERROR_EAGAIN && code !== AVERROR_EOF) checked(code, "decode");
  };
  const packet = new Packet();
  packet.alloc();
  while (file.readFrameSync(packet) >= 0) {
    if (packet.streamIndex === index) {
      checked(decoder.sendPacketSync(packet), "decode");
      take();
    }
    packet.unref();
  }
  checked(decoder.sendPacketSync(null), "flush the decoder");
  take();
}

/** Records frames that lie in JavaScript's memory. */
async function encode() {
  const pictures = picturesOf(input);
  const file = new FormatContext();
  checked(file.allocOutputContext2(null, "mp4", output), "make the file");
  const codec = Codec.findEncoderByName("libx264");
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.width = width;
  encoder.height = height;
  encoder.pixelFormat = constants.AV_PIX_FMT_YUV420P;
  encoder.timeBase = new Rational(1, 30);
  encoder.framerate = new Rational(30, 1);
  encoder.gopSize = 30;
  encoder.maxBFrames = 0;
  encoder.bitRate = 0n;
  encoder.threadCount = TUNING.codecThreads;
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  const tune = TUNING.tune ?? "zerolatency";
  // Not by a Dictionary: given to `open2Sync` it is freed twice, and the program crashes at its end.
  for (const [name, value] of Object.entries({ preset: "ultrafast", crf: "23", ...(tune === "" ? {} : { tune }) })) {
    checked(encoder.setOption(name, value), `set ${name}`);
  }
  checked(encoder.open2Sync(codec, null), "open the encoder");
  const stream = file.newStream(codec);
  stream.timeBase = encoder.timeBase;
  checked(stream.codecpar.fromContext(encoder), "describe the stream");
  checked(file.openOutputSync() ?? 0, "open the file");
  checked(file.writeHeaderSync(null), "write the header");

  const convert = converter(constants.AV_PIX_FMT_BGRA, constants.AV_PIX_FMT_YUV420P);
  // Made once, because it refers to the buffer's memory: later drawing is seen without any copy.
  const sources = pictures.map((picture) => {
    const timeBase = { num: 1, den: 30 };
    return Frame.fromVideoBuffer(picture, { width, height, format: constants.AV_PIX_FMT_BGRA, timeBase });
  });
  const packet = new Packet();
  packet.alloc();
  const drain = () => {
    while (encoder.receivePacketSync(packet) >= 0) {
      packet.streamIndex = stream.index;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      checked(file.interleavedWriteFrameSync(packet), "write");
      packet.unref();
    }
  };
  // Two frames in turn, so that the encoder never reads a frame that is being converted.
  const turns = [blank(constants.AV_PIX_FMT_YUV420P), blank(constants.AV_PIX_FMT_YUV420P)];
  let pending;
  while (seen < frames) {
    const picture = pictures[turn(seen, pictures.length)];
    mark(picture, seen);
    const source = sources[turn(seen, pictures.length)];
    const frame = turns[seen % 2];
    checked(convert(frame, source), "convert");
    frame.pts = BigInt(seen);
    if (TUNING.overlap) {
      await pending;
      drain();
      pending = encoder.sendFrame(frame).then((code) => checked(code, "encode"));
    } else {
      checked(encoder.sendFrameSync(frame), "encode");
      drain();
    }
    times[seen] = performance.now();
    seen += 1;
  }
  await pending;
  drain();
  checked(encoder.sendFrameSync(null), "flush the encoder");
  drain();
  checked(file.writeTrailerSync(), "write the trailer");
  file.closeOutputSync();
  // Left to the garbage collector, the end of the process is a crash.
  encoder.freeContext();
  file.freeContext();
}

/** The conversion of one pixel format into another at the same size. */
function converter(from, to) {
  const scaler = new SoftwareScaleContext();
  scaler.allocContext();
  const options = {
    ...{ srcw: width, srch: height, src_format: from, dstw: width, dsth: height, dst_format: to },
    ...{ threads: TUNING.scalerThreads, sws_flags: constants[TUNING.scalerFlags] },
  };
  for (const [name, value] of Object.entries(options)) checked(scaler.setOption(name, value), `set ${name}`);
  checked(scaler.initContext(), "set up the conversion");
  return (target, source) => scaler.scaleFrameSync(target, source);
}

function blank(format) {
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = format;
  checked(frame.getBuffer(), "allocate a frame");
  return frame;
}

/** Reads 64 bytes spread over the frame: point k of an 8 × 8 grid in plane k mod 3. */
function touch(planes, strides, plan, step) {
  for (let point = 0; point < 64; point += 1) {
    const [plane, shift] = plan[point % 3];
    const x = ((2 * (point % 8) + 1) * width) >> 4 >> shift;
    const y = ((2 * (point >> 3) + 1) * height) >> 4 >> shift;
    checksum += planes[plane][y * strides[plane] + x * step + (step === 4 ? point % 3 : 0)];
  }
}

function touchContiguous(data) {
  const chroma = (width / 2) * (height / 2);
  const planes = [0, 1, 2].map((plane) => plane === 0 ? data : data.subarray(width * height + (plane - 1) * chroma));
  touch(planes, [width, width / 2, width / 2], [[0, 0], [1, 1], [2, 1]], 1);
}

/** The pictures of a file of raw BGRA, each a buffer of its own. */
function picturesOf(path) {
  const bytes = readFileSync(path);
  const size = width * height * 4;
  return Array.from(
    { length: bytes.length / size },
    (_, index) => Buffer.from(bytes.subarray(index * size, (index + 1) * size)),
  );
}

/** To and fro through the pictures, so that the motion has no jump. */
function turn(index, count) {
  const step = index % (2 * count - 2);
  return step < count ? step : 2 * count - 2 - step;
}

/** Draws a square whose grey depends on the frame's number. */
function mark(picture, index) {
  for (let row = 32; row < 96; row += 1) {
    const start = (row * width + 32) * 4;
    picture.fill((index * 37) & 255, start, start + 256);
  }
}
