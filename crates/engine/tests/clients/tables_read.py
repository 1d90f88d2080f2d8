"""Opens plain tables with pandas, pyarrow, DuckDB and PyAV, and compares every value and every frame with the source.

Usage: tables_read.py EXPORT EXPECTED.json

EXPECTED.json holds, per episode, the samples of every stream as Prairie stored them, and where the frames of each camera lie.
"""

import io
import json
import sys
from fractions import Fraction
from pathlib import Path

import av
import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

# The quantization of the export keeps pictures of the bundled recordings above this, in dB over all channels.
PSNR_MIN = 30.0


def psnr(one, other):
    error = np.mean((one.astype("f4") - other.astype("f4")) ** 2, dtype="f8")
    return np.inf if error == 0 else 10 * np.log10(255**2 / error)


def want_column(column, stream):
    """The values that a column must have, worked out from the source alone."""
    series = stream["series"][column["series"]]
    if column["element"] is None:
        return series
    names = stream["names"] or []
    place = names.index(column["element"]) if names else int(column["element"])
    return [None if row is None or place >= len(row) else row[place] for row in series]


def same(got, want):
    got = np.array([np.nan if value is None else value for value in got], dtype="f8")
    want = np.array([np.nan if value is None else value for value in want], dtype="f8")
    # The last bit may be lost where the expected numbers were read from JSON on their way here.
    return got.shape == want.shape and np.allclose(got, want, rtol=1e-15, atol=0, equal_nan=True)


def check_streams(root, expected):
    about = json.load(open(root / "streams.json"))
    seen, compared = {}, 0
    for entry in about["streams"]:
        table = pd.read_parquet(root / entry["file"])
        arrow = pq.read_table(root / entry["file"])
        assert table["episode"].is_monotonic_increasing
        assert len(table) == entry["rows"] == duckdb.sql(f"SELECT count(*) FROM '{root / entry['file']}'").fetchall()[0][0]
        fixed = ["episode", "t_ns", "time_s", "log_time_ns", "header_time_ns"]
        values = ["level", "text"] if entry["kind"] == "event" else [column["name"] for column in entry["columns"]]
        assert list(table.columns) == fixed + values, table.columns
        for column in entry["columns"]:
            metadata = arrow.schema.field(column["name"]).metadata or {}
            assert metadata.get(b"unit", b"").decode() == (column["unit"] or ""), column
        for index, episode in enumerate(expected["episodes"]):
            rows = table[table["episode"] == index]
            stream = episode["streams"].get(entry["stream"])
            if stream is None:
                assert len(rows) == 0
                continue
            times = np.array(stream["t_ns"], dtype="i8")
            assert np.array_equal(rows["t_ns"].to_numpy(), times), entry["stream"]
            if entry["kind"] == "event":
                assert list(rows["text"]) == stream["series"]["text"]
                compared += len(rows)
            told = {column["series"] for column in entry["columns"]}
            for name, series in stream["series"].items():
                # What is not there holds nothing.
                assert entry["kind"] == "event" or name in told or all(not value for value in series), name
            for column in entry["columns"]:
                want = want_column(column, stream)
                if column["type"].startswith("list"):
                    got = [None if row is None else list(row) for row in rows[column["name"]]]
                    pairs = list(zip(got, want, strict=True))
                    assert all((one is None) == (other is None) and same(one or [], other or []) for one, other in pairs), column
                else:
                    assert same(rows[column["name"]], want), (entry["stream"], column["name"])
                compared += len(want)
            seen.setdefault(index, set()).add(entry["stream"])
    for index, episode in enumerate(expected["episodes"]):
        assert seen.get(index, set()) == set(episode["streams"]), (seen.get(index), set(episode["streams"]))
    return compared


def source_frames(camera):
    data = Path(camera["file"]).read_bytes()
    parts = [data[at : at + length] for at, length in camera["frames"]]
    if camera["codec"] in ("jpeg", "png"):
        return [np.asarray(Image.open(io.BytesIO(part)).convert("RGB")) for part in parts]
    return parts


def check_frames(root, expected):
    frames = pd.read_parquet(root / "frames.parquet")
    how = {video["stream"]: video["how"] for video in expected["videos"]}
    shown, worst = 0, np.inf
    for index, episode in enumerate(expected["episodes"]):
        for camera in episode["cameras"]:
            rows = frames[(frames["episode"] == index) & (frames["stream"] == camera["stream"])]
            times = np.array(camera["t_ns"], dtype="i8")
            # Frames before the first that can be decoded are not there.
            first = len(times) - len(rows)
            assert np.array_equal(rows["t_ns"].to_numpy(), times[first:]), camera["stream"]
            assert list(rows["frame"]) == list(range(len(rows))) and rows["is_own_picture"].all()
            assert rows["file"].nunique() == 1
            with av.open(str(root / rows["file"].iloc[0])) as video:
                decoded = [(frame.pts * frame.time_base, frame.to_ndarray(format="rgb24")) for frame in video.decode(video=0)]
            assert len(decoded) == len(rows)
            sources = source_frames(camera)
            for row, (time, picture) in zip(rows.itertuples(), decoded):
                assert abs(time - Fraction(row.video_s)) < Fraction(1, 10**6), (row, time)
                assert abs(row.video_s - (row.t_ns - times[first]) / 1e9) < 2e-6, row
                if how[camera["stream"]] == "encoded":
                    source = sources[first + row.frame]
                    alike = psnr(picture[: source.shape[0], : source.shape[1]], source)
                    assert alike >= PSNR_MIN, (camera["stream"], row.frame, alike)
                    worst = min(worst, alike)
            if how[camera["stream"]] == "remuxed":
                check_copied(root / rows["file"].iloc[0], sources[first:], camera["codec"])
            shown += len(rows)
    return shown, worst


def units(data):
    """The units of a picture of H.264, behind their lengths or else behind start codes."""
    found, at = [], 0
    while at + 4 <= len(data):
        # A length of 256 to 511 looks like a start code, so that lengths are tried first.
        length = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + length].rstrip(b"\0"))
        at += 4 + length
    if at == len(data):
        return found
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:]]


def check_copied(path, sources, codec):
    """Packets in the file, as FFmpeg takes them out, are the source's units, but for parameter sets and delimiters."""
    with av.open(str(path)) as video:
        packets = [bytes(packet) for packet in video.demux(video=0) if packet.size]
    assert len(packets) == len(sources)
    if codec != "h264":
        assert sorted(packets) == sorted(sources)
        return
    pictures = lambda data: [unit for unit in units(data) if unit[0] & 31 in (1, 5)]
    assert sorted(map(pictures, packets)) == sorted(map(pictures, sources)), path


def main(root, expected):
    root, expected = Path(root), json.load(open(expected))
    episodes = pd.read_parquet(root / "episodes.parquet")
    assert list(episodes["episode_id"]) == [episode["id"] for episode in expected["episodes"]]
    assert list(episodes["task"]) == [episode["task"] for episode in expected["episodes"]]
    tasks = duckdb.sql(f"SELECT count(*) FROM '{root}/episodes.parquet' WHERE duration_s > 0").fetchall()[0][0]
    assert tasks == len(expected["episodes"])
    values = check_streams(root, expected)
    pictures, worst = check_frames(root, expected)
    print(f"{len(episodes)} episodes, {values} values, {pictures} pictures: equal; encoded ones at least {worst:.1f} dB")


if __name__ == "__main__":
    main(*sys.argv[1:])
