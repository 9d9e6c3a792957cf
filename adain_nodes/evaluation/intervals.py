"""How sure a mean over pairs is, when the pairs share their pictures."""

from __future__ import annotations

import numpy as np

CONFIDENCE = 0.95

RESAMPLES = 2000
"""With so many, the ends of an interval are steady to about two hundredths of its length."""


def two_way_interval(
    values: np.ndarray, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """Where the means of figures would lie for other pictures of the same kinds: 2×F, lower and upper ends.

    ``values`` are S×C×F: F figures of S styles on C contents, NaN where a pair was not measured. Pairs are not
    independent: a style that is hard is hard on every content. To resample them one by one would make S·C
    observations of S + C, and intervals that are much too short. So styles and contents are resampled each
    by themselves, with replacement, and a pair counts as often as its style times its content: the pigeonhole
    bootstrap (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2)), whose variance is never much
    too small, and too large where pairs differ by more than their pictures do. The ends are percentiles.

    A side with one picture cannot be resampled, and the interval speaks of the other side alone; NaN where both are.
    Few pictures make it somewhat short: it knows of no others. The same seed draws the same pictures again, so that
    methods are compared on the same draws.
    """
    styles, contents, figures = values.shape
    if styles == contents == 1 or np.isnan(values).all():
        return np.full((2, figures), np.nan)
    generator = np.random.default_rng(seed)
    style_counts, content_counts = (
        generator.multinomial(number, np.full(number, 1 / number), resamples).astype(float)
        for number in (styles, contents)
    )
    measured = ~np.isnan(values)
    sums, weights = (
        np.einsum("rs,rc,scf->rf", style_counts, content_counts, each, optimize=True)
        for each in (np.where(measured, values, 0), measured.astype(float))
    )
    drawn = weights > 0
    means = np.divide(sums, weights, out=np.full_like(sums, np.nan), where=drawn)  # a draw may miss all that is there
    outside = 50 * (1 - confidence)
    return np.nanpercentile(means, (outside, 100 - outside), axis=0)
