"""From site to site: JSON Lines of method, input, expected, rel. Independent of the crate: scipy, statsmodels."""

import json
import math

import numpy as np
from scipy import optimize, special, stats
from statsmodels.stats.meta_analysis import combine_effects

rng = np.random.default_rng(20260303)


def emit(method, given, expected, rel=1e-9):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel}))


def sided():
    return str(rng.choice(["lower", "upper", "two"]))


def ends(side, confidence, lower, upper):
    alpha = (1 - confidence) / (2 if side == "two" else 1)
    return {"lower": None if side == "upper" else float(lower(alpha)), "upper": None if side == "lower" else float(upper(alpha))}


def sites(least, most, trials=(20, 500), spread=(0.0, 1.2)):
    k = int(rng.integers(least, most))
    n = rng.integers(*trials, k)
    p = special.expit(rng.uniform(1, 4) + rng.normal(0, rng.uniform(*spread), k))
    return n, rng.binomial(n, p)


def given(n, s):
    return [{"successes": int(a), "trials": int(b)} for a, b in zip(s, n)]


def random_effects():
    for _ in range(300):
        n, s = sites(3, 20)
        y, v = np.log((s + 0.5) / (n - s + 0.5)), 1 / (s + 0.5) + 1 / (n - s + 0.5)
        found = combine_effects(y, v, method_re="chi2")
        tau2 = max(0.0, float(found.tau2))
        weights = 1 / (v + tau2)
        m, se = float((weights * y).sum() / weights.sum()), float(weights.sum() ** -0.5)
        k, q = len(n), float(found.q)
        c, side = float(rng.choice([0.8, 0.9, 0.95, 0.99])), sided()
        reach = lambda a: stats.t.isf(a, k - 2) * math.sqrt(tau2 + se**2)
        expected = ends(side, c, lambda a: special.expit(m - reach(a)), lambda a: special.expit(m + reach(a)))
        mean = ends(side, c, lambda a: special.expit(m - stats.norm.isf(a) * se), lambda a: special.expit(m + stats.norm.isf(a) * se))
        expected |= {"mean": float(special.expit(m)), "mean_lower": mean["lower"], "mean_upper": mean["upper"], "tau2": tau2,
                     "q": q, "q_p": float(stats.chi2.sf(q, k - 1)), "i2": max(0.0, 1 - (k - 1) / q), "sites": k}
        emit("random-effects", {"sites": given(n, s), "confidence": c, "side": side}, expected, 1e-8)


def partial_pooling():
    for _ in range(120):
        n, s = sites(3, 15, spread=(0.6, 1.5))
        f = n - s
        if not f.any() or not s.any():
            continue
        minus = lambda p: -(special.betaln(s + math.exp(p[0]), f + math.exp(p[1])) - special.betaln(math.exp(p[0]), math.exp(p[1]))).sum()
        start = optimize.minimize(minus, [2.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000})

        def score(p):
            a, b = np.exp(p)
            psi = special.digamma
            both = (psi(a + b) - psi(n + a + b)).sum()
            return [a * ((psi(s + a) - psi(a)).sum() + both), b * ((psi(f + b) - psi(b)).sum() + both)]

        root = optimize.root(score, start.x, tol=1e-14)
        a, b = np.exp(root.x)
        # Only clear peaks: at large strengths the likelihood is flat and both searches stop where they like.
        if not root.success or a + b > 300 or np.abs(root.x - start.x).max() > 1e-3:
            continue
        c, side = float(rng.choice([0.8, 0.9, 0.95])), sided()
        expected = ends(side, c, lambda x: stats.beta.ppf(x, a, b), lambda x: stats.beta.isf(x, a, b))
        expected |= {"mean": float(a / (a + b)), "strength": float(a + b), "shares": ((s + a) / (n + a + b)).tolist()}
        emit("partial-pooling", {"sites": given(n, s), "confidence": c, "side": side}, expected, 1e-7)


