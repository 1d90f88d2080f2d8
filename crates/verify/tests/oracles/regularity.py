"""Random logs for detectors of made-up work and for monitors, by scipy, by brute force and by matrices."""

import itertools
import json
import math
import random

import numpy as np
from scipy import sparse, stats
from scipy.sparse import linalg
from scipy.spatial.distance import cdist

rng = random.Random(20261134)
MASK = (1 << 64) - 1


def case(method, given, expected, rel=1e-9, absolute=1e-13):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel, "abs": absolute}))


class Xoshiro:
    """xoshiro256++ seeded by SplitMix64, as the crate documents its draws."""

    def __init__(self, seed):
        self.state = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = seed
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.state.append(z ^ (z >> 31))

    def below(self, bound):
        least = (-bound % (1 << 64)) % bound
        while True:
            a, b, c, d = self.state
            turn = lambda x, k: ((x << k) | (x >> (64 - k))) & MASK
            product = ((turn((a + d) & MASK, 23) + a) & MASK) * bound
            t = (b << 17) & MASK
            c ^= a
            d ^= b
            b ^= c
            a ^= d
            c ^= t
            self.state = [a, b, c, turn(d, 45)]
            if product & MASK >= least:
                return product >> 64

    def shuffle(self, items):
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


for _ in range(400):
    n, s, sigma = rng.choice([2, 5, 30, 1000]), rng.choice([0.0, 0.01, 0.5, 1, 3]), rng.uniform(0.5, 3)
    p = stats.chi2.cdf((n - 1) * s * s / sigma**2, n - 1)
    case("too-regular", {"deviation": s, "reference_deviation": sigma, "units": n}, {"p": p}, 1e-9, 1e-290)
    n, share = rng.choice([1, 10, 200, 5000]), rng.choice([0.0, 0.001, 0.15, 0.5, 0.99, 1.0])
    seen = rng.choice([rng.randint(0, n), min(n, int(n * share * rng.random()))])
    case("condition-mix", {"seen": seen, "units": n, "expected_share": share}, {"p": stats.binom.cdf(seen, n, share)}, 1e-9, 1e-200)

# All orders of a few outcomes; and for many, the exact distribution in whole numbers.
for _ in range(150):
    a, b = rng.choice([(1, 1), (1, 4), (3, 3), (10, 20), (60, 5), (300, 280)])
    outcomes = [True] * a + [False] * b
    rng.shuffle(outcomes)
    if rng.random() < 0.3:
        outcomes.sort(key=lambda _: rng.random() < 0.8)
    runs = 1 + sum(x != y for x, y in zip(outcomes, outcomes[1:]))

    def ways(r):
        h = r // 2
        if r % 2 == 0:
            return 2 * math.comb(a - 1, h - 1) * math.comb(b - 1, h - 1)
        return math.comb(a - 1, h) * math.comb(b - 1, h - 1) + math.comb(a - 1, h - 1) * math.comb(b - 1, h)

    total = math.comb(a + b, a)
    few = sum(ways(r) for r in range(2, runs + 1)) / total
    many = sum(ways(r) for r in range(runs, a + b + 1)) / total
    expected = 2 * a * b / (a + b) + 1
    variance = (expected - 1) * (expected - 2) / (a + b - 1)
    case("runs-test", {"outcomes": outcomes}, {"runs": runs, "expected": expected, "z": (runs - expected) / math.sqrt(variance) if variance > 0 else 0.0, "p_few": few, "p_many": many}, 1e-9, 1e-290)

for _ in range(60):
    x = [round(rng.gauss(0.95, 0.02), 3) for _ in range(rng.randint(3, 40))]
    if len(set(x)) == 1:
        continue
    seed, replicates = rng.randint(0, 10**9), 200
    d = [v - np.mean(x) for v in x]
    lag = lambda v: sum(p * q for p, q in zip(v, v[1:])) / sum(p * p for p in v)
    value, draws, high, low = lag(d), Xoshiro(seed), 0, 0
    order = d[:]
    for _ in range(replicates):
        draws.shuffle(order)
        high += lag(order) >= value - 1e-12
        low += lag(order) <= value + 1e-12
    case("lag1-autocorrelation", {"values": x, "replicates": replicates, "seed": seed},
         {"value": value, "p_high": (1 + high) / (1 + replicates), "p_low": (1 + low) / (1 + replicates)}, 1e-8, 1e-11)

