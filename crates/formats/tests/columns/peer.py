"""Writes archives with numpy, and what numpy reads back from them."""

import json
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[1])
RNG = np.random.default_rng(3)
T = 3000

arrays = {"t": np.arange(T) * 0.004 + 1.7e9}
for dtype in ["<f4", ">f4", "<f8", "<f2", "<i8", "|i1", ">u2", "<u4", "|b1"]:
    arrays[f"x{dtype[1:]}{'b' if dtype[0] == '>' else ''}"] = RNG.integers(0, 100, (T, 3)).astype(dtype)
arrays["deep"] = RNG.standard_normal((T, 2, 3)).astype("f4")
arrays["turned"] = np.asfortranarray(RNG.standard_normal((T, 4)))
arrays["one"] = RNG.standard_normal(T)
for name, save in [("plain", np.savez), ("packed", np.savez_compressed)]:
    save(FOLDER / f"{name}.npz", **arrays)
told = {}
with np.load(FOLDER / "packed.npz") as read:
    for name in read.files:
        if name != "t":
            told[name] = [[repr(float(x)) for x in row.reshape(-1)] for row in read[name].astype("f8").reshape(T, -1)]
times = [int(round((x - arrays["t"][0]) * 1e9)) for x in arrays["t"]]
(FOLDER / "told.json").write_text(json.dumps({"arrays": told, "times": times}))
