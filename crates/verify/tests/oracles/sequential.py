"""Random cases of sequential tests: direct sums and integrals, by numpy and scipy."""

import json
import math
import random

import numpy as np
from scipy import integrate, optimize, special

rng = random.Random(20261124)


def case(method, given, expected, rel=1e-9, absolute=1e-13):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel, "abs": absolute}))


for _ in range(100):
    worse = rng.uniform(0.5, 0.95)
    better = rng.uniform(worse + 0.01, 0.999)
    alpha, beta = rng.choice([0.05, 0.01, 0.2]), rng.choice([0.05, 0.1, 0.2])
    outcomes = [rng.random() < rng.choice([worse, better]) for _ in range(rng.randint(0, 300))]
    up, down = math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))
    steps = np.where(outcomes, math.log(better / worse), math.log((1 - better) / (1 - worse)))
    total = np.cumsum(steps)
    crossed = np.nonzero((total >= up) | (total <= down))[0]
    after = int(crossed[0]) + 1 if len(crossed) else None
    value = float(total[after - 1]) if after else float(total[-1]) if len(total) else 0.0
    case("sprt", {"outcomes": outcomes, "worse": worse, "better": better, "alpha": alpha, "beta": beta},
         {"decision": "continue" if after is None else "accept" if value > 0 else "reject", "decided_after": after,
          "log_likelihood_ratio": value}, 1e-9, 1e-9)

for _ in range(200):
    n = rng.choice([0, 1, 10, 100, 1000, 20_000])
    share = rng.choice([0.5, 0.9, 0.97, 0.99])
    s = min(n, int(n * min(1.0, share + rng.uniform(-0.02, 0.03))))
    a, b = rng.choice([(0.5, 0.5), (1.0, 1.0), (2.0, 5.0)])

    def mixed(good, failed):
        return special.betaln(good, failed) + math.log(special.betaincc(good, failed, share))

    ln_e = mixed(s + a, n - s + b) - mixed(a, b) - s * math.log(share) - (n - s) * math.log1p(-share)
    case("mixture-e-process", {"successes": s, "trials": n, "share": share, "a": a, "b": b}, {"ln_e": ln_e}, 1e-9, 1e-10)

for _ in range(100):
    pairs = [[rng.random() < 0.6, rng.random() < 0.8] for _ in range(rng.randint(1, 60))]
    wealth, values = 1.0, []
    for t in range(len(pairs)):
        p = (1 + sum(x for x, _ in pairs[:t])) / (3 + t)
        q = (2 + sum(y for _, y in pairs[:t])) / (3 + t)
        null = (p, q) if p >= q else ((p + q) / 2, (p + q) / 2)
        chance = [share if outcome else 1 - share for outcome, share in zip(pairs[t] * 2, (p, q, *null))]
        wealth *= chance[0] * chance[1] / (chance[2] * chance[3])
        values.append(wealth)
    case("two-sample-e-process", {"pairs": pairs}, {"e": values})


