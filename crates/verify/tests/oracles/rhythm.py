"""Random takts: shift statistics, non-inferiority, slopes, plans and the bootstrap of shifts, by numpy, scipy and statsmodels."""

import json
import math
import random

import numpy as np
import statsmodels.api as sm
from scipy import optimize, stats

rng = random.Random(20261131)
MASK = (1 << 64) - 1


def case(method, given, expected, rel=1e-9, absolute=1e-13):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel, "abs": absolute}))


def finite(x):
    return None if x is None or not math.isfinite(x) else float(x)


def shift(n, centre, spread):
    return [math.exp(rng.gauss(centre, spread)) for _ in range(n)]


def shifts(k, centre):
    return [shift(rng.randint(1, 60), centre + rng.gauss(0, 0.08), rng.choice([0.01, 0.25, 1.0])) for _ in range(k)]


def of_side(side, lower, upper):
    return {"lower": None if side == "upper" else lower, "upper": None if side == "lower" else upper}


# Takts of a shift, with the worst continuation found by searching for its maximum.
for _ in range(300):
    start = rng.uniform(-1e5, 1e5)
    good, now = [], start
    for _ in range(rng.choice([0, 1, 2, 30, 400])):
        now += math.exp(rng.gauss(3.7, rng.choice([0.05, 0.5, 2.0])))
        good.append(now)
    end = now + rng.choice([0.0, 0.5, 40.0, 3000.0, 1e5])
    if end <= start:
        end = start + 10.0
    takts = np.diff([start] + good)
    trailing = end - (good[-1] if good else start)
    if not good:
        statistic = math.log(trailing)
    else:
        plain = np.log(takts).mean()
        n = len(takts)
        charge = 0.0
        if trailing > 0:
            rise = lambda u: -math.exp(u) * (math.log(trailing) - u - plain) / (n + math.exp(u))
            top = math.log(trailing) - plain
            found = optimize.minimize_scalar(rise, bounds=(top - 40, top + 1), method="bounded", options={"xatol": 1e-10})
            charge = max(math.log((takts.sum() + trailing) / takts.sum()), -found.fun)
        statistic = plain + charge
    case("takt", {"start_s": start, "end_s": end, "good_s": good, "other_s": [start]},
         {"takt_s": takts.tolist(), "trailing_s": trailing, "mean_ln_takt": float(statistic), "other": 1,
          "longest_gap_s": float(max([trailing, *takts]))}, 1e-9, 1e-9)

# Welch's test on shift means: statistics from 1e-6 tails to certainty.
for _ in range(600):
    robot, human = shifts(rng.choice([2, 3, 8, 15, 60]), 3.7 + rng.gauss(0, 0.1)), shifts(rng.choice([2, 3, 8, 15, 60]), 3.7)
    margin, confidence, side = rng.choice([0.0, 0.05, 0.1, 0.5, 2.0]), rng.choice([0.8, 0.95, 0.99, 1 - 1e-6]), rng.choice(["lower", "upper", "two"])
    r, h = ([np.log(s).mean() for s in arm] for arm in (robot, human))
    test = stats.ttest_ind(np.array(r) - math.log1p(margin), h, equal_var=False, alternative="less")
    alpha = (1 - confidence) / (2 if side == "two" else 1)
    difference = np.mean(r) - np.mean(h)
    error = math.sqrt(np.var(r, ddof=1) / len(r) + np.var(h, ddof=1) / len(h))
    reach = stats.t.isf(alpha, test.df) * error
    expected = {"ratio": math.exp(difference), "p": float(test.pvalue), "t": float(test.statistic), "df": float(test.df),
                **of_side(side, finite(np.exp(difference - reach)), finite(np.exp(difference + reach)))}
    # A bound that overflows is no number in JSON.
    case("takt-noninferiority", {"robot": robot, "human": human, "margin": margin, "confidence": confidence, "side": side}, expected, 1e-8)

for same in [[[40.0], [40.0]], [[40.0, 41.0]]]:
    expected = {"ratio": 1.0, "upper": 1.0, "p": 0.0, "t": None, "df": None} if len(same) == 2 else None
    case("takt-noninferiority", {"robot": same, "human": same, "margin": 0.1}, expected)

