"""Random cases of one and two proportions, by scipy and statsmodels, and by brute force where those miss ties."""

import json
import math
import random

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

rng = random.Random(20261121)


def case(method, given, expected, rel=1e-9):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel}))


def interval(lower, upper, side):
    return {"lower": None if side == "upper" else lower, "upper": None if side == "lower" else upper}


def size():
    return rng.choice([1, 2, 10, 59, 300, 2000, 50_000, 1_000_000])


def successes(n):
    return rng.choice([0, n, rng.randint(0, n), max(0, n - rng.randint(0, 5)), int(n * rng.uniform(0.9, 1.0))])


for _ in range(600):
    n = size()
    s = successes(n)
    side = rng.choice(["lower", "upper", "two"])
    confidence = rng.choice([0.8, 0.9, 0.95, 0.975, 0.99, 1 - 1e-6])
    alpha = (1 - confidence) / (2 if side == "two" else 1)
    given = {"successes": s, "trials": n, "confidence": confidence, "side": side}
    low = 0.0 if s == 0 else stats.beta.ppf(alpha, s, n - s + 1)
    high = 1.0 if s == n else stats.beta.isf(alpha, s + 1, n - s)
    case("clopper-pearson", given, interval(low, high, side))
    case("jeffreys", given, interval(stats.beta.ppf(alpha, s + 0.5, n - s + 0.5), stats.beta.isf(alpha, s + 0.5, n - s + 0.5), side))
    low, high = proportion_confint(s, n, 2 * alpha, "wilson")
    # Near the ends statsmodels loses digits to cancellation.
    print(json.dumps({"method": "wilson", "input": given, "expected": interval(low if s else 0.0, high if s < n else 1.0, side),
                      "rel": 1e-9, "abs": 1e-13}))

for _ in range(200):
    share = rng.choice([0.5, 0.8, 0.9, 0.95, 0.99, 0.999, rng.uniform(0.3, 0.999)])
    failures = rng.choice([0, 0, 1, 2, 5, 20, 100])
    confidence = rng.choice([0.6, 0.8, 0.9, 0.95, 0.99, 0.999])
    n = failures + 1
    step = 1 << 24
    while step:
        if stats.binom.cdf(failures, n + step - 1, 1 - share) > (1 - confidence) * (1 + 1e-12):
            n += step
        step //= 2
    case("trials-needed", {"share": share, "failures": failures, "confidence": confidence}, {"trials": n})
case("trials-needed", {"share": 1.0}, None)
case("clopper-pearson", {"successes": 3, "trials": 2}, None)


def score(x1, n1, x2, n2, margin):
    """The constrained likelihood maximized numerically, then polished on its slope."""
    low, high = max(0.0, -margin), min(1.0, 1.0 - margin)

    def slope(q):
        first = (x1 / q if x1 else 0.0) - ((n1 - x1) / (1 - q) if x1 < n1 else 0.0)
        r = q + margin
        return first + (x2 / r if x2 else 0.0) - ((n2 - x2) / (1 - r) if x2 < n2 else 0.0)

    a, b = low + 1e-15, high - 1e-15
    q1 = low if slope(a) < 0 else high if slope(b) > 0 else optimize.brentq(slope, a, b, xtol=1e-16, rtol=1e-15)
    q2 = q1 + margin
    z = (x1 / n1 - x2 / n2 + margin) / math.sqrt(q1 * (1 - q1) / n1 + q2 * (1 - q2) / n2)
    return {"z": z, "p": stats.norm.sf(z), "q1": q1, "q2": q2}


for _ in range(400):
    n1, n2 = rng.randint(1, 3000), rng.randint(1, 3000)
    x1, x2 = successes(n1), successes(n2)
    margin = rng.choice([0.01, 0.02, 0.05, 0.1, 0.3, -0.05])
    print(json.dumps({"method": "farrington-manning", "input": {"x1": x1, "n1": n1, "x2": x2, "n2": n2, "margin": margin},
                      "expected": score(x1, n1, x2, n2, margin), "rel": 1e-8, "abs": 1e-12}))