def bets(values, needed):
    """The bets, from the plain definition of running mean and variance."""
    count = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (count + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (count + 1)
    before = np.concatenate([[0.25], variances[:-1]])
    return np.sqrt(2 * math.log(needed) / (before * count * np.log(1 + count)))


def capitals(values, stakes, mean):
    """Both bets' wealth after each value."""
    up = np.cumprod(1 + np.minimum(stakes, 0.5 / mean) * (values - mean))
    return up, np.cumprod(1 - np.minimum(stakes, 0.5 / (1 - mean)) * (values - mean))


for _ in range(150):
    values = np.array([rng.choice([0.0, 1.0, 1.0, rng.random()]) for _ in range(rng.randint(1, 150))])
    confidence = rng.choice([0.9, 0.95, 0.99])
    alpha = 1 - confidence
    against = rng.uniform(0.05, 0.95)
    side = rng.choice(["lower", "upper", "two"])
    needed = (2 if side == "two" else 1) / alpha
    stakes = bets(values, needed)
    ups, downs = capitals(values, bets(values, 2 / alpha), against)
    given = {"values": list(values), "confidence": confidence, "side": side, "against": against}
    expected = {"capital": list(np.maximum(ups, downs) / 2)}
    if side != "upper":
        excess = lambda m: math.log(capitals(values, stakes, m)[0].max() / needed)
        expected["lower"] = optimize.brentq(excess, 1e-9, 1 - 1e-9, xtol=1e-14, rtol=1e-13) if excess(1e-9) > 0 else 0.0
    if side != "lower":
        excess = lambda m: math.log(capitals(values, stakes, m)[1].max() / needed)
        expected["upper"] = optimize.brentq(excess, 1e-9, 1 - 1e-9, xtol=1e-14, rtol=1e-13) if excess(1 - 1e-9) > 0 else 1.0
    case("betting-sequence", given, expected, 1e-9, 1e-9)


def precision(v, alpha):
    return v / (2 * math.log(1 / alpha) + math.log(1 + 2 * math.log(1 / alpha)))


for index in range(100):
    v, optimal, alpha = rng.uniform(5, 2000), rng.uniform(20, 2000), rng.choice([0.05, 0.01, 0.2])
    given = {"v": v, "optimal": optimal, "alpha": alpha}
    # Wealth as an integral over the bets, which the closed forms are not.
    for two_sided in (True, False) if index < 12 else ():
        rho = precision(optimal, alpha if two_sided else 2 * alpha)

        def wealth(s):
            peak = s / (v + rho)
            width = 12 / math.sqrt(v + rho)
            ends = (peak - width, peak + width) if two_sided else (max(0.0, peak - width), max(0.0, peak) + width)
            density = lambda x: (1 if two_sided else 2) * math.sqrt(rho / (2 * math.pi)) * math.exp(x * s - x * x * (v + rho) / 2)
            return integrate.quad(density, *ends, epsabs=0, epsrel=1e-11, limit=100)[0]

        bound = optimize.brentq(lambda s: math.log(wealth(s)) + math.log(alpha), 0, 20 * math.sqrt(v + rho), xtol=1e-12)
        case("time-uniform-boundary", given | {"boundary": {"kind": "normal-mixture", "two_sided": two_sided}}, {"boundary": bound}, 1e-8)
    start, scale = rng.uniform(0.5, 50), rng.choice([0.0, 1.0, 3.0])
    level = 1.4 * math.log(math.log(2 * max(v, start) / start)) + math.log(special.zeta(1.4) / (alpha * math.log(2) ** 1.4))
    k1, k2 = (2**0.25 + 2**-0.25) / 2**0.5, (2**0.5 + 1) / 2
    bound = math.sqrt(k1**2 * max(v, start) * level + (k2 * scale * level) ** 2) + k2 * scale * level
    case("stitched-boundary", {"v": v, "start": start, "scale": scale, "alpha": alpha}, {"boundary": bound})

for _ in range(40):
    n, optimal, alpha = rng.randint(1, 3000), rng.uniform(20, 500), rng.choice([0.05, 0.01])
    s = rng.choice([0, n, rng.randint(0, n)])

    def excess(p):
        rho = precision(optimal * p * (1 - p), 0.05)
        prior = max(rho - p * (1 - p), 1e-3 * p * (1 - p))
        a, b = prior / (1 - p), prior / p
        return special.betaln(s + a, n - s + b) - special.betaln(a, b) - s * math.log(p) - (n - s) * math.log1p(-p) + math.log(alpha)

    low = optimize.brentq(excess, 1e-12, s / n if s < n else 1 - 1e-12, xtol=1e-15) if s else 0.0
    high = optimize.brentq(excess, s / n if s else 1e-12, 1 - 1e-12, xtol=1e-15) if s < n else 1.0
    case("bernoulli-sequence", {"successes": s, "trials": n, "optimal": optimal, "alpha": alpha}, {"lower": low, "upper": high}, 1e-8, 1e-11)
