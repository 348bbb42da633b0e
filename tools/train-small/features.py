"""Means of the pretrained model's states over each answer's tokens, at several depths: what probe.py reads.

    python features.py DATA PRETRAINED OUT.npz [--depths 8,10,12] [--answers 6] [--padded 2]

Of every training instruction some answers, of the held-out ones those that choose, and padded copies (padding.py) of some of each
instruction's. A state is divided by the root of its mean square, as the next layer's norm does. OUT holds `means` [answers, depths, hidden],
the answers' `indices`, and the same of the copies: `padded_means`, and in `originals` the indices of what they are copies of.
"""

import paths  # noqa: F401, I001
import argparse
from pathlib import Path

import numpy as np
import torch
from answers import Answers, load_answers
from assemble import lower_layers
from backbone import EPSILON, RewardModel
from batches import cut
from numpy.typing import NDArray
from padding import padded
from scores import SEED, compute_parts, kept_for_choosing
from split import Split, split_instructions
from torch import Tensor
from torch.nn import functional as F

MOST_TOKENS = 1024
BEST_SHARE = 3 / 8  # of them that are of the best quarter: five sixths of all win rates are below 0.1, and say little about each other


def chosen(answers: Answers, split: Split, count: int) -> NDArray[np.int64]:
    """`count` answers of each training instruction, and the held-out ones that choose."""
    draw = np.random.default_rng([SEED, 5])
    best = max(1, round(count * BEST_SHARE))
    found = []
    for group in split.trained:
        ranked = group[np.argsort(-answers.win_rate[group], kind="stable")]
        quarter = len(ranked) // 4
        found += [draw.permutation(ranked[:quarter])[:best], draw.permutation(ranked[quarter:])[: count - best]]
    return np.concatenate([*found, kept_for_choosing(answers, split.held_out)])


def copies(answers: Answers, indices: NDArray[np.int64], count: int) -> dict[int, NDArray[np.int64]]:
    """Padded copies of `count` of the answers of each instruction, by the index of the original."""
    draw = np.random.default_rng([SEED, 6])
    own = answers.instruction[indices]
    originals = [index for each in np.unique(own) for index in draw.permutation(indices[own == each])[:count]]
    made = {int(index): padded(answers.tokens(index).astype(np.int64), draw) for index in originals}
    return {index: tokens for index, tokens in made.items() if tokens is not None and len(tokens) <= MOST_TOKENS}


def means_of(model: RewardModel, depths: list[int], ids: Tensor, last: Tensor) -> Tensor:
    """Of tokens [batch, tokens] that end at `last` [batch]; [batch, depths, hidden]."""
    cos, sin = model.angles(ids.shape[1])
    seen = (torch.arange(ids.shape[1]) <= last[:, None]).float()
    share = (seen / seen.sum(1, keepdim=True))[:, None]
    x = model.model.embed_tokens(ids).float()
    found = []
    for depth, layer in enumerate(model.model.layers[: max(depths)], start=1):
        x = layer(x, cos, sin)
        if depth in depths:
            found.append(torch.bmm(share, F.rms_norm(x, x.shape[-1:], eps=EPSILON))[:, 0])
    return torch.stack(found, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("pretrained", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--depths", default="8,10,12", help="layers below the means")
    parser.add_argument("--answers", type=int, default=6, help="of each training instruction")
    parser.add_argument("--padded", type=int, default=2, help="copies of each instruction's answers")
    arguments = parser.parse_args()
    depths = [int(each) for each in arguments.depths.split(",")]
    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.pretrained, arguments.pretrained / "train-tokens.npz")
    indices = chosen(answers, split_instructions(answers, SEED), arguments.answers)
    model = lower_layers(arguments.pretrained, max(depths))
    sequences = [cut(answers.tokens(index).astype(np.int64), MOST_TOKENS) for index in indices]
    worse = copies(answers, indices, arguments.padded)
    sequences += worse.values()
    means = np.zeros((len(sequences), len(depths), model.geometry.hidden), dtype=np.float32)
    compute_parts(sequences, lambda ids, last: means_of(model, depths, ids, last), means)
    own, of_copies = np.split(means, [len(indices)])
    np.savez(arguments.out, indices=indices, depths=depths, means=own, padded_means=of_copies, originals=list(worse))
    print(f"{arguments.out}: {len(indices)} answers and {len(worse)} padded copies at depths {arguments.depths}")


if __name__ == "__main__":
    main()
