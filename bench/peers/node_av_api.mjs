/**
 * The decoding jobs with node-av as its README shows them: generators of packets and frames, a filter for the colours.
 *
 * It is slower than `node_av.mjs`, whose synchronous calls hold the event loop for the whole file, as no server could;
 * the bench shows both.
 */

import process from "node:process";

const { Decoder, Demuxer, FilterAPI } = await import(["node-av", "api"].join("/"));

const [job = "", text = "{}"] = process.argv.slice(2);
const { input, width, height, frames } = JSON.parse(text);

const times = new Float64Array(frames + 1);
let seen = 0;
let checksum = 0;

const started = performance.now();
const file = await Demuxer.open(input);
const stream = file.video();
const decoder = await Decoder.create(stream);
const decoded = decoder.frames(file.packets(stream.index));
const shown = job === "bgra" ? FilterAPI.create("format=bgra").frames(decoded) : decoded;
for await (const frame of shown) {
  if (frame === null) continue;
  touch(frame.data, frame.linesize);
  times[seen] = performance.now();
  seen += 1;
  frame.free();
}
const ended = performance.now();
await file.close();
console.log(JSON.stringify({
  frames: seen,
  seconds: (ended - started) / 1000,
  steadySeconds: (ended - times[30]) / 1000,
  steadyFrames: seen - 31,
  checksum,
}));

/** Reads 64 bytes spread over the frame: point k of an 8 × 8 grid in plane, or channel, k mod 3. */
function touch(planes, strides) {
  for (let point = 0; point < 64; point += 1) {
    const part = point % 3;
    const shift = job === "i420" && part > 0 ? 1 : 0;
    const x = ((2 * (point % 8) + 1) * width) >> 4 >> shift;
    const y = ((2 * (point >> 3) + 1) * height) >> 4 >> shift;
    checksum += job === "bgra" ? planes[0][y * strides[0] + x * 4 + part] : planes[part][y * strides[part] + x];
  }
}