def borrowing():
    for _ in range(200):
        n, n0 = int(rng.integers(1, 400)), int(rng.integers(10, 3000))
        p = float(rng.uniform(0.6, 1))
        s, s0 = int(rng.binomial(n, p)), int(rng.binomial(n0, min(1.0, p * rng.uniform(0.97, 1.03))))
        changed = int(rng.integers(0, 10))
        w = min(max(0.2, 0.8**changed), n / n0)
        prior = stats.betabinom(n, 1 + w * s0, 1 + w * (n0 - s0))
        predictive = min(1.0, 2 * min(float(prior.cdf(s)), float(prior.pmf(np.arange(s, n + 1)).sum())))
        if abs(predictive - 0.05) < 1e-6:
            continue
        w = w if predictive >= 0.05 else 0.0
        a, b = 1 + w * s0 + s, 1 + w * (n0 - s0) + n - s
        c, side = float(rng.choice([0.8, 0.95, 1 - 1e-6])), sided()
        expected = ends(side, c, lambda x: stats.beta.ppf(x, a, b), lambda x: stats.beta.isf(x, a, b))
        expected |= {"mean": a / (a + b), "weight": w, "borrowed": w * n0, "conflict": predictive < 0.05, "predictive_p": predictive}
        emit("borrow", {"successes": s, "trials": n, "source": {"successes": s0, "trials": n0}, "changed": changed,
                        "confidence": c, "side": side}, expected, 1e-8)
        mean, strength, weight = float(rng.uniform(0.6, 0.99)), float(rng.uniform(2, 500)), float(rng.uniform(0.05, 0.95))
        units = min(strength, n)
        a, b = mean * units, (1 - mean) * units
        one, two = stats.betabinom(n, a, b).logpmf(s), stats.betabinom(n, 1, 1).logpmf(s)
        after = 1 / (1 + math.exp(math.log((1 - weight) / weight) + two - one))
        parts = [(after, stats.beta(s + a, n - s + b)), (1 - after, stats.beta(s + 1, n - s + 1))]
        solve = lambda tail, x: optimize.brentq(lambda u: math.log(max(1e-300, sum(w * getattr(d, tail)(special.expit(u)) for w, d in parts))) - math.log(x), -30, 30, xtol=1e-13)
        c = float(rng.choice([0.8, 0.95]))
        expected = ends(side, c, lambda x: special.expit(solve("cdf", x)), lambda x: special.expit(solve("sf", x)))
        expected |= {"weight": after, "prior_units": units, "mean": sum(w * float(d.mean()) for w, d in parts)}
        emit("robust-map", {"successes": s, "trials": n, "prior_mean": mean, "prior_strength": strength, "weight": weight,
                            "confidence": c, "side": side}, expected, 1e-7)


def new_site():
    """The same model on plain grids: Gauss and Legendre for the spread, Gauss and Hermite inside."""
    z, wz = np.polynomial.hermite_e.hermegauss(80)
    wz = wz / wz.sum()
    x, wx = np.polynomial.legendre.leggauss(48)
    logit = np.linspace(-8, 14, 1800)
    for _ in range(6):
        n, s = sites(3, 7, trials=(10, 60))
        scale = float(rng.choice([0.3, 0.5, 0.8]))
        spreads = 3 * scale * (1 + x)
        prior = wx * np.exp(-0.5 * (spreads / scale) ** 2)
        weight = np.empty((len(x), len(logit)))
        for i, spread in enumerate(spreads):
            theta = logit[:, None] + spread * z[None, :]
            lp, lq = special.log_expit(theta), special.log_expit(-theta)
            total = np.zeros(len(logit))
            for a, b in zip(s, n - s):
                top = a * math.log(max(a, 0.5) / (a + b)) + (b * math.log(max(b, 0.5) / (a + b)))
                total += np.log((np.exp(a * lp + b * lq - top) * wz).sum(axis=1))
            weight[i] = prior[i] * np.exp(total) * special.expit(logit) * special.expit(-logit)
        weight /= weight.sum()
        below = lambda u: float((weight * special.ndtr((u - logit[None, :]) / spreads[:, None])).sum())
        lower = optimize.brentq(lambda u: below(u) - 0.05, -20, 20)
        emit("new-site", {"sites": given(n, s), "scale": scale},
             {"lower": float(special.expit(lower)), "tau": float((weight * spreads[:, None] ** 2).sum() ** 0.5), "scale": scale}, 2e-5)


random_effects()
partial_pooling()
borrowing()
new_site()