for _ in range(100):
    bins = rng.randint(2, 10)
    r, c = [rng.randint(0, 50) for _ in range(bins)], [rng.randint(0, 50) for _ in range(bins)]
    if sum(r) == 0 or sum(c) == 0:
        continue
    add = 0.5 if 0 in r + c else 0
    p, q = ((np.array(v) + add) / (sum(v) + add * bins) for v in (r, c))
    case("population-stability", {"reference": r, "current": c}, {"value": stats.entropy(p, q) + stats.entropy(q, p)}, 1e-9, 1e-13)

alternatives = {"upper": "less", "lower": "greater", "two": "two-sided"}
for _ in range(100):
    a, b = rng.choice([(1, 3), (3, 4), (5, 5), (6, 8)])
    x, y = [round(rng.gauss(0.95, 0.02), 2) for _ in range(a)], [round(rng.gauss(0.96, 0.02), 2) for _ in range(b)]
    side = rng.choice(list(alternatives))
    whole = [round(100 * v) for v in x + y]
    size, total = len(x), sum(whole)
    # The difference of means, times both sizes, in whole numbers: exact where values tie.
    gap = lambda s: s * (a + b) - total * a
    seen = gap(sum(whole[:size]))
    sums = [gap(sum(c)) for c in itertools.combinations(whole, size)]
    count = {"upper": sum(s <= seen for s in sums), "lower": sum(s >= seen for s in sums), "two": sum(abs(s) >= abs(seen) for s in sums)}[side]
    case("permutation-test", {"first": x, "second": y, "side": side}, {"difference": np.mean(x) - np.mean(y), "p": count / len(sums), "exact": True}, 1e-9, 1e-12)

for _ in range(30):
    x, y = [rng.gauss(0, 1) for _ in range(30)], [rng.gauss(0.3, 1) for _ in range(20)]
    seed, replicates = rng.randint(0, 10**9), 200
    draws, items, count = Xoshiro(seed), x + y, 0
    for _ in range(replicates):
        for place in range(30):
            other = place + draws.below(50 - place)
            items[place], items[other] = items[other], items[place]
        count += sum(items[:30]) <= sum(x)
    case("permutation-test", {"first": x, "second": y, "side": "upper", "replicates": replicates, "seed": seed},
         {"difference": np.mean(x) - np.mean(y), "p": (1 + count) / (1 + replicates), "exact": False}, 1e-9, 1e-12)