for _ in range(100):
    p1, p2, margin = rng.uniform(0.8, 1.0), rng.uniform(0.8, 1.0), rng.uniform(0.01, 0.2)
    given = {"share1": p1, "share2": p2, "margin": margin, "power": rng.choice([0.8, 0.9, 0.95]), "design_effect": rng.choice([1.0, 3.0])}
    if p1 - p2 + margin <= 0:
        case("non-inferiority-trials", given, None)
        continue
    z = stats.norm.isf(0.05) + stats.norm.isf(1 - given["power"])
    n = math.ceil((p1 * (1 - p1) + p2 * (1 - p2)) * z * z / (p1 - p2 + margin) ** 2 * given["design_effect"])
    case("non-inferiority-trials", given, {"trials_per_arm": max(1, n)})


def supremum(region, n1, n2):
    """The largest probability of a region of tables, on a fine grid and then by a bounded search around the best."""
    a, b = np.arange(n1 + 1), np.arange(n2 + 1)

    def at(p):
        return stats.binom.pmf(a, n1, p) @ (region @ stats.binom.pmf(b, n2, p))

    angles = np.linspace(0, np.pi / 2, 400)
    values = np.array([at(math.sin(t) ** 2) for t in angles])
    best = values.max()
    for i in np.argsort(values)[-6:]:
        left, right = angles[max(0, i - 1)], angles[min(len(angles) - 1, i + 1)]
        found = optimize.minimize_scalar(lambda t: -at(math.sin(t) ** 2), bounds=(left, right), method="bounded", options={"xatol": 1e-10})
        best = max(best, -found.fun)
    return min(1.0, best)


def wald(x1, n1, x2, n2, pooled):
    p1, p2 = x1 / n1, x2 / n2
    p = (x1 + x2) / (n1 + n2)
    variance = p * (1 - p) * (1 / n1 + 1 / n2) if pooled else p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    with np.errstate(all="ignore"):
        z = (p1 - p2) / np.sqrt(variance)
    return np.where(x1 * n2 == x2 * n1, 0.0, z)


for index in range(60):
    n1, n2 = rng.randint(1, 40), rng.randint(1, 40)
    x1, x2 = successes(n1), successes(n2)
    alternative = rng.choice(["less", "greater", "two"])
    given = {"x1": x1, "n1": n1, "x2": x2, "n2": n2, "alternative": alternative}
    table = [[x1, x2], [n1 - x1, n2 - x2]]
    name = {"two": "two-sided"}.get(alternative, alternative)
    case("fisher-exact", given, {"p": stats.fisher_exact(table, alternative=name).pvalue})
    grid1, grid2 = np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij")
    pooled = index % 2 == 0
    z, found = wald(grid1, n1, grid2, n2, pooled), float(wald(np.array(x1), n1, np.array(x2), n2, pooled))
    near = 1e-9 * max(1e-9, abs(found)) if math.isfinite(found) else 0.0
    region = z <= found + near if alternative == "less" else z >= found - near if alternative == "greater" else abs(z) >= abs(found) - near
    case("barnard", given | {"pooled": pooled}, {"p": supremum(region.astype(float), n1, n2)}, 1e-8)
    less = stats.hypergeom.cdf(grid1, n1 + n2, n1, grid1 + grid2)
    more = stats.hypergeom.sf(grid1 - 1, n1 + n2, n1, grid1 + grid2)
    sides = {
        "less": lambda: supremum((less <= less[x1, x2] * (1 + 1e-9)).astype(float), n1, n2),
        "greater": lambda: supremum((more <= more[x1, x2] * (1 + 1e-9)).astype(float), n1, n2),
    }
    p = min(1.0, 2 * min(sides["less"](), sides["greater"]())) if alternative == "two" else sides[alternative]()
    case("boschloo", given, {"p": p}, 1e-8)

for _ in range(100):
    n1, n2 = rng.randint(1, 4000), rng.randint(1, 4000)
    x1, x2 = successes(n1), successes(n2)
    for alternative, name in [("less", "less"), ("greater", "greater")]:
        p = stats.fisher_exact([[x1, x2], [n1 - x1, n2 - x2]], alternative=name).pvalue
        case("fisher-exact", {"x1": x1, "n1": n1, "x2": x2, "n2": n2, "alternative": alternative}, {"p": p}, 1e-8)
