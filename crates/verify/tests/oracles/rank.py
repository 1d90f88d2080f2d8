"""Random samples of independent units, compared by their order with scipy."""

import json
import math
import random
from itertools import accumulate

import numpy as np
from scipy import stats

rng = random.Random(20261132)


def case(method, given, expected, rel=1e-9, absolute=1e-14):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel, "abs": absolute}))


def sample(n, shift=0.0, spread=0.2):
    return [math.exp(rng.gauss(3.7 + shift, spread)) for _ in range(n)]


def null(n, m):
    """P(U <= u) in whole numbers: Gaussian binomial coefficients."""
    counts = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for top in range(n * m, m + i - 1, -1):
            counts[top] -= counts[top - m - i]
        for u in range(i, n * m + 1):
            counts[u] += counts[u - i]
    total = math.comb(n + m, n)
    return [c / total for c in accumulate(counts)]


alternatives = {"upper": "less", "lower": "greater", "two": "two-sided"}
for _ in range(500):
    n, m = rng.choice([1, 2, 5, 12, 30]), rng.choice([1, 2, 7, 12, 25])
    x, y = sample(n, rng.choice([0, 0.1, -0.5])), sample(m)
    side = rng.choice(list(alternatives))
    found = stats.mannwhitneyu(x, y, alternative=alternatives[side], method="exact")
    case("mann-whitney", {"robot": x, "human": y, "side": side}, {"u": found.statistic, "p": min(1.0, found.pvalue), "exact": True, "ties": False})
    confidence = rng.choice([0.8, 0.95, 0.999])
    alpha = (1 - confidence) / (2 if side == "two" else 1)
    rank = sum(p <= alpha for p in null(n, m))
    for scale, a, b, back in [("ratio", np.log(x), np.log(y), np.exp), ("shift", np.array(x), np.array(y), lambda v: v)]:
        differences = np.sort(np.subtract.outer(a, b).ravel())
        lower = float(back(differences[rank - 1])) if rank and side != "upper" else None
        upper = float(back(differences[n * m - rank])) if rank and side != "lower" else None
        case("hodges-lehmann", {"robot": x, "human": y, "scale": scale, "confidence": confidence, "side": side},
             {"estimate": float(back(np.median(differences))), "lower": lower, "upper": upper, "rank": rank}, 1e-9, 1e-11)

# Beyond 10,000 pairs, with ties: the normal distribution.
for _ in range(40):
    n, m = rng.randint(110, 300), rng.randint(110, 300)
    x, y = [float(rng.randint(30, 50)) for _ in range(n)], [float(rng.randint(30, 51)) for _ in range(m)]
    for side, alternative in alternatives.items():
        found = stats.mannwhitneyu(x, y, alternative=alternative, method="asymptotic", use_continuity=True)
        case("mann-whitney", {"robot": x, "human": y, "side": side}, {"u": found.statistic, "p": min(1.0, found.pvalue), "exact": False, "ties": True}, 1e-9, 1e-13)

# Kolmogorov and Smirnov: tails to 1e-9 by samples far apart; scipy counts paths as well.
for _ in range(300):
    n, m = rng.choice([1, 3, 12, 20, 50]), rng.choice([1, 4, 12, 25, 50])
    x, y = sample(n, rng.choice([0, 0.1, 0.4, 1.0])), sample(m)
    found = stats.ks_2samp(x, y, method="exact")
    case("kolmogorov-smirnov", {"robot": x, "human": y}, {"distance": found.statistic, "p": found.pvalue}, 1e-8, 1e-12)

for _ in range(300):
    groups = [sample(rng.randint(2, 40), 0, rng.choice([0.02, 0.2, 0.6])) for _ in range(rng.randint(2, 5))]
    found = stats.levene(*groups, center="median")
    case("brown-forsythe", {"groups": groups}, {"f": found.statistic, "p": found.pvalue}, 1e-8, 1e-15)

for _ in range(400):
    n, quantile = rng.choice([1, 5, 59, 100, 1000, 100_000]), rng.choice([0.01, 0.5, 0.9, 0.95, 0.999])
    confidence, side = rng.choice([0.8, 0.95, 0.999]), rng.choice(["lower", "upper", "two"])
    alpha = (1 - confidence) / (2 if side == "two" else 1)
    below = stats.binom.cdf(np.arange(n), n, quantile)
    if np.min(np.abs(below - alpha)) < 1e-12 or np.min(np.abs(below - 1 + alpha)) < 1e-12:
        continue
    upper, lower = int(np.sum(below < 1 - alpha)) + 1, int(np.sum(below <= alpha))
    expected = {"upper_rank": upper if upper <= n and side != "lower" else None, "lower_rank": lower if lower >= 1 and side != "upper" else None}
    case("quantile-rank", {"units": n, "quantile": quantile, "confidence": confidence, "side": side}, expected)
    if n <= 100:
        values = sample(n)
        pick = lambda rank: None if rank is None else sorted(values)[rank - 1]
        case("quantile-bound", {"values": values, "quantile": quantile, "confidence": confidence, "side": side},
             {"lower": pick(expected["lower_rank"]), "upper": pick(expected["upper_rank"])})
