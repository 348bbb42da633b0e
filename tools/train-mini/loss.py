"""INF-ORM's scaled Bradley-Terry loss, over all pairs of answers to one instruction."""

from torch import Tensor
from torch.nn import functional as F

MIN_GAP = 0.02  # below it the judge's order is noise
MAGNITUDES = ((1 / 3, 1.0), (2 / 3, 3.0), (1.0, 10.0))  # the model card's 1, 2, 3, mapped to 1, 3, 10


def magnitude(gap: Tensor) -> Tensor:
    """d of pairs with win-rate gaps `gap`: 1, 3 or 10, and 0 for a gap of less than MIN_GAP."""
    out = gap.new_zeros(gap.shape)
    lower = MIN_GAP
    for upper, d in MAGNITUDES:
        out = out.where((gap < lower) | (gap > upper), gap.new_tensor(d))
        lower = upper
    return out


def scaled_bradley_terry(rewards: Tensor, win_rates: Tensor, weights: Tensor | None = None) -> Tensor:
    """
    The sum of d * -log sigmoid(r_chosen - r_rejected) over pairs, divided by the sum of d (that is its alpha).

    rewards and win_rates are [instructions, answers]; pairs are formed within a row. `weights` [instructions, answers, answers]
    multiply d.
    """
    d = magnitude(win_rates[:, :, None] - win_rates[:, None, :])
    if weights is not None:
        d = d * weights
    margin = rewards[:, :, None] - rewards[:, None, :]
    return (d * F.softplus(-margin)).sum() / d.sum().clamp(min=1)
