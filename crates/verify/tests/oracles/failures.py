"""Failures and repairs: JSON Lines of method, input, expected, rel. Independent of the crate: scipy, mpmath, lifelines,
reliability (whose name this file must not have)."""

import contextlib
import io
import json
import math
import warnings

import mpmath
import numpy as np
from scipy import integrate, optimize, special, stats

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20260301)


def emit(method, given, expected, rel=1e-9):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel}))


def level():
    return float(rng.choice([0.5, 0.8, 0.9, 0.95, 0.99, 1 - 1e-6, float(rng.uniform(0.5, 0.999))]))


def ends(side, confidence, lower, upper):
    """Both ends by functions of the error each may have; None where not asked for or infinite."""
    alpha = (1 - confidence) / (2 if side == "two" else 1)
    found = {"lower": None if side == "upper" else lower(alpha), "upper": None if side == "lower" else upper(alpha)}
    return {k: None if v is None or not math.isfinite(v) else float(v) for k, v in found.items()}


def sided():
    return str(rng.choice(["lower", "upper", "two"]))


def mtbf():
    for i in range(600):
        r = int(rng.choice([0, 1, 2, 3, 5, 8, 20, 100, 1000, 100000, int(rng.integers(0, 60))]))
        terminated = "failure" if r > 0 and i % 2 else "time"
        hours = float(10 ** rng.uniform(-3, 7))
        c, side = level(), sided()
        df = 2 * r + (2 if terminated == "time" else 0)
        expected = ends(
            side, c, lambda a: 2 * hours / stats.chi2.isf(a, df),
            lambda a: 2 * hours / stats.chi2.ppf(a, 2 * r) if r else math.inf)
        expected["estimate"] = hours / r if r else None
        emit("mtbf-bound", {"hours": hours, "failures": r, "confidence": c, "terminated": terminated, "side": side}, expected)
    for _ in range(60):
        target, c = float(10 ** rng.uniform(-1, 4)), level()
        emit("mtbf-required-hours", {"mtbf": target, "failures_max": 12, "confidence": c},
             {"hours": [float(target * stats.chi2.isf(1 - c, 2 * r + 2) / 2) for r in range(13)]})
    for _ in range(200):
        k = int(rng.integers(2, 60))
        hours = rng.uniform(2, 12, k)
        counts = rng.poisson(hours * rng.gamma(1.0, 0.2, k))
        c, side = level(), sided()
        total, events = hours.sum(), counts.sum()
        phi = 1.0
        if events:
            m = hours * events / total
            phi = max(1.0, float(((counts - m) ** 2 / m).sum() / (k - 1)))
        expected = ends(
            side, c, lambda a: 2 * total / phi / stats.chi2.isf(a, 2 * events / phi + 2),
            lambda a: 2 * total / phi / stats.chi2.ppf(a, 2 * events / phi) if events else math.inf)
        expected |= {"phi": phi, "estimate": float(total / events) if events else None}
        emit("mtbf-bound-overdispersed",
             {"failures": counts.tolist(), "hours": hours.tolist(), "confidence": c, "side": side}, expected, 1e-8)


def e_process():
    mpmath.mp.dps = 40
    for _ in range(150):
        target = mpmath.mpf(float(10 ** rng.uniform(-1, 3)))
        r = int(rng.choice([0, 1, 2, 5, 20, 200, 3000]))
        hours = mpmath.mpf(float(target) * float(10 ** rng.uniform(-1.5, 1.5)) * (r + 1))
        # The mixture itself, as integral: prior of shape 1/2 and rate 2a·target, cut at 1/target.
        a, b = mpmath.mpf("0.5"), target
        null = 1 / target
        ln = (a * mpmath.log(b) - (r + a) * mpmath.log(hours + b) + mpmath.loggamma(r + a) - mpmath.loggamma(a)
              + mpmath.log(mpmath.gammainc(r + a, 0, null * (hours + b), regularized=True))
              - mpmath.log(mpmath.gammainc(a, 0, null * b, regularized=True)) - r * mpmath.log(null) + null * hours)
        emit("mtbi-e-process", {"hours": float(hours), "events": r, "target": float(target)},
             {"ln_e_value": float(ln), "p_value": float(min(mpmath.mpf(1), mpmath.exp(-ln))),
              "rejects": bool(ln >= mpmath.log(20))}, 1e-8)


