/**
 * Cases from people who do this job: files as their cameras, phones and programs left them, each by the name of its input
 * and of the report that it stands for. Pictures: `colours_test.ts`; what is recorded of them: `times_test.ts` and
 * `geometry_test.ts`.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, it } from "node:test";
import { ColourSpace, VideoSourceError, VideoSourceFactory, VideoTargetFactory } from "../../../mod.ts";
import { attempt } from "../../helpers/attempt.ts";
import { aviFrames } from "../../helpers/avi.ts";
import { fileArgument, text } from "../../helpers/command.ts";
import { cutStream, joinedStreams, makeFile, testPicture } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { assertLedger } from "../../helpers/ledger.ts";
import { countFrames, packets, presentationTimes, probe } from "../../helpers/probe.ts";
import { assertTimes, shownOf } from "../../helpers/reading.ts";
import { assertRefused } from "../../helpers/refusal.ts";
import { ivfFrames, webmOf } from "../../helpers/webm.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
const MJPEG = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"];

/** Frames that `ffmpeg` decodes, whatever it complains of. */
async function decodedFrames(path: string): Promise<number> {
  const entries = ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"];
  const args = ["-v", "quiet", "-select_streams", "v:0", "-count_frames", ...entries, fileArgument(path)];
  return Number((await text("ffprobe", args)).trim());
}

/** Records a file at the rate that its reader returns; gives the frames that are written. */
async function recordAtItsRate(input: string, output: string): Promise<number> {
  const reader = await sources.createFileReader(input, ColourSpace.I420, { pacing: "asap" });
  const writer = await targets.createFileWriter("h264", output, reader.getFrameRate());
  reader.attach(writer);
  await reader.ended;
  const { stats } = await writer.close();
  await reader.close();
  assertLedger(stats.frames);
  return stats.frames.written;
}