for _ in range(100):
    takts = shift(rng.randint(2, 200), rng.uniform(0, 6), rng.choice([0.01, 0.3, 2.0]))
    m, s = np.mean(takts), np.std(takts, ddof=1)
    case("takt-spread", {"seconds": takts}, {"mean": m, "deviation": s, "coefficient_of_variation": s / m, "burstiness": (s - m) / (s + m), "longest": max(takts)})
    trailing, target = rng.uniform(0, 500), math.exp(rng.gauss(3.7, 0.3))
    kept = sum(t <= target for t in takts)
    units = len(takts) + math.floor(trailing / target)
    case("takt-adherence", {"shifts": [{"takt_s": takts, "trailing_s": trailing}], "target_s": target},
         {"kept": [kept], "units": [units], "share": kept / units})
    x = np.log(np.arange(1, len(takts) + 1))
    if len(takts) > 2:
        fit = stats.linregress(x, np.log(takts))
        case("learning-curve", {"seconds": takts}, {"first": math.exp(fit.intercept), "exponent": fit.slope, "rate": 2**fit.slope, "r_squared": fit.rvalue**2}, 1e-8, 1e-12)
        logs, window = np.log(takts), rng.randint(3, len(takts))
        fit = stats.linregress(np.arange(window), logs[-window:])
        reach = stats.t.isf(0.025, window - 2) * fit.stderr
        case("learning-plateau", {"mean_ln_takt": logs.tolist(), "window": window, "limit": 0.01},
             {"change_per_shift": math.expm1(fit.slope), "lower": math.expm1(fit.slope - reach), "upper": math.expm1(fit.slope + reach), "reached": abs(math.expm1(fit.slope)) < 0.01}, 1e-7, 1e-11)

# Slopes with an intercept per shift and clustered errors; statsmodels corrects by (N-1)/(N-k) besides, which is taken out.
for _ in range(150):
    k = rng.choice([2, 3, 10, 25])
    units = [rng.randint(1, 30) for _ in range(k)]
    units[0] += 1
    log = [{"hours": [rng.uniform(0, 8) for _ in range(n)], "takt_s": shift(n, 3.7 + rng.gauss(0, 0.1), 0.2)} for n in units]
    group = np.repeat(np.arange(k), units)
    x = np.concatenate([s["hours"] for s in log])
    y = np.log(np.concatenate([s["takt_s"] for s in log]))
    design = np.column_stack([x, np.eye(k)[group]])
    total, columns = len(y), k + 1
    if total <= columns + 1:
        continue
    fit = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": group, "use_correction": True})
    error = fit.bse[0] / math.sqrt((total - 1) / (total - columns))
    reach = stats.t.isf(0.025, k - 1) * error
    case("takt-slope", {"shifts": log}, {"estimate": fit.params[0], "lower": fit.params[0] - reach, "upper": fit.params[0] + reach,
                                         "p": 2 * stats.t.sf(abs(fit.params[0]) / error, k - 1), "df": k - 1}, 1e-7, 1e-10)

for _ in range(100):
    k = rng.randint(2, 20)
    log = []
    for _ in range(k):
        hours = [rng.uniform(0, 0.999), rng.uniform(7, 8)] + [rng.uniform(0, 8) for _ in range(rng.randint(0, 30))]
        log.append({"hours": hours, "takt_s": shift(len(hours), 3.7, 0.2)})
    d = [np.mean([math.log(t) for h, t in zip(s["hours"], s["takt_s"]) if h >= 7]) - np.mean([math.log(t) for h, t in zip(s["hours"], s["takt_s"]) if h < 1]) for s in log]
    test = stats.ttest_1samp(d, 0)
    interval = test.confidence_interval(0.95)
    case("last-by-first-hour", {"shifts": log, "shift_h": 8}, {"estimate": math.exp(np.mean(d)), "p": test.pvalue, "lower": finite(math.exp(interval.low)), "upper": finite(math.exp(interval.high))}, 1e-8)

for _ in range(100):
    study, record = shifts(rng.randint(2, 12), 3.7), shifts(rng.randint(2, 40), 3.7)
    standard = rng.choice([None, rng.uniform(20, 60)])
    a, b = float(np.median(np.concatenate(study))), float(np.median(np.concatenate(record)))
    options = [(a, "study"), (b, "record")] + ([(standard, "standard")] if standard else [])
    least = min(options, key=lambda option: option[0])
    r, h = ([np.log(s).mean() for s in arm] for arm in (study, record))
    test = stats.ttest_ind(r, h, equal_var=False)
    error = math.sqrt(np.var(r, ddof=1) / len(r) + np.var(h, ddof=1) / len(h))
    upper = math.exp(np.mean(r) - np.mean(h) + stats.t.isf(0.05, test.df) * error)
    case("human-baseline", {"study": study, "record": record, "standard_s": standard},
         {"takt_s": least[0], "source": least[1], "study_s": a, "record_s": b, "usable": upper <= 1.05, "study_by_record": {"upper": upper}}, 1e-8)

