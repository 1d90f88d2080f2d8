"""Random logs of shifts: ICC, bounds, strata, spending, by numpy and scipy."""

import json
import math
import random

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.proportion import proportions_chisquare

rng = random.Random(20261122)


def case(method, given, expected, rel=1e-9, absolute=1e-13):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel, "abs": absolute}))


def log(k=None):
    """Good and all units of shifts, beta-binomial or perfect or split."""
    k = k or rng.choice([1, 2, 3, 7, 8, 12, 20, 60, 300])
    kind = rng.random()
    p, rho = rng.choice([0.5, 0.9, 0.97, 0.995]), rng.choice([0.001, 0.02, 0.1, 0.4])
    shifts = []
    for _ in range(k):
        n = rng.choice([1, 5, 40, 100]) if kind < 0.5 else 100
        q = rng.betavariate(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho)
        good = n if kind > 0.95 else n * rng.randint(0, 1) if kind > 0.92 else sum(rng.random() < q for _ in range(n))
        shifts.append((good, n))
    return shifts


def anova(shifts):
    good, units = np.array(shifts, dtype=float).T
    k, total = len(units), units.sum()
    p = good.sum() / total
    between = (units * (good / units - p) ** 2).sum() / (k - 1) if k > 1 else None
    within = (good * (units - good) / units).sum() / (total - k) if total > k else None
    size = (total - (units**2).sum() / total) / (k - 1) if k > 1 else total
    icc = upper = None
    if between is not None and within is not None and between + (size - 1) * within > 0:
        icc = (between - within) / (between + (size - 1) * within)
        q = stats.f.ppf(0.2, k - 1, total - k)
        upper = (between / within / q - 1) / (between / within / q + size - 1) if within > 0 else 1.0
    return {"k": k, "total": total, "good": good, "units": units, "estimate": p, "between": between, "within": within,
            "size": size, "icc": icc, "upper": upper}


def bound(a, confidence, estimate=None, weighted=None):
    estimate = a["estimate"] if estimate is None else estimate
    weighted = a["total"] if weighted is None else weighted
    failures = (a["units"] - a["good"]).sum()
    enough = failures >= 10 and (a["good"] < a["units"]).sum() >= 5 and a["upper"] is not None and a["within"] != 0
    used = max(a["upper"] if a["upper"] is not None else -1.0, 0.0 if enough else 0.05)
    effect = max(1.0, 1 + (a["size"] - 1) * used)
    ratio = (stats.norm.ppf(confidence) / stats.t.ppf(confidence, a["k"] - 1)) ** 2 if a["k"] > 1 else 0.0
    effective = min(a["total"], weighted / effect) * ratio
    good = effective * estimate
    lower = stats.beta.ppf(1 - confidence, good, effective - good + 1) if good > 0 else 0.0
    return {"estimate": estimate, "lower": lower, "icc_used": used, "effective_units": effective, "design_effect": effect}


def listed(shifts):
    return [{"good": good, "units": units} for good, units in shifts]


for _ in range(400):
    shifts = log()
    a = anova(shifts)
    case("anova-icc", {"shifts": listed(shifts)},
         {"estimate": a["estimate"], "mean_square_between": a["between"], "mean_square_within": a["within"], "size": a["size"],
          "icc": a["icc"], "icc_upper": a["upper"]}, 1e-9, 1e-12)
    confidence = rng.choice([0.8, 0.9, 0.95, 0.975, 0.999, 1 - 1e-6])
    expected = bound(a, confidence) | {"icc": a["icc"], "icc_upper": a["upper"], "shifts": a["k"], "decidable": a["k"] >= 8}
    case("success-bound", {"shifts": listed(shifts), "confidence": confidence}, expected, 1e-9, 1e-12)
    if a["k"] > 1:
        residual = ((a["good"] - a["estimate"] * a["units"]) ** 2).sum()
        error = math.sqrt(a["k"] / (a["k"] - 1) * residual) / a["total"]
        lower = a["estimate"] - stats.t.ppf(confidence, a["k"] - 1) * error
        case("cluster-robust-t", {"shifts": listed(shifts), "confidence": confidence},
             {"estimate": a["estimate"], "standard_error": error, "lower": lower}, 1e-9, 1e-11)
        if 0 < a["estimate"] < 1:
            statistic, p, _ = proportions_chisquare(a["good"], a["units"])
            case("shift-homogeneity", {"shifts": listed(shifts)}, {"statistic": statistic, "p": p}, 1e-8, 1e-11)
        else:
            case("shift-homogeneity", {"shifts": listed(shifts)}, None)