def plans():
    for _ in range(120):
        bad = float(10 ** rng.uniform(0, 3))
        ratio = float(rng.uniform(1.3, 5))
        alpha, beta = (float(x) for x in rng.uniform(0.02, 0.35, 2))
        r = 1
        while stats.gamma.isf(beta, r) > ratio * stats.gamma.ppf(alpha, r):
            r += 1
        t = stats.gamma.isf(beta, r)
        emit("duration-plan", {"good": bad * ratio, "bad": bad, "alpha": alpha, "beta": beta},
             {"reject_at": r, "duration": float(t * bad), "alpha": float(stats.poisson.sf(r - 1, t / ratio)), "beta": beta})
        if r <= 30:
            emit("reliability-sprt", {"good": bad * ratio, "bad": bad, "alpha": alpha, "beta": beta, "corrected": True},
                 sprt(ratio, alpha, beta, float(t), r, bad), 1e-7)
    for _ in range(100):
        ratio, duration, r = float(rng.uniform(1.2, 5)), float(rng.uniform(0.5, 80)), int(rng.integers(1, 60))
        emit("duration-plan-risks", {"good": ratio, "bad": 1.0, "duration": duration, "reject_at": r},
             {"alpha": float(stats.poisson.sf(r - 1, duration / ratio)), "beta": float(stats.poisson.cdf(r - 1, duration))})


def sprt(ratio, alpha, beta, end, stop, bad):
    """Exact risks by a matrix exponential between crossings: another way than carrying Poisson counts."""
    scale = 1 - 1 / ratio
    slope = math.log(ratio) / scale
    accept = -math.log(beta / (1 - alpha)) / scale
    reject = math.log((1 - beta) / alpha * (ratio + 1) / (2 * ratio)) / scale
    passed = [min(slope * k + accept, end) for k in range(stop)]
    failed = [min(max(slope * k - reject, 0.0), end) for k in range(stop)]
    times = sorted(set(passed + failed + [end]))

    def walk(rate):
        # States: counts 0 … stop-1, rejected, and the expected time as an extra coordinate.
        state = np.zeros(stop + 2)
        state[0] = 1
        now = 0.0
        for time in times:
            if time > now:
                limit = next((k for k in range(stop) if failed[k] >= time), stop)
                generator = np.zeros((stop + 2, stop + 2))
                for k in range(min(limit, stop)):
                    generator[k, k] = -rate
                    generator[k, k + 1 if k + 1 < limit else stop] += rate
                    generator[k, stop + 1] = 1
                from scipy.linalg import expm
                state = state @ expm(generator * (time - now))
                now = time
            for k in range(stop):
                if passed[k] <= now:
                    state[k] = 0
        return state[stop], state[stop + 1]

    at_good, good_time = walk(1 / ratio)
    at_bad, bad_time = walk(1.0)
    return {"alpha": float(at_good), "beta": float(1 - at_bad), "duration_good": float(good_time * bad),
            "duration_bad": float(bad_time * bad), "reject_at": stop, "duration_max": end * bad}


def time_factor(n, alpha, lower):
    """Crow's factor of a test that ended by time, with Bessel's function."""
    def tail(z):
        whole = mpmath.sqrt(z) * mpmath.besseli(1, 2 * mpmath.sqrt(z))
        part = mpmath.fsum(mpmath.exp(j * mpmath.log(z) - mpmath.loggamma(j + 1) - mpmath.loggamma(j)) for j in range(1, n + (1 if lower else 0)))
        return part / whole if lower else 1 - part / whole
    error = lambda u: float(mpmath.log(tail(mpmath.exp(u))) - mpmath.log(alpha))
    centre = 2 * math.log(n)
    return n * n / math.exp(optimize.brentq(error, centre - 12 / math.sqrt(n), centre + 12 / math.sqrt(n), xtol=1e-14))


def failure_factor(n, alpha, lower):
    def error(u):
        tail = special.gammaincc if lower else special.gammainc
        f = lambda v: math.exp(n * v - math.exp(v) - special.gammaln(n)) * tail(n - 1, math.exp(u - v))
        return math.log(integrate.quad(f, math.log(n) - 60 / math.sqrt(n) - 5, math.log(n) + 12 / math.sqrt(n), points=[math.log(n)], limit=500, epsabs=0, epsrel=1e-12)[0]) - math.log(alpha)
    centre = 2 * math.log(n)
    root = optimize.brentq(error, centre - 20 / math.sqrt(n), centre + 12 / math.sqrt(n), xtol=1e-14)
    return n * n / math.exp(root)