describe("times that a file states", () => {
  it("01_vfr_screen.mp4: 5 fps, then 60 (auto-editor#152, opencv#24000, QuickRecorder#206)", () =>
    withFolder(async (folder) => {
      const still = ["-vf", "select='if(lt(t,4),not(mod(n,12)),1)'", "-vsync", "vfr"];
      const path = join(folder, "01_vfr_screen.mp4");
      await makeFile(path, ...testPicture("96x64", 60, 8), ...still, ...H264, "-video_track_timescale", "90000");
      const times = await assertTimes(path);
      assert.deepEqual([times.length, Math.round((times.at(-1) ?? 0) * 1000)], [260, 7983]);
      const { durationSeconds } = await shownOf(path);
      assert.ok(Math.abs(durationSeconds - 8) < 0.001, `${durationSeconds} s`);
      // In a recording too.
      const copy = join(folder, "copy.mp4");
      assert.equal(await recordAtItsRate(path, copy), 260);
      const shown = await presentationTimes(copy);
      for (const [index, time] of times.entries()) {
        assert.ok(Math.abs(time - (shown[index] ?? NaN)) < 1 / 60, `frame ${index} at ${shown[index]}, not ${time}`);
      }
      assert.ok(Math.abs(((await probe(copy)).durationSeconds ?? 0) - 8) < 0.01);
    }));

  it("03_hold.gif: ten frames of 0.1 s (mpv#3924); how long the last one stays: times_test.ts", () =>
    withFolder(async (folder) => {
      const path = join(folder, "03_hold.gif");
      await makeFile(path, ...testPicture("96x64", 10, 1), "-final_delay", "500");
      const { times } = await shownOf(path);
      assert.deepEqual(times.map((time) => Math.round(time * 100)), [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    }));

  const joined = [["04_jump_hour.ts", 0, 3600], ["04b_jump_back.ts", 3600, 0], ["04c_restart.ts", 0, 0]] as const;
  for (const [name, first, second] of joined) {
    it(`${name}: two files of one camera (hls.js#325, mediamtx#5984, rtp2httpd#676)`, () =>
      withFolder(async (folder) => {
        const path = await joinedStreams(folder, 3, first, second);
        const { times, durationSeconds, jumps } = await shownOf(path);
        assert.deepEqual(times.map((time) => Math.round(time * 25)), Array.from({ length: 150 }, (_, index) => index));
        assert.deepEqual([durationSeconds, jumps.length], [6, 1]);
        const copy = join(folder, "copy.mp4");
        assert.equal(await recordAtItsRate(path, copy), 150);
        assert.equal((await probe(copy)).durationSeconds, 6);
      }));

    it(`${name}: in real time it does not stand still`, () =>
      withFolder(async (folder) => {
        const { times } = await shownOf(await joinedStreams(folder, 0.4, first, second), { pacing: "realtime" });
        assert.equal(times.length, 20);
      }));
  }

  it("05_wrap.ts: the 33-bit clock wraps after 3 s (avpipe#198)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "05_wrap.ts");
      const mux = ["-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", "95440.7"];
      await makeFile(path, ...testPicture("96x64", 25, 8), ...H264, "-g", "25", "-bf", "2", ...mux);
      const { times, durationSeconds, jumps } = await shownOf(path);
      assert.deepEqual([times.length, times.at(-1), durationSeconds, jumps], [200, 7.96, 8, []]);
    }));

  it("14_pi600.avi: 5 fps, and the header says 600 (libcamera#55)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "14_pi600.avi");
      const clock = ["-vf", "settb=1/600", "-enc_time_base", "1/600", "-vsync", "passthrough", "-r", "600"];
      // FFmpeg warns of such a header.
      await makeFile(path, "-v", "quiet", ...testPicture("96x64", 5, 6), ...MJPEG, ...clock);
      const { rate, times } = await shownOf(path);
      assert.deepEqual([rate, times.length, times.at(-1)], [{ num: 5, den: 1 }, 30, 5.8]);
      const copy = join(folder, "copy.mp4");
      assert.equal(await recordAtItsRate(path, copy), 30);
      assert.deepEqual((await probe(copy)).frameRate, { num: 5, den: 1 });
      const keys = (await packets(copy)).filter(({ isKeyFrame }) => isKeyFrame);
      assert.equal(keys.length, 6, "a key frame each second");
    }));

  const rates = [
    ["15_fast2000.mp4", ["-vf", "setpts=N/TB/2000", "-r", "2000", ...H264], { num: 2000, den: 1 }],
    ["15b_lapse.avi", ["-vf", "setpts=N/TB/(1/3600)", "-r", "1/3600", ...MJPEG], { num: 1, den: 3600 }],
  ] as const;
  for (const [name, options, expected] of rates) {
    it(`${name}: it opens, and a writer says what it takes (flowframes#1, tech-news#16339)`, () =>
      withFolder(async (folder) => {
        const path = await makeFile(join(folder, name), ...testPicture("96x64", 25, 1), ...options);
        const { rate, times } = await shownOf(path);
        assert.deepEqual([rate, times.length], [expected, await countFrames(path)]);
        await assertRefused(targets.createFileWriter("h264", join(folder, "copy.mp4"), rate), {
          is: RangeError,
          code: "invalid_argument",
          field: "frameRate",
          says: /above 1000 frames per second|below one frame in 1000 seconds/,
        });
      }));
  }

  it("24_one.webm: one frame, no rate (opencv-python#322)", () =>
    withFolder(async (folder) => {
      const coded = await makeFile(join(folder, "one.ivf"), ...testPicture("96x64", 25, 1), "-c:v", "libvpx");
      const path = join(folder, "24_one.webm");
      await writeFile(path, webmOf(await ivfFrames(coded), [0]));
      const { rate, times } = await shownOf(path);
      const perSecond = rate.num / rate.den;
      assert.equal(times.length, 1);
      assert.ok(perSecond >= 10 && perSecond <= 60, `${perSecond} frames a second`);
    }));
});

