"""Money: JSON Lines of method, input, expected, rel. Independent of the crate: numpy-financial and the flows written out."""

import json
import math

import numpy as np
import numpy_financial as npf
from scipy import optimize

rng = np.random.default_rng(20260302)


def emit(method, given, expected, rel=1e-9):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel}))


def flows():
    for _ in range(300):
        years, rate = int(rng.integers(1, 40)), float(rng.uniform(0.001, 0.6))
        emit("capital-recovery", {"rate": rate, "years": years}, {
            "capital_recovery": float(-npf.pmt(rate, years, 1.0)), "sinking_fund": float(-npf.pmt(rate, years, 0.0, 1.0))})
        n = int(rng.integers(2, 15))
        flow = rng.uniform(-50, 200, n)
        flow[0] = -float(rng.uniform(50, 500))
        if rng.uniform() < 0.6:
            flow[1:] = abs(flow[1:])
        emit("npv", {"flows": flow.tolist(), "rate": rate}, {"npv": math.fsum(f / (1 + rate) ** t for t, f in enumerate(flow))}, 1e-7)
        changes = int((np.diff(np.sign(flow)) != 0).sum())
        if changes == 0:
            continue
        value = lambda r: math.fsum(f / (1 + r) ** t for t, f in enumerate(flow))
        irr = None
        if changes == 1:
            if value(-0.98) * value(9.9) > 0:
                continue
            irr = optimize.brentq(value, -0.98, 9.9, xtol=1e-14)
            if abs(irr) > 0.02:
                assert math.isclose(irr, npf.irr(flow), rel_tol=1e-6), (irr, npf.irr(flow))
        finance, reinvest = (float(x) for x in rng.uniform(0.01, 0.3, 2))
        emit("irr", {"flows": flow.tolist(), "finance_rate": finance, "reinvest_rate": reinvest},
             {"irr": irr, "mirr": float(npf.mirr(flow, finance, reinvest)), "sign_changes": changes}, 1e-8)
    for _ in range(100):
        investment, benefit, rate = float(rng.uniform(1e3, 1e6)), float(rng.uniform(-1e3, 3e5)), float(rng.uniform(0.01, 0.4))
        simple = investment / benefit if benefit > 0 else None
        late = float(npf.nper(rate, benefit, -investment)) if simple and rate * simple < 1 else None
        emit("payback", {"investment": investment, "benefit": benefit, "rate": rate},
             {"payback_years": simple, "discounted_payback_years": late})


def station():
    u = rng.uniform
    figure = lambda v: {str(rng.choice(["measured", "assumed"])): float(v)}
    return {
        "investment": {"robot": u(2e4, 3e5), "integration": u(0, 1e5), "salvage": u(0, 2e4), "years": int(rng.integers(2, 12)), "rate": u(0.01, 0.2)},
        "running": {k: u(0, 9e3) for k in ("maintenance", "software", "energy", "floor", "insurance", "damage", "fee")}
        | {"fee_per_unit": u(0, 0.1), "scrap_per_unit": u(0, 3)},
        "robot": {"hours": u(2e3, 8e3), "scheduled": u(0.5, 1), "units_per_hour": u(10, 90), "availability": figure(u(0.6, 1)),
                  "performance": figure(u(0.6, 1.1)), "good": figure(u(0.9, 1)), "mtbi_h": figure(u(0.3, 100)),
                  "intervention_min": figure(u(0.5, 20)), "supervision": figure(u(0, 0.5)), "other_h": figure(u(0, 200))},
        "human": {"units_per_hour": u(10, 60), "utilisation": u(0.6, 1), "good": u(0.9, 1), "hours": u(1500, 1900)},
        "wage": u(10, 60),
    }


