"""Random motion, sets of demonstrations and trajectories, by numpy and scipy."""

import json
import math
import random

import numpy as np
from scipy import linalg, spatial, special

rng = random.Random(20261133)


def case(method, given, expected, rel=1e-9, absolute=1e-13):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel, "abs": absolute}))


for _ in range(300):
    n, rate = rng.choice([3, 10, 64, 65, 200, 500]), rng.choice([20.0, 50.0, 100.0, 1000.0])
    t = np.linspace(0, 1, n)
    v = sum(rng.gauss(0, 1) * np.sin(math.pi * k * t) for k in range(1, 5)) + np.array([rng.gauss(0, 0.01) for _ in range(n)])
    given = {"speed": v.tolist(), "rate_hz": rate}
    jerk = -((n / rate) ** 3) / np.max(np.abs(v)) ** 2 * np.sum((np.diff(v, 2) * rate**2) ** 2) / rate
    case("dlj", given, {"value": jerk}, 1e-8)
    case("ldlj", given, {"value": -math.log(-jerk)}, 1e-9, 1e-9)
    points = 2 ** (math.ceil(math.log2(n)) + 4)
    spectrum = np.abs(np.fft.fft(v, points))
    spectrum /= spectrum.max()
    f = np.arange(points) * rate / points
    kept = spectrum[f <= 10]
    above = np.nonzero(kept >= 0.05)[0]
    # A value on the threshold falls on either side by rounding.
    if np.min(np.abs(kept - 0.05)) < 1e-9 or len(above) < 2:
        continue
    part = kept[above[0] : above[-1] + 1]
    case("sparc", given, {"value": -np.sum(np.hypot(1 / (len(part) - 1), np.diff(part)))}, 1e-9)

for _ in range(100):
    d = rng.randint(1, 4)
    points = np.cumsum([[rng.gauss(0.3, 1) for _ in range(d)] for _ in range(rng.randint(2, 60))], axis=0)
    length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    case("path-efficiency", {"points": points.tolist()}, {"value": np.linalg.norm(points[-1] - points[0]) / length}, 1e-9, 1e-12)
    speeds = [rng.choice([0.0, 0.01, 0.5, 1.0]) for _ in range(rng.randint(1, 60))]
    grip = [rng.random() < 0.1 for _ in speeds]
    active = [i for i, (s, g) in enumerate(zip(speeds, grip)) if s >= 0.05 or g]
    given = {"speeds": speeds, "gripper_changes": grip, "threshold": 0.05}
    if not active:
        case("idle-fraction", given, None)
        continue
    inner = active[-1] - active[0] + 1
    case("idle-fraction", given, {"share": 1 - len(active) / inner, "leading": active[0], "trailing": len(speeds) - 1 - active[-1]}, 1e-9, 1e-12)

for n in [1, 2, 3, 5, 10, 20, 40, 80, 120] * 5:
    x = np.array([[rng.gauss(0, 1) for _ in range(6)] for _ in range(n)])
    k = np.exp(-spatial.distance.cdist(x, x, "sqeuclidean") / rng.choice([1, 10, 100]))
    l = np.clip(linalg.eigvalsh(k / n), 1e-300, None)
    case("vendi", {"similarity": ((k + k.T) / 2).tolist()}, {"value": math.exp(-np.sum(l * np.log(l)))}, 1e-9)

for _ in range(60):
    n, d, k = rng.randint(5, 200), rng.randint(1, 6), rng.randint(1, 4)
    x = np.array([[rng.gauss(0, rng.choice([0.1, 1, 10])) for _ in range(d)] for _ in range(n)])
    eps = spatial.cKDTree(x).query(x, k + 1)[0][:, k]
    ball = d / 2 * math.log(math.pi) - special.gammaln(d / 2 + 1)
    case("neighbour-entropy", {"points": x.tolist(), "k": k}, {"value": special.digamma(n) - special.digamma(k) + ball + d * np.mean(np.log(eps))}, 1e-9, 1e-11)


