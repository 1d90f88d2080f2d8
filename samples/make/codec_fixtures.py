"""Makes the small bitstreams that the tests of `crates/media` decode: a moving pattern that the tests can compute, too.

    venv/bin/python codec_fixtures.py ../../crates/media/tests/data

`*.frames`: for each frame in the order of decoding its number in the order of showing (u32, little-endian), its length in bytes
(u32, little-endian), its bytes.
"""

import fractions
import io
import pathlib
import sys

import av
import numpy as np
from PIL import Image

WIDTH, HEIGHT, FRAMES = 96, 64, 24


def pattern(n: int, width: int, height: int) -> np.ndarray:
    """Triangle waves that move with the frame number."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    wave = lambda value: np.abs(value % 510 - 255)
    return np.stack([wave(4 * x + 12 * n), wave(6 * y + 9 * n), wave(2 * x + 2 * y + 5 * n)], axis=-1).astype(np.uint8)


def video(path: pathlib.Path, encoder: str, b_frames: int, options: dict) -> None:
    codec = av.CodecContext.create(encoder, "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = fractions.Fraction(1, 30), fractions.Fraction(30)
    codec.gop_size, codec.max_b_frames, codec.thread_count = 12, b_frames, 1
    codec.options = options
    packets = []
    for n in range(FRAMES):
        frame = av.VideoFrame.from_ndarray(pattern(n, WIDTH, HEIGHT), format="rgb24")
        frame.pts = n
        packets += codec.encode(frame)
    packets += codec.encode(None)
    numbers = [packet.pts for packet in packets]
    assert sorted(numbers) == list(range(FRAMES)) and (numbers != sorted(numbers)) == (b_frames > 0 and encoder == "libx264")
    with open(path, "wb") as file:
        for packet in packets:
            data = bytes(packet)
            file.write(packet.pts.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data)


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    video(out / "h264-b-frames.frames", "libx264", 3, {
        "crf": "16", "preset": "slow", "profile": "high", "x264-params": "repeat-headers=1:annexb=1:scenecut=0:keyint=12"})
    video(out / "av1.frames", "libsvtav1", 0, {"crf": "20", "preset": "8", "svtav1-params": "lp=1"})
    for name, width, height, mode, options in [
        ("colour-420.jpg", 95, 63, "RGB", {"subsampling": 2}),
        ("colour-444-progressive.jpg", 96, 64, "RGB", {"subsampling": 0, "progressive": True}),
        ("grey.jpg", 96, 64, "L", {}),
    ]:
        packed = io.BytesIO()
        Image.fromarray(pattern(0, width, height)).convert(mode).save(packed, "JPEG", quality=92, **options)
        (out / name).write_bytes(packed.getvalue())


if __name__ == "__main__":
    main()