describe("what a file holds", () => {
  it("10_pi.mjpeg: raw motion JPEG (picamera#335, rpicam-apps#146)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "10_pi.mjpeg");
      await makeFile(path, ...testPicture("96x64", 25, 4), ...MJPEG, "-f", "mjpeg");
      const { times, durationSeconds } = await shownOf(path);
      assert.deepEqual([times.length, durationSeconds], [100, 4]);
    }));

  it("10 a single APNG picture likewise", () =>
    withFolder(async (folder) => {
      const path = await makeFile(join(folder, "a.apng"), ...testPicture("96x64", 25, 0.04), "-frames:v", "1");
      assert.equal((await shownOf(path)).times.length, 1);
    }));

  it("16_late.flv: pictures from 8 s on (nginx-rtmp-module#405)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "16_late.flv");
      const late = ["-f", "lavfi", "-i", "sine=d=12", "-itsoffset", "8", ...testPicture("96x64", 25, 4)];
      await makeFile(path, ...late, "-map", "0", "-map", "1", "-c:a", "mp3", "-ar", "44100", "-c:v", "flv1");
      const { times } = await shownOf(path);
      assert.deepEqual([times.length, times[0]], [100, 0]);
    }));

  for (
    const [name, rate, codec] of [["17_streams.mkv", 8000, "pcm_s16le"], ["17b_streams.ts", 16000, "mp2"]] as const
  ) {
    it(`${name}: 71 streams (librempeg#101)`, () =>
      withFolder(async (folder) => {
        const maps = Array.from({ length: 70 }, () => ["-map", "1"]).flat();
        const silence = ["-f", "lavfi", "-i", `anullsrc=r=${rate}:cl=mono`, "-map", "0", ...maps];
        const path = join(folder, name);
        await makeFile(path, ...testPicture("96x64", 25, 1), ...silence, "-t", "0.5", ...H264, "-c:a", codec);
        const { times, info } = await shownOf(path);
        assert.deepEqual([times.length, info.soundTracks], [await countFrames(path), 70]);
      }));
  }

  it("20_cut.ts: cut in the middle of a group, off the packet grid (tsduck#607, ExoPlayer#1101)", () =>
    withFolder(async (folder) => {
      const path = await cutStream(join(folder, "20_cut.ts"));
      const { times } = await shownOf(path);
      assert.deepEqual([times.length, times[0]], [100, 0]);
    }));

  it("22_cover.mp4: the film, not its cover (gopro-dashboard-overlay#245)", () =>
    withFolder(async (folder) => {
      const red = ["-f", "lavfi", "-i", "color=red:s=640x640:d=1:r=1", "-frames:v", "1", "-pix_fmt", "yuvj420p"];
      const cover = await makeFile(join(folder, "cover.jpg"), ...red);
      const film = await makeFile(join(folder, "film.mp4"), ...testPicture("96x64", 25, 1), ...H264);
      const both = ["-i", fileArgument(film), "-i", fileArgument(cover), "-map", "1", "-map", "0", "-c", "copy"];
      const path = join(folder, "22_cover.mp4");
      await makeFile(path, ...both, "-disposition:v:0", "attached_pic", "-disposition:v:1", "default");
      const { times, info, warnings } = await shownOf(path);
      assert.deepEqual([times.length, info.width, info.videoTracks, warnings], [25, 96, 1, []]);
    }));

  it("22b_front_rear.mp4: a choice of track, and a word that there is more (FFmpegMediaMetadataRetriever#215)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "22b_front_rear.mp4");
      const rear = ["-f", "lavfi", "-i", "mandelbrot=s=128x96:r=25"];
      await makeFile(path, ...testPicture("96x64", 25, 1), ...rear, "-t", "1", "-map", "0", "-map", "1", ...H264);
      const seen = await shownOf(path);
      assert.match(seen.warnings.join(), /all 2 video tracks .* the option track chooses another one$/);
      for (const [track, width] of [[0, 96], [1, 128]] as const) {
        const { info, warnings, times } = await shownOf(path, { track });
        assert.deepEqual([info.width, info.videoTracks, warnings, times.length], [width, 2, [], 25]);
      }
    }));

  it("25_torn.avi: frames of zeros, and half a frame: as ffmpeg, and counted", () =>
    withFolder(async (folder) => {
      const path = await makeFile(join(folder, "25_torn.avi"), ...testPicture("96x64", 25, 2), ...MJPEG);
      const file = await readFile(path);
      const frames = aviFrames(file);
      for (const index of [10, 11]) frames[index]?.fill(0);
      frames[20]?.fill(0, Math.floor(frames[20].length / 2));
      await writeFile(path, file);
      const { times, decodeErrors } = await shownOf(path);
      assert.deepEqual([times.length, decodeErrors], [48, 2]);
      assert.equal(times.length, await decodedFrames(path));
      // Those after a frame that is missing stay where they were.
      assert.deepEqual(times.slice(9, 12).map((time) => Math.round(time * 25)), [9, 12, 13]);
    }));

  it("28_cenc.mp4: encrypted, and it is said (Bento4#950)", () =>
    withFolder(async (folder) => {
      const key = "76a6c65c5ea762046bd749a2e632ccbb";
      const scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key];
      const path = join(folder, "28_cenc.mp4");
      await makeFile(path, ...testPicture("96x64", 25, 1), ...H264, ...scheme);
      const refusal = { is: VideoSourceError, code: "invalid_data", field: "path", says: /it is encrypted/ } as const;
      await assertRefused(sources.createFileReader(path, ColourSpace.I420), refusal);
    }));
});

