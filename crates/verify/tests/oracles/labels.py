"""Random cases of corrected labels and of many comparisons, by statsmodels and by brute force."""

import itertools
import json
import random

import numpy as np
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests

rng = random.Random(20261123)


def case(method, given, expected, rel=1e-9, absolute=1e-13):
    print(json.dumps({"method": method, "input": given, "expected": expected, "rel": rel, "abs": absolute}))


for _ in range(100):
    size = rng.randint(2, 5)
    table = [[rng.randint(0, 40) + (60 if i == j else 0) for j in range(size)] for i in range(size)]
    found = cohens_kappa(np.array(table))
    case("cohen-kappa", {"table": table}, {"kappa": found.kappa, "standard_error": found.std_kappa}, 1e-8, 1e-11)

for _ in range(100):
    units, audited = rng.randint(2, 5000), [rng.randint(0, 300), rng.randint(0, 9), rng.randint(0, 9), rng.randint(0, 30)]
    good = rng.randint(0, units)
    names = ["both_good", "false_good", "false_failed", "both_failed"]
    given = {"labelled_good": good, "units": units, "audit": dict(zip(names, audited)), "confidence": 0.9}
    if sum(audited) < 2:
        case("prediction-powered", given, None)
        continue
    label = np.repeat([1, 0], [good, units - good])
    difference = np.repeat([0, -1, 1, 0], audited)
    error = np.sqrt(label.var(ddof=1) / units + difference.var(ddof=1) / len(difference))
    estimate = label.mean() + difference.mean()
    case("prediction-powered", given, {"estimate": estimate, "standard_error": error, "lower": estimate - stats.norm.ppf(0.9) * error},
         1e-9, 1e-12)

for _ in range(100):
    trials = rng.randint(1, 5000)
    labelled, se, sp = rng.randint(0, trials), rng.uniform(0.6, 1.0), rng.uniform(0.6, 1.0)
    uncut = (labelled / trials + sp - 1) / (se + sp - 1)
    case("rogan-gladen", {"labelled": labelled, "trials": trials, "sensitivity": se, "specificity": sp},
         {"estimate": min(1.0, max(0.0, uncut)), "uncut": uncut}, 1e-9, 1e-12)
    inspected = rng.randint(1, 2000)
    false = rng.randint(0, min(inspected, 20))
    upper = 1.0 if false == inspected else stats.beta.isf(0.05, false + 1, inspected - false)
    case("false-success", {"inspected": inspected, "false_successes": false}, {"estimate": false / inspected, "upper": upper})
    first, second = rng.randint(1, 1000), rng.randint(1, 1000)
    matched = rng.randint(0, min(first, second))
    product = (first + 1) * (second + 1)
    variance = product * (first - matched) * (second - matched) / ((matched + 1) ** 2 * (matched + 2))
    case("chapman", {"first": first, "second": second, "matched": matched},
         {"estimate": product / (matched + 1) - 1, "standard_error": variance**0.5})
    p = [rng.choice([rng.random(), rng.random() / 50, 0.03]) for _ in range(rng.randint(1, 12))]
    rejected, adjusted, _, _ = multipletests(p, 0.05, "holm")
    case("holm", {"p": p}, {"adjusted": list(adjusted), "rejected": [bool(r) for r in rejected]})

for _ in range(150):
    count = rng.randint(1, 8)
    pairs = [pair for pair in itertools.combinations(range(count), 2) if rng.random() < rng.choice([0.2, 0.5, 0.8])]
    different = {frozenset(pair) for pair in pairs}
    # A letter is a largest set of policies of which no two differ.
    alike = [set(group) for size in range(1, count + 1) for group in itertools.combinations(range(count), size)
             if not any(frozenset(pair) in different for pair in itertools.combinations(group, 2))]
    largest = sorted((sorted(group) for group in alike if not any(group < other for other in alike)),
                     key=lambda group: [policy not in group for policy in range(count)])
    letters = ["".join("abcdefghijklmnopqrstuvwxyz"[i] for i, group in enumerate(largest) if policy in group) for policy in range(count)]
    rng.shuffle(pairs)
    case("compact-letters", {"count": count, "different": pairs}, {"letters": letters})