def growth():
    mpmath.mp.dps = 30
    for i in range(80):
        n = int(rng.choice([3, 4, 6, 10, 25, 60]))
        terminated = "failure" if i % 2 else "time"
        shape = float(rng.uniform(0.4, 1.8))
        times = np.sort(100 * rng.uniform(0, 1, n) ** (1 / shape))
        end = float(times[-1]) if terminated == "failure" else 100.0
        s = np.log(end / times).sum()
        beta = n / s
        c = float(rng.choice([0.6, 0.8, 0.9, 0.95, 0.99]))
        side = sided()
        factor = time_factor if terminated == "time" else failure_factor
        m = end / (n * beta)
        expected = ends(side, c, lambda a: float(m * factor(n, a, True)), lambda a: float(m * factor(n, a, False)))
        less = 1 if terminated == "time" else 2
        unbiased = (n - less) / s
        kept = times if terminated == "time" else times[:-1]
        k = len(kept)
        a = (1 - c) / (2 if side == "two" else 1)
        df = 2 * n if terminated == "time" else 2 * (n - 1)
        expected |= {
            "beta": beta, "lambda": n / end**beta, "mtbf": m, "beta_unbiased": unbiased,
            "beta_lower": beta * stats.chi2.ppf(a, df) / (2 * n), "beta_upper": beta * stats.chi2.isf(a, df) / (2 * n),
            "cramer_von_mises": stats.cramervonmises((kept / end) ** unbiased, "uniform").statistic,
            "cramer_von_mises_count": k,
        }
        given = {"times": rng.permutation(times).tolist(), "end": end, "terminated": terminated}
        emit("crow-amsaa", given | {"confidence": c, "side": side},
             {k: float(v) if isinstance(v, np.floating) else v for k, v in expected.items()}, 1e-8)
        u = (kept.mean() - end / 2) / (end * math.sqrt(1 / (12 * k)))
        chi2 = 2 * np.log(end / kept).sum()
        emit("laplace-trend", given, {
            "laplace": float(u), "laplace_growth_p": float(stats.norm.cdf(u)), "laplace_p": float(2 * stats.norm.sf(abs(u))),
            "chi2": float(chi2), "df": 2 * k, "chi2_growth_p": float(stats.chi2.sf(chi2, 2 * k)),
            "chi2_wear_p": float(stats.chi2.cdf(chi2, 2 * k))})
        line = stats.linregress(np.log(times), np.log(times / np.arange(1, n + 1)))
        total = math.exp(line.intercept + line.slope * math.log(end))
        emit("duane", given, {"alpha": float(line.slope), "scale": math.exp(line.intercept), "mtbf_cumulative": total,
                              "mtbf": total / (1 - line.slope) if line.slope < 1 else None}, 1e-8)


def published_packages():
    from lifelines import KaplanMeierFitter
    from reliability.Repairable_systems import MCF_nonparametric, reliability_growth

    for _ in range(40):
        n = int(rng.integers(3, 40))
        times = np.sort(1000 * rng.uniform(0.001, 1, n) ** 1.3)
        with contextlib.redirect_stdout(io.StringIO()):
            crow = reliability_growth(times=times.tolist(), model="Crow-AMSAA", show_plot=False, print_results=False)
        emit("crow-amsaa", {"times": times.tolist(), "terminated": "failure"},
             {"beta": float(crow.Beta), "lambda": float(crow.Lambda), "mtbf": float(crow.DMTBF_I)}, 1e-8)
    for _ in range(40):
        n = int(rng.integers(3, 80))
        times = np.round(rng.weibull(1.3, n) * 20, 1) + 0.1
        observed = rng.uniform(size=n) < 0.7
        c = float(rng.choice([0.8, 0.9, 0.95]))
        fitter = KaplanMeierFitter(alpha=1 - c).fit(times, observed)
        points = []
        for time in sorted(set(times[observed])):
            s = float(fitter.predict(time))
            low, high = (float(x) for x in fitter.confidence_interval_.loc[time])
            if not 0 < s < 1:
                low = high = None
            points.append({"time": float(time), "at_risk": int((times >= time).sum()), "events": int(((times == time) & observed).sum()),
                           "survival": s, "lower": low, "upper": high})
        median = float(fitter.median_survival_time_)
        # lifelines sums the survival curve in another order, so that a share of exactly one half may fall on either side.
        if all(abs(p["survival"] - 0.5) > 1e-9 for p in points):
            emit("kaplan-meier", {"times": times.tolist(), "observed": observed.tolist(), "confidence": c, "side": "two"},
                 {"points": points, "median": median if math.isfinite(median) else None}, 1e-8)
    for _ in range(60):
        n = int(rng.integers(6, 100))
        times = rng.weibull(rng.uniform(0.5, 4), n) * 50
        observed = rng.uniform(size=n) < 0.7
        if observed.sum() >= 3:
            emit("weibull", *weibull(times, observed))
    for _ in range(60):
        k = int(rng.integers(2, 15))
        systems = []
        for _ in range(k):
            end = float(rng.uniform(20, 60))
            systems.append({"events": sorted(float(x) for x in np.round(rng.uniform(0, end, rng.poisson(3)), 3)), "end": end})
        if any(s["events"] for s in systems):
            emit("mean-cumulative-function", {"systems": systems, "side": "two"}, mcf(systems), 1e-8)
            with contextlib.redirect_stdout(io.StringIO()):
                data = [s["events"] + [s["end"]] for s in systems]
                package = MCF_nonparametric(data=data, show_plot=False, print_results=False, plot_CI=False)
            last = max(e for s in systems for e in s["events"])
            ours = mcf(systems)[-1]
            assert math.isclose(max(float(x) for x in package.MCF), ours["mean"], rel_tol=1e-9), (package.MCF, ours, last)