describe("12 names are literal (opencv#15624, nordlicht#55)", () => {
  const names = ["a:b.mp4", "-x.mp4", "%03d.mp4", "new\nline.mp4", "C:\\x.mp4", "concat:a.mp4", "file:/x.mp4"];
  for (const name of [...names, "sp ace ü 日本 #?.mp4"]) {
    it(JSON.stringify(name), () =>
      withFolder(async (folder) => {
        const clip = await makeFile(join(folder, "clip.mp4"), ...testPicture("96x64", 25, 0.2), ...H264);
        for (const place of ["in", "out"]) await mkdir(join(folder, place, "file:"), { recursive: true });
        await copyFile(clip, `${folder}/in/${name}`);
        // Relative to the folder, where a name may be taken for an option, a protocol or a drive.
        const here = (place: string): readonly string[] => ["env", "-C", join(folder, place)];
        const path = `${folder}/out/${name}`;
        const reading = { read: name, write: { codec: "ffv1", path: "../copy.mkv" } } as const;
        assert.deepEqual(attempt(reading, undefined, here("in")), { frames: 5 });
        const writing = { read: clip, write: { codec: "h264", path: name } } as const;
        assert.deepEqual(attempt(writing, undefined, here("out")), { frames: 5 });
        assert.equal(await countFrames(path), 5);
        assert.ok((await readdir(join(path, ".."))).includes(basename(path)));
        assert.equal((await readdir(join(folder, "out"))).length, name.includes("/") ? 1 : 2);
      }));
  }

  for (const name of ["video.m3u8", "noext"]) {
    it(`${name}: what is in the file counts`, () =>
      withFolder(async (folder) => {
        const clip = await makeFile(join(folder, "clip.mp4"), ...testPicture("96x64", 25, 0.2), ...H264);
        const path = join(folder, name);
        await copyFile(clip, path);
        assert.equal((await shownOf(path)).times.length, 5);
      }));
  }

  it("bytes of latin-1: no string of JavaScript names them, which is said; a link does", () =>
    withFolder(async (folder) => {
      const clip = await makeFile(join(folder, "clip.mp4"), ...testPicture("96x64", 25, 0.2), ...H264);
      const shell = 'cp "$1" "$2/$(printf "latin\\351.mp4")" && ln -s "$(printf "latin\\351.mp4")" "$2/link.mp4"';
      execFileSync("sh", ["-c", shell, "sh", clip, folder]);
      const url = new URL("latin%E9.mp4", `${pathToFileURL(folder).href}/`);
      await assertRefused(sources.createFileReader(url, ColourSpace.I420), {
        is: TypeError,
        code: "invalid_argument",
        field: "path",
        says: /its percent-encoding is not UTF-8$/,
      });
      assert.equal((await shownOf(join(folder, "link.mp4"))).times.length, 5);
    }));

  it("a link", () =>
    withFolder(async (folder) => {
      await makeFile(join(folder, "clip.mp4"), ...testPicture("96x64", 25, 0.2), ...H264);
      const path = join(folder, "link.mp4");
      await symlink("clip.mp4", path);
      assert.equal((await shownOf(path)).times.length, 5);
    }));
});