for _ in range(200):
    count, k = rng.randint(1, 4), rng.choice([5, 8, 20])
    names = [f"s{i}" for i in range(count)]
    weights = np.array([rng.uniform(0.1, 1.0) for _ in names])
    weights /= weights.sum()
    entries, cells, totals = [], np.zeros((k, count, 2)), []
    empty = rng.randrange(count) if count > 1 and rng.random() < 0.3 else None
    for i in range(k):
        for h, name in enumerate(names):
            if h == empty:
                continue
            n = rng.randint(1, 60)
            good = sum(rng.random() < 0.93 + 0.02 * h for _ in range(n))
            entries.append({"shift": f"day {i}", "stratum": name, "good": good, "units": n})
            cells[i, h] = good, n
    rng.shuffle(entries)
    seen = cells.sum(axis=0)
    filled = [h for h in range(count) if h != empty]
    estimate = sum(weights[h] * seen[h, 0] / seen[h, 1] for h in filled)
    weighted = sum(weights[h] for h in filled) ** 2 / sum(weights[h] ** 2 / seen[h, 1] for h in filled)
    confidence = rng.choice([0.9, 0.95])
    halved = 1 - (1 - confidence) / 2
    a = anova([tuple(row) for row in cells.sum(axis=1)])
    own = {}
    for h, name in enumerate(names):
        found = {"estimate": 0.0, "lower": 0.0} if h == empty else bound(anova([tuple(row) for row in cells[:, h]]), 0.8)
        own[name] = {key: found[key] for key in ("estimate", "lower")}
    given = {"shifts": entries, "weights": dict(zip(names, weights)), "confidence": confidence, "stratum_confidence": 0.8}
    case("success-bound", given, bound(a, confidence, estimate, weighted) | {"strata": own}, 1e-9, 1e-12)
    inspected = rng.randint(1, 500)
    false = rng.randint(0, min(5, inspected))
    upper = 1.0 if false == inspected else stats.beta.isf(1 - halved, false + 1, inspected - false)
    found = bound(a, halved, estimate, weighted)
    case("success-bound", given | {"reinspection": {"inspected": inspected, "false_successes": false}},
         {"estimate": estimate * (1 - false / inspected), "lower": found["lower"] * (1 - upper),
          "false_success": {"upper": upper}}, 1e-9, 1e-12)
    rates = [seen[h, 0] / seen[h, 1] if h != empty else 0.0 for h in range(count)]
    error = math.sqrt(sum(weights[h] ** 2 * rates[h] * (1 - rates[h]) * 2.5 / seen[h, 1] for h in filled))
    strata = [{"good": int(seen[h, 0]), "units": int(seen[h, 1]), "weight": weights[h]} for h in range(count)]
    case("post-stratified", {"strata": strata, "design_effect": 2.5, "confidence": confidence},
         {"estimate": estimate, "standard_error": error, "lower": estimate - stats.norm.ppf(confidence) * error}, 1e-9, 1e-12)
    units = seen[:, 1]
    expected = {"overlap": 1 - 0.5 * abs(units / units.sum() - weights).sum(),
                "thin": [h for h in range(count) if weights[h] >= 0.05 and units[h] < 29],
                "effective_units": 0.0 if empty is not None else 1 / (weights**2 / units).sum()}
    if count > 1:
        statistic, p = stats.chisquare(units, units.sum() * weights)
        expected["fit"] = {"statistic": statistic, "p": p}
    case("stratum-coverage", {"strata": [{"units": s["units"], "weight": s["weight"]} for s in strata]}, expected, 1e-8, 1e-11)


def likelihood(shifts):
    """The beta-binomial likelihood, maximized over the logit of the mean and the logarithm of the strength."""
    good, units = np.array(shifts, dtype=float).T

    def negative(x):
        mean, strength = 1 / (1 + math.exp(-x[0])), math.exp(x[1])
        return -stats.betabinom.logpmf(good, units, mean * strength, (1 - mean) * strength).sum()

    starts = [optimize.minimize(negative, [2.0, start], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000})
              for start in (1.0, 4.0)]
    return min(starts, key=lambda found: found.fun)


for _ in range(40):
    shifts = [(good, units) for good, units in log(rng.choice([8, 20])) if units > 1]
    a = anova(shifts) if len(shifts) > 1 else None
    if a is None or not 0 < a["estimate"] < 1 or not a["within"]:
        continue
    found = likelihood(shifts)
    # A flat peak: its height is known to more digits than its place. A boundary at infinite strength is left out.
    if found.x[1] < 12:
        mean, strength = 1 / (1 + math.exp(-found.x[0])), math.exp(found.x[1])
        case("beta-binomial", {"shifts": listed(shifts)}, {"log_likelihood": -found.fun}, 1e-9)
        case("beta-binomial", {"shifts": listed(shifts)}, {"mean": mean, "icc": 1 / (strength + 1)}, 1e-4, 1e-5)

for _ in range(100):
    alpha = rng.choice([0.05, 0.025, 0.2, 1e-6])
    shares = sorted({round(rng.uniform(0.01, 0.99), 3) for _ in range(rng.randint(0, 5))}) + [1.0]
    for name, spent in [("obrien-fleming", lambda t: 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / math.sqrt(t))),
                        ("pocock", lambda t: alpha * math.log1p((math.e - 1) * t))]:
        case("alpha-spending", {"information": shares, "alpha": alpha, "spending": name},
             {"cumulative": [spent(t) for t in shares]}, 1e-9, 0.0 if name == "pocock" else 1e-25)
    j = rng.randint(1, 50)
    case("attempt-alpha", {"attempt": j, "alpha": alpha}, {"alpha": 6 * alpha / (math.pi * j) ** 2})