def walk(n, d):
    return np.cumsum([[rng.gauss(0.1, 1) for _ in range(d)] for _ in range(n)], axis=0)


for _ in range(150):
    d = rng.randint(1, 3)
    a, b = walk(rng.randint(1, 30), d), walk(rng.randint(1, 30), d)
    cost = spatial.distance.cdist(a, b)
    n, m = cost.shape
    sums, leash = np.full((n + 1, m + 1), np.inf), np.full((n + 1, m + 1), np.inf)
    steps = np.zeros((n + 1, m + 1), int)
    sums[0, 0], leash[0, 0] = 0, 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
            best = min(before, key=lambda place: sums[place])
            sums[i, j], steps[i, j] = sums[best] + cost[i - 1, j - 1], steps[best] + 1
            leash[i, j] = max(min(leash[place] for place in before), cost[i - 1, j - 1])
    length = (np.linalg.norm(np.diff(a, axis=0), axis=1).sum() + np.linalg.norm(np.diff(b, axis=0), axis=1).sum()) / 2
    given = {"a": a.tolist(), "b": b.tolist()}
    relative = lambda distance: distance / length if length > 0 else None
    mean = sums[n, m] / steps[n, m]
    case("dynamic-time-warping", given, {"cost": sums[n, m], "steps": int(steps[n, m]), "mean": {"distance": mean, "relative": relative(mean)}})
    case("frechet", given, {"distance": leash[n, m], "relative": relative(leash[n, m])})

for _ in range(60):
    d = rng.randint(1, 3)
    train, test = walk(rng.randint(2, 50), d), walk(rng.randint(1, 30), d)
    inner = spatial.distance.cdist(train, train)
    np.fill_diagonal(inner, np.inf)
    ratios = spatial.distance.cdist(test, train).min(axis=1) / np.median(inner.min(axis=1))
    case("nearest-neighbour-ratio", {"test": test.tolist(), "train": train.tolist(), "limit": 0.5}, {"ratios": ratios.tolist(), "share": float(np.mean(ratios < 0.5))}, 1e-9, 1e-12)

for _ in range(60):
    # Halves would round to even in Python and away from zero in Rust; these steps have none.
    a = [[rng.randint(0, 3) + 0.2] for _ in range(rng.randint(3, 80))]
    b = [[rng.randint(0, 3) - 0.3] for _ in range(rng.randint(3, 80))]
    n = rng.randint(1, 3)
    pieces = lambda points: {tuple(round(p[0]) for p in points[i : i + n]) for i in range(len(points) - n + 1)}
    x, y = pieces(a), pieces(b)
    case("minhash", {"a": a, "b": b, "step": 1.0, "length": n}, {"jaccard": len(x & y) / len(x | y)})

for _ in range(100):
    pbt = rng.uniform(100, 1e6)
    busy = pbt * rng.uniform(0.3, 1.3)
    processing = busy * rng.uniform(0.5, 1)
    production = processing * rng.uniform(0.5, 1)
    assisted = production * rng.choice([0, 0.1, 0.5])
    pq = rng.randint(1, 5000)
    pqa, gq = rng.randint(1, pq), rng.randint(0, pq)
    gqa = rng.randint(0, min(pqa, gq))
    pri, order = rng.uniform(0.1, 100), pbt * rng.uniform(0.1, 2)
    own = production - assisted
    case("oee", {"planned_busy_s": pbt, "busy_s": busy, "processing_s": processing, "production_s": production, "assisted_s": assisted, "order_s": order,
                 "planned_per_item_s": pri, "produced": pq, "produced_autonomous": pqa, "good": gq, "good_autonomous": gqa},
         {"availability": own / pbt, "effectiveness": pri * pqa / own, "quality_ratio": gqa / pqa, "oee": (own / pbt) * (pri * pqa / own) * (gqa / pqa),
          "net_equipment_effectiveness": processing / pbt * pri * pq / production * gq / pq, "allocation_efficiency": busy / pbt,
          "utilization_efficiency": own / busy, "throughput_per_h": pq / order * 3600})