for _ in range(150):
    plan = {"between_shift_deviation": rng.uniform(0.01, 0.3), "within_shift_deviation": rng.uniform(0, 0.5), "units_per_shift": rng.randint(1, 500),
            "margin": rng.uniform(0.02, 0.3), "ratio": rng.uniform(0.9, 1.01), "confidence": rng.choice([0.9, 0.95, 0.99])}
    s = math.sqrt(plan["between_shift_deviation"] ** 2 + plan["within_shift_deviation"] ** 2 / plan["units_per_shift"])
    power = lambda k: stats.nct.sf(stats.t.ppf(plan["confidence"], 2 * k - 2), 2 * k - 2, math.log((1 + plan["margin"]) / plan["ratio"]) / (s * math.sqrt(2 / k)))
    k = rng.choice([2, 3, 8, 20, 100])
    expected = power(k)
    # scipy's noncentral t has no value far out in its tails.
    if 1e-6 < expected < 1 - 1e-9:
        case("takt-power", {**plan, "shifts": k}, {"power": expected}, 1e-7, 1e-8)
    cv, margin = rng.uniform(0.02, 1), rng.uniform(0.02, 0.5)
    n = 2 * ((stats.norm.ppf(0.95) + stats.norm.ppf(0.9)) / math.log1p(margin)) ** 2 * math.log1p(cv * cv)
    case("takt-units-needed", {"coefficient_of_variation": cv, "margin": margin}, {"units_per_arm": math.ceil(n)})

# Series that are followed.
for _ in range(100):
    x = [rng.gauss(0, 1) + (1 if i > 20 else 0) for i in range(rng.randint(1, 60))]
    running = np.cumsum(np.array(x) - np.cumsum(x) / np.arange(1, len(x) + 1) - 0.1)
    path = running - np.minimum(np.minimum.accumulate(running), 0)
    alarm = next((i for i, v in enumerate(path) if v > 3), None)
    case("page-hinkley", {"values": x, "tolerance": 0.1, "limit": 3}, {"statistic": path.tolist(), "alarm": alarm}, 1e-9, 1e-11)
    sums = []
    for sign in (1, -1):
        walk = np.concatenate([[0], np.cumsum(sign * (np.array(x) - 0.2) / 1.3 - 0.5)])
        sums.append((walk - np.minimum.accumulate(walk))[1:])
    alarm = next((i for i, v in enumerate(np.maximum(*sums)) if v > 5), None)
    case("cusum", {"values": x, "target": 0.2, "deviation": 1.3}, {"rise": sums[0].tolist(), "fall": sums[1].tolist(), "alarm": alarm}, 1e-9, 1e-11)


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

    def whole(self):
        a, b, c, d = self.state
        turn = lambda x, k: ((x << k) | (x >> (64 - k))) & MASK
        result = (turn((a + d) & MASK, 23) + a) & MASK
        t = (b << 17) & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        self.state = [a, b, c, turn(d, 45)]
        return result

    def below(self, bound):
        least = (-bound % (1 << 64)) % bound
        while True:
            product = self.whole() * bound
            if product & MASK >= least:
                return product >> 64


# The bootstrap of shifts with the same draws, on sorted takts instead of histograms.
for _ in range(12):
    robot, human = shifts(rng.randint(5, 12), 3.75), shifts(rng.randint(5, 12), 3.7)
    seed, quantile, replicates = rng.randint(0, 10**6), rng.choice([0.5, 0.9, 0.95]), 300

    def at(takts):
        takts = sorted(takts)
        return takts[max(1, math.ceil(quantile * len(takts))) - 1]

    bin_of = lambda takt: math.floor((math.log(takt) - math.log(0.01)) / 0.002)
    drawn = []
    for i in range(replicates):
        draws = Xoshiro(Xoshiro(seed).whole() ^ ((i * 0xD1342543DE82EF95) & MASK))
        sides = [sum((arm[draws.below(len(arm))] for _ in arm), []) for arm in (robot, human)]
        drawn.append(bin_of(at(sides[0])) - bin_of(at(sides[1])))
    drawn.sort()
    k = min(len(robot), len(human))
    tail = stats.norm.cdf(math.sqrt(k / (k - 1)) * stats.t.ppf(0.05, k - 1))
    rank = math.ceil((1 - tail) * (replicates + 1))
    upper = math.exp(0.002 * (drawn[rank - 1] + 1)) if rank <= replicates else None
    middle = lambda arm: math.exp(math.log(0.01) + 0.002 * (bin_of(at(sum(arm, []))) + 0.5))
    case("takt-quantile-ratio", {"robot": robot, "human": human, "quantile": quantile, "replicates": replicates, "seed": seed},
         {"ratio": middle(robot) / middle(human), "upper": upper, "robot_s": middle(robot), "human_s": middle(human)})
