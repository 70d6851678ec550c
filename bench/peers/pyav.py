"""The bench's jobs with PyAV: `pyav.py JOB {"input", "output", "width", "height", "frames"}`.

Jobs: `bgra` and `i420` decode a file and touch every frame as an array; `encode` records frames that Python holds.
What is fastest here was found by trying on two cores; PYAV_TUNING lets it be tried again.
"""

import json
import os
import sys
import time

import av
import numpy
from av.video.reformatter import Interpolation

TUNING = {
    # Frame threads: the default of slice threads leaves a core idle.
    "thread_type": "AUTO",
    "codec_threads": 0,
    "scaler_threads": 0,
    "interpolation": "BILINEAR",
    "tune": "zerolatency",
    **json.loads(os.environ.get("PYAV_TUNING", "{}")),
}

job = sys.argv[1]
task = json.loads(sys.argv[2])
width, height, frames = task["width"], task["height"], task["frames"]
times = []
checksum = 0


def points():
    """64 bytes spread over a frame without padding: point k of an 8 x 8 grid in plane k mod 3."""
    for point in range(64):
        plane = point % 3
        shift = 1 if job == "i420" and plane > 0 else 0
        x = ((2 * (point % 8) + 1) * width) >> 4 >> shift
        y = ((2 * (point >> 3) + 1) * height) >> 4 >> shift
        if job == "i420":
            start = 0 if plane == 0 else width * height + (plane - 1) * (width // 2) * (height // 2)
            yield start + y * (width >> shift) + x
        else:
            yield (y * width + x) * 4 + plane


def decode():
    global checksum
    offsets = numpy.array(list(points()))
    settings = {
        "threads": TUNING["scaler_threads"],
        "interpolation": Interpolation[TUNING["interpolation"]],
    }
    with av.open(task["input"]) as container:
        stream = container.streams.video[0]
        stream.thread_type = TUNING["thread_type"]
        stream.codec_context.thread_count = TUNING["codec_threads"]
        for frame in container.decode(stream):
            if job == "bgra":
                array = frame.to_ndarray(format="bgra", **settings)
            else:
                array = frame.to_ndarray(format="yuv420p")
            checksum += int(array.reshape(-1)[offsets].sum(dtype=numpy.int64))
            times.append(time.perf_counter())


def encode():
    pictures = numpy.fromfile(task["input"], dtype=numpy.uint8).reshape(-1, height, width, 4)
    pictures = [picture.copy() for picture in pictures]
    with av.open(task["output"], "w") as container:
        options = {"preset": "ultrafast", "crf": "23"}
        if TUNING["tune"]:
            options["tune"] = TUNING["tune"]
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = 30
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = TUNING["codec_threads"]
        reformatter = av.video.reformatter.VideoReformatter()
        for index in range(frames):
            picture = pictures[turn(index, len(pictures))]
            picture[32:96, 32:96] = (index * 37) & 255
            # The frame refers to the array: nothing is copied before the conversion.
            frame = av.VideoFrame.from_numpy_buffer(picture, format="bgra")
            frame = reformatter.reformat(
                frame,
                format="yuv420p",
                interpolation=Interpolation[TUNING["interpolation"]],
                threads=TUNING["scaler_threads"],
            )
            frame.pts = index
            container.mux(stream.encode(frame))
            times.append(time.perf_counter())
        container.mux(stream.encode())


def turn(index, count):
    """To and fro through the pictures, so that the motion has no jump."""
    step = index % (2 * count - 2)
    return step if step < count else 2 * count - 2 - step


started = time.perf_counter()
encode() if job == "encode" else decode()
ended = time.perf_counter()
print(
    json.dumps(
        {
            "frames": len(times),
            "seconds": ended - started,
            "steadySeconds": ended - times[30],
            "steadyFrames": len(times) - 31,
            "checksum": checksum,
        }
    )
)
