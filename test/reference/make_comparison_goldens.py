"""What SciPy and NumPy say of two lists of scores: `make_comparison_goldens.py OUT.json`. The seed is fixed.

Each case has a, b and what test/unit/compare checks: correlations by scipy.stats; all else by plain loops over rows and pairs.
Half the lists have few distinct values, so that ties are everywhere.
"""

import json
import sys

import numpy as np
import scipy
from scipy import stats

SEED = 20261128
ENDS = [0.1, 0.25, 0.5, 1, 2, np.inf]
SHARES = [0.01, 0.05, 0.1, 0.2, 0.5]


def agreement(a, b):
    deviation = a.std(ddof=1)
    pairs, agreeing = np.zeros(len(ENDS)), np.zeros(len(ENDS))
    for i in range(len(a)):
        for j in range(i):
            if a[i] == a[j]:
                continue
            at = next(k for k, end in enumerate(ENDS) if abs(a[i] - a[j]) < end * deviation)
            pairs[at] += 1
            agreeing[at] += 0.5 if b[i] == b[j] else float((a[i] > a[j]) == (b[i] > b[j]))
    return [[int(n), x / n if n else None] for n, x in zip(pairs, agreeing)]


def best(scores, rows):
    return set(sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:rows])


def case(rng, rows, digits):
    a = np.round(rng.normal(1, 3, rows), digits)
    b = np.round(0.9 * a + rng.normal(0.1, 0.7, rows), digits)
    difference = b - a
    threshold = float(np.quantile(a, 0.8, method="nearest"))
    tops = [max(1, int(np.floor(share * rows + 0.5))) for share in SHARES]
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "mean": float(np.abs(difference).mean()),
        "bias": float(difference.mean()),
        "largest": float(np.abs(difference).max()),
        "percentile99": float(np.quantile(np.abs(difference), 0.99)),
        "pearson": float(stats.pearsonr(a, b).statistic),
        "spearman": float(stats.spearmanr(a, b).statistic),
        "kendall": float(stats.kendalltau(a, b, variant="b").statistic),
        "pairs": agreement(a, b),
        "top": [len(best(a, n) & best(b, n)) / n for n in tops],
        "threshold": threshold,
        "dropped": int(((a >= threshold) & (b < threshold)).sum()),
        "added": int(((a < threshold) & (b >= threshold)).sum()),
    }


def interval(rng):
    """A percentile bootstrap of scipy's, to compare an interval of ours with: both are random, so roughly."""
    a = rng.normal(0, 1, 400)
    b = a + rng.normal(0, 0.5, 400)
    found = stats.bootstrap(
        (a, b), lambda x, y: stats.spearmanr(x, y).statistic, paired=True, vectorized=False, n_resamples=4000,
        method="percentile", rng=rng,
    ).confidence_interval  # fmt: skip
    return {"a": a.tolist(), "b": b.tolist(), "low": float(found.low), "high": float(found.high)}


def main():
    rng = np.random.default_rng(SEED)
    cases = [case(rng, rows, digits) for rows in (2, 7, 40, 200) for digits in (0, 6)]
    made = {"scipy": scipy.__version__, "numpy": np.__version__}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"made": made, "cases": cases, "interval": interval(rng)}, file)
        file.write("\n")


main()