def cost(s, wage=None, mtbi=None, scheduled=None):
    """Yearly flows written out; cost of a good unit by both."""
    one = lambda f: next(iter(f.values()))
    r, h, v, run = s["robot"], s["human"], s["investment"], s["running"]
    wage = s["wage"] if wage is None else wage
    mtbi = one(r["mtbi_h"]) if mtbi is None else mtbi
    scheduled_h = r["hours"] * (r["scheduled"] if scheduled is None else scheduled)
    operating_h = scheduled_h * one(r["availability"])
    units = operating_h * r["units_per_hour"] * one(r["performance"])
    good = units * one(r["good"])
    people = scheduled_h * one(r["supervision"]) + operating_h / mtbi * one(r["intervention_min"]) / 60 + one(r["other_h"])
    yearly = sum(run[k] for k in ("maintenance", "software", "energy", "floor", "insurance", "damage", "fee"))
    yearly += people * wage + (units - good) * run["scrap_per_unit"] + good * run["fee_per_unit"]
    human = (wage / (h["units_per_hour"] * h["utilisation"]) + (1 - h["good"]) * run["scrap_per_unit"]) / h["good"]
    paid = v["robot"] + v["integration"]
    capital = float(-npf.pmt(v["rate"], v["years"], paid, -v["salvage"]))
    return dict(good=good, people=people, yearly=yearly, robot=(capital + yearly) / good, human=human, paid=paid, capital=capital)


def units():
    for _ in range(300):
        s = station()
        c = cost(s)
        v = s["investment"]
        benefit = c["good"] * c["human"] - c["yearly"]
        flow = [-c["paid"]] + [benefit] * v["years"]
        flow[-1] += v["salvage"]
        worth = lambda r: math.fsum(f / (1 + r) ** t for t, f in enumerate(flow))
        expected = {
            "good_units": c["good"], "human_minutes_per_unit": 60 * c["people"] / c["good"], "operating": c["yearly"],
            "capital": c["capital"], "cost_robot": c["robot"], "cost_human": c["human"], "benefit": benefit, "npv": worth(v["rate"]),
            "human_equivalents": c["good"] / (s["human"]["units_per_hour"] * s["human"]["utilisation"] * s["human"]["good"] * s["human"]["hours"]),
            "payback_years": c["paid"] / benefit if benefit > 0 else None,
            "assumed": [k for k in ("availability", "performance", "good", "mtbi_h", "intervention_min", "supervision", "other_h") if "assumed" in s["robot"][k]],
        }
        if benefit > 0 and worth(-0.98) > 0 > worth(9.9):
            expected["irr"] = optimize.brentq(worth, -0.98, 9.9, xtol=1e-14)
        # Breakevens by search, not by algebra.
        gap = lambda **k: (lambda c: c["robot"] - c["human"])(cost(s, **k))
        if gap(wage=1e-6) > 0 > gap(wage=1e5):
            expected["breakeven_wage"] = optimize.brentq(lambda w: gap(wage=w), 1e-6, 1e5, xtol=1e-12)
        if gap(mtbi=1e-4) > 0 > gap(mtbi=1e7):
            expected["breakeven_mtbi_h"] = math.exp(optimize.brentq(lambda u: gap(mtbi=math.exp(u)), math.log(1e-4), math.log(1e7), xtol=1e-14))
        if gap(scheduled=1e-6) > 0 > gap(scheduled=1e3):
            expected["breakeven_scheduled"] = optimize.brentq(lambda x: gap(scheduled=x), 1e-6, 1e3, xtol=1e-14)
        emit("unit-cost", s, expected, 1e-7)


class Random:
    """xoshiro256++ seeded by SplitMix64, as the method's description says, written again."""

    M = (1 << 64) - 1

    def __init__(self, seed):
        self.s = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & self.M
            z = seed
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & self.M
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & self.M
            self.s.append(z ^ (z >> 31))

    @classmethod
    def part(cls, seed, part):
        return cls(cls(seed).whole() ^ ((part * 0xD1342543DE82EF95) & cls.M))

    def whole(self):
        s, m = self.s, self.M
        rotate = lambda x, k: ((x << k) | (x >> (64 - k))) & m
        result = (rotate((s[0] + s[3]) & m, 23) + s[0]) & m
        t = (s[1] << 17) & m
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)
        return result

    def uniform(self):
        return (self.whole() >> 11) / 2**53

    def below(self, bound):
        least = ((1 << 64) - bound) % bound
        while True:
            product = self.whole() * bound
            if product & self.M >= least:
                return product >> 64