def weibull(times, observed):
    n, d = len(times), observed
    minus = lambda p: -(d * (p[0] - p[1] + (math.exp(p[0]) - 1) * (np.log(times) - p[1]))).sum() + ((times / math.exp(p[1])) ** math.exp(p[0])).sum()
    score = lambda k: 1 / k + np.log(times[d]).mean() - (times**k * np.log(times)).sum() / (times**k).sum()
    k = optimize.brentq(score, 1e-3, 60, xtol=1e-14, rtol=1e-14)
    scale = ((times**k).sum() / d.sum()) ** (1 / k)
    p = np.array([math.log(k), math.log(scale)])
    mpmath.mp.dps = 30
    f = lambda a, b: mpmath.fsum((mpmath.mpf(float(t)) / mpmath.exp(b)) ** mpmath.exp(a) - (a - b + (mpmath.exp(a) - 1) * (mpmath.log(float(t)) - b) if o else 0) for t, o in zip(times, d))
    information = np.array([[float(mpmath.diff(f, (p[0], p[1]), o)) for o in row] for row in (((2, 0), (1, 1)), ((1, 1), (0, 2)))])
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    z = stats.norm.ppf(0.975)
    return ({"times": times.tolist(), "observed": observed.tolist(), "side": "two"},
            {"shape": k, "scale": float(scale), "ln_likelihood": float(-minus(p)),
             "shape_lower": float(k * math.exp(-z * se[0])), "shape_upper": float(k * math.exp(z * se[0])),
             "scale_lower": float(scale * math.exp(-z * se[1])), "scale_upper": float(scale * math.exp(z * se[1])),
             "events": int(d.sum())}, 1e-7)


def mcf(systems):
    """The definition, without any shortcut."""
    z = stats.norm.ppf(0.975)
    times = sorted({e for s in systems for e in s["events"]})
    points, mean, incremental = [], 0.0, 0.0
    influence = [0.0] * len(systems)
    for time in times:
        at_risk = [s["end"] >= time for s in systems]
        y = sum(at_risk)
        counts = [s["events"].count(time) for s in systems]
        total = sum(counts)
        mean += total / y
        incremental += total * (1 - 1 / y) / y**2
        for i, risk in enumerate(at_risk):
            if risk:
                influence[i] += (counts[i] - total / y) / y
        robust = sum(x * x for x in influence)
        # Where every robot has failed as often, nothing is left but rounding, and there is no interval.
        robust = robust if robust > 1e-12 * mean * mean else 0.0
        spread = math.exp(z * math.sqrt(robust) / mean) if robust else None
        points.append({"time": time, "at_risk": y, "events": total, "mean": mean, "variance_robust": robust,
                       "variance_incremental": incremental, "lower": spread and mean / spread, "upper": spread and mean * spread})
    return points


def repairs():
    for _ in range(200):
        up, down, r = float(10 ** rng.uniform(0, 4)), float(10 ** rng.uniform(-2, 1)), int(rng.integers(1, 200))
        c, side = level(), sided()
        expected = ends(side, c, lambda a: up / (up + stats.f.isf(a, 2 * r, 2 * r) * down),
                        lambda a: up / (up + stats.f.ppf(a, 2 * r, 2 * r) * down))
        expected["estimate"] = up / (up + down)
        emit("availability", {"mtbf": up, "mttr": down, "cycles": r, "confidence": c, "side": side}, expected)
        times = rng.lognormal(0.3, 0.8, int(rng.integers(3, 40)))
        y = np.log(times)
        n, m, v = len(y), y.mean(), y.var(ddof=1)
        half = lambda a: stats.t.isf(a, n - 1) * math.sqrt(v / n + v * v / (2 * (n - 1)))
        c = float(rng.choice([0.8, 0.9, 0.95]))
        expected = ends(side, c, lambda a: math.exp(m + v / 2 - half(a)), lambda a: math.exp(m + v / 2 + half(a)))
        expected |= {"mean": math.exp(m + v / 2), "median": math.exp(m)}
        median = ends(side, c, lambda a: math.exp(m - stats.t.isf(a, n - 1) * math.sqrt(v / n)),
                      lambda a: math.exp(m + stats.t.isf(a, n - 1) * math.sqrt(v / n)))
        expected |= {"median_lower": median["lower"], "median_upper": median["upper"]}
        emit("mttr-bound", {"times": times.tolist(), "confidence": c, "side": side}, expected, 1e-8)


mtbf()
e_process()
plans()
growth()
published_packages()
repairs()