for _ in range(40):
    n = rng.randint(4, 40)
    x = np.array([[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(n)])
    y = rng.choice([0, 1]) * x[:, :1] ** 2 + np.array([[rng.gauss(0, 1)] for _ in range(n)])
    centre = lambda d: d - d.mean(0) - d.mean(1)[:, None] + d.mean()
    a, b = centre(cdist(x, x)), centre(cdist(y, y))
    norm = math.sqrt((a * a).sum() * (b * b).sum())
    seed, replicates = rng.randint(0, 10**9), 100
    value, draws, order, count = (a * b).sum() / norm, Xoshiro(seed), list(range(n)), 0
    for _ in range(replicates):
        draws.shuffle(order)
        count += (a * b[np.ix_(order, order)]).sum() / norm >= value - 1e-12
    case("distance-correlation", {"x": x.tolist(), "y": y.tolist(), "replicates": replicates, "seed": seed},
         {"value": math.sqrt(value), "p": (1 + count) / (1 + replicates)}, 1e-8)

for _ in range(40):
    n, rate = rng.randint(40, 200), 10.0
    a = np.array([rng.gauss(0, 1) for _ in range(n)])
    b = np.roll(a, 3) + np.array([rng.gauss(0, rng.choice([0.5, 5])) for _ in range(n)])
    first, last = 1, 6
    seed, replicates = rng.randint(0, 10**9), 100
    z = lambda v: (v - v.mean()) / np.linalg.norm(v - v.mean())
    peak = lambda shift: max((float(z(a) @ np.roll(z(b), -(lag + shift))), lag) for lag in range(first, last + 1))
    value, lag = peak(0)
    draws = Xoshiro(seed)
    count = sum(peak(last + 1 + draws.below(n - 2 * last - 1))[0] >= value - 1e-12 for _ in range(replicates))
    case("cross-correlation", {"a": a.tolist(), "b": b.tolist(), "rate_hz": rate, "lag_min_s": 0.1, "lag_max_s": 0.6, "replicates": replicates, "seed": seed},
         {"peak": value, "lag_s": lag / rate, "p": (1 + count) / (1 + replicates)}, 1e-9, 1e-12)


def walk(steps, limit):
    path, total = [], 0.0
    for step in steps:
        total = max(0.0, total + step)
        path.append(total)
    return {"statistic": path, "alarm": next((i for i, v in enumerate(path) if v >= limit), None)}


for _ in range(60):
    good = rng.uniform(0.005, 0.1)
    bad = good * rng.uniform(1.5, 4)
    failures = [rng.random() < bad for _ in range(rng.randint(1, 200))]
    up, down = math.log(bad / good), math.log((1 - bad) / (1 - good))
    case("bernoulli-cusum", {"failures": failures, "good_share": good, "bad_share": bad, "limit": 3.0},
         {"failure_step": up, "success_step": down, **walk([up if f else down for f in failures], 3.0)}, 1e-9, 1e-12)
    hours = [rng.expovariate(1 / 3) for _ in range(rng.randint(1, 50))]
    case("exponential-cusum", {"hours": hours, "good_h": 8, "bad_h": 2, "limit": 3}, walk([math.log(4) - 0.375 * t for t in hours], 3), 1e-9, 1e-12)
    shares = [min(1.0, max(0.0, rng.gauss(0.94, 0.05))) for _ in range(rng.randint(1, 50))]
    for form, begin in [("shiryaev-roberts", lambda m: m + 1), ("cusum", lambda m: max(m, 1))]:
        m, path = 0.0, []
        for share in shares:
            m = begin(m) * (1 + 0.4 * (0.95 - share) / 0.05)
            path.append(m)
        case("e-detector", {"shares": shares, "expected": 0.95, "bet": 0.4, "alpha": 0.05, "form": form},
             {"statistic": path, "alarm": next((i for i, v in enumerate(path) if v >= 20), None)}, 1e-9, 1e-12)


def chain(steps, states, width, interpolate):
    """The mean time to absorption of the walk on multiples of a width, by sparse matrices."""
    rows, columns, shares = [], [], []
    for i in range(states):
        for step, share in steps:
            place = max(0.0, i * width + step) / width if interpolate else max(0, i + step)
            low = math.floor(place)
            for to, part in ((low, share * (1 - place + low)), (low + 1, share * (place - low))):
                if to < states and part:
                    rows.append(i), columns.append(to), shares.append(part)
    q = sparse.csc_matrix((shares, (rows, columns)), shape=(states, states))
    return linalg.spsolve(sparse.eye(states, format="csc") - q, np.ones(states))[0]


for limit in (2.5, 4.0, 5.5):
    for good, bad in ((0.02, 0.05), (0.05, 0.1)):
        for failing in (good, bad, 0.3):
            up, down = math.log(bad / good), math.log((1 - bad) / (1 - good))
            given = {"good_share": good, "bad_share": bad, "limit": limit, "failing_share": failing}
            case("bernoulli-cusum-run-length", given, {"interpolated": chain([(up, failing), (down, 1 - failing)], 400, limit / 400, True)}, 1e-7)