def triangular(assumption, random):
    if not isinstance(assumption, dict):
        return assumption
    low, mode, high = assumption["low"], assumption["mode"], assumption["high"]
    u = random.uniform()
    if u < (mode - low) / (high - low):
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1 - u) * (high - low) * (high - mode))


def distributions():
    """The whole resampling once more, draw by draw."""
    from scipy import stats

    for _ in range(12):
        shift = lambda minutes: (lambda p: {"good": float(round(p * rng.uniform(0.9, 1))), "produced": float(p), "scheduled_s": 28800.0, "human_min": minutes})(int(rng.integers(150, 320)))
        robot = [shift(float(rng.integers(10, 90))) for _ in range(int(rng.integers(5, 25)))]
        human = [shift(0.0) for _ in range(int(rng.integers(5, 15)))]
        tri = lambda low, high: {"low": low, "mode": float(rng.uniform(low, high)), "high": high}
        assumed = {"wage": tri(25.0, 40.0), "investment": tri(1e5, 2e5), "salvage": 12000.0, "running": tri(2e4, 4e4),
                   "scrap_per_unit": tri(0.5, 3.0), "hours": 3400.0, "rate": tri(0.05, 0.15), "years": [3, 5, 7]}
        seed, replicates = int(rng.integers(0, 2**53)), 300
        rows = []
        for i in range(replicates):
            random = Random.part(seed, i)
            sums = []
            for shifts in (robot, human):
                drawn = [shifts[random.below(len(shifts))] for _ in shifts]
                sums.append({k: sum(d[k] for d in drawn) for k in drawn[0]})
            r, h = sums
            a = {k: triangular(assumed[k], random) for k in ("wage", "investment", "salvage", "running", "scrap_per_unit", "hours", "rate")}
            years = assumed["years"][random.below(3)]
            hours = r["scheduled_s"] / 3600
            units = a["hours"] * r["good"] / hours
            yearly = a["running"] + a["hours"] / hours * (r["human_min"] / 60 * a["wage"] + (r["produced"] - r["good"]) * a["scrap_per_unit"])
            unit_human = (h["scheduled_s"] / 3600 * a["wage"] + (h["produced"] - h["good"]) * a["scrap_per_unit"]) / h["good"]
            capital = -npf.pmt(a["rate"], years, a["investment"], -a["salvage"])
            flow = [-a["investment"]] + [units * unit_human - yearly] * years
            flow[-1] += a["salvage"]
            npv = math.fsum(f / (1 + a["rate"]) ** t for t, f in enumerate(flow))
            rows.append(((capital + yearly) / units, unit_human, npv, r["good"] / hours, r["human_min"] / r["good"],
                         r["good"] / r["produced"], h["good"] / h["scheduled_s"], h["good"] / h["produced"], a["wage"],
                         a["investment"], a["running"], a["scrap_per_unit"], a["rate"], years))
        rows = np.array(rows)
        spread = lambda x: {"mean": float(x.mean())} | {f"q{q:02d}": float(np.quantile(x, q / 100)) for q in (5, 10, 20, 50, 80, 90, 95)}
        names = ["good_per_hour", "human_minutes_per_unit", "good_share", "human_good_per_hour", "human_good_share", "wage",
                 "investment", "running", "scrap_per_unit", "rate", "years"]
        ranks = [{"input": name, "measured": k < 5, "rank_correlation": float(stats.spearmanr(rows[:, 2], rows[:, 3 + k])[0])}
                 for k, name in enumerate(names)]
        ranks.sort(key=lambda rank: -abs(rank["rank_correlation"]))
        ranks += [{"input": name, "measured": False, "rank_correlation": None} for name in ("salvage", "hours")]
        emit("cost-distribution", {"robot": robot, "human": human, "assumed": assumed, "replicates": replicates, "seed": seed},
             {"cost_robot": spread(rows[:, 0]), "cost_human": spread(rows[:, 1]), "saving_per_unit": spread(rows[:, 1] - rows[:, 0]),
              "npv": spread(rows[:, 2]), "npv_positive": float((rows[:, 2] > 0).mean()), "influences": ranks}, 1e-7)


flows()
units()
distributions()
