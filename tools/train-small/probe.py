"""A linear probe of a frozen model's mean states, by scaled Bradley-Terry: assemble.py writes it as a Llama layer and INF-ORM's head.

    python probe.py DATA FEATURES.npz OUT.pt [--depth 12]

fits it on the training instructions that are not held out, and says by cross-validation over all training instructions how accurate
probes of each depth and strength are: on clear pairs, on those of the same length, and on answers and their padded copies.
"""

import paths  # noqa: F401, I001
import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from answers import Answers, read_rows
from baselines import without_tokens
from loss import scaled_bradley_terry
from numpy.typing import NDArray
from pairs import accuracy, clear_pairs, same_length
from scores import SEED
from split import split_instructions
from torch import Tensor
from torch.nn import functional as F

FOLDS = 5
LIKE_LENGTHS = 3.0  # what a pair of answers of the same length weighs more than one of unlike lengths
LENGTH_SPREAD = 0.2  # of the logarithm
STRENGTHS = (0.8, 3.0, 6.0, 12.0)  # of the ridge
STRENGTH = 6.0
PADDED_LOSS = 0.03


@dataclass(frozen=True)
class Probe:
    """score = weights @ ((mean state - centre) / spread)"""

    weights: Tensor  # [hidden]
    centre: Tensor  # [hidden]
    spread: Tensor  # [hidden], the standard deviation of each feature

    def scores(self, means: Tensor) -> NDArray[np.float64]:
        return (((means - self.centre) / self.spread) @ self.weights).double().numpy()


def length_weights(characters: NDArray[np.int64]) -> Tensor:
    """Of pairs of answers with these lengths [instructions, answers]; [instructions, answers, answers]."""
    lengths = torch.from_numpy(characters).float().clamp(min=1).log()
    apart = (lengths[:, :, None] - lengths[:, None, :]) / LENGTH_SPREAD
    return 1 + LIKE_LENGTHS * torch.exp(-apart.square())


@dataclass(frozen=True)
class Rows:
    """What a probe is fitted to."""

    means: Tensor  # [instructions, answers, hidden]
    win_rates: Tensor  # [instructions, answers]
    weights: Tensor  # of pairs, [instructions, answers, answers]
    padding: Tensor  # means of padded copies less those of their originals, [copies, hidden]

    def probe(self, strength: float) -> Probe:
        """By L-BFGS on the loss and a ridge."""
        every = self.means.flatten(0, 1)
        centre, spread = every.mean(0), every.std(0) + 1e-6
        features, padding = (self.means - centre) / spread, self.padding / spread
        weights = torch.zeros(features.shape[-1], requires_grad=True)
        optimizer = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = scaled_bradley_terry(features @ weights, self.win_rates, self.weights)
            loss = loss + PADDED_LOSS * F.softplus(padding @ weights).mean() + strength / 2 * weights.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        return Probe(weights.detach(), centre, spread)


class Features:
    """What features.py wrote, of one depth."""

    def __init__(self, answers: Answers, found: dict[str, NDArray], depth: int):
        place = list(found["depths"]).index(depth)
        self.indices, self.originals = found["indices"], found["originals"]
        self.means = torch.from_numpy(found["means"][:, place])
        self.padded = torch.from_numpy(found["padded_means"][:, place])
        self.answers = answers
        self.instruction = answers.instruction[self.indices]
        self.places = {index: place for place, index in enumerate(self.indices)}
        pairs = clear_pairs(answers)
        self.pairs = pairs.where(np.isin(pairs.chosen, self.indices) & np.isin(pairs.rejected, self.indices))
        self.alike = same_length(answers, self.pairs)

    def padding(self, instructions: NDArray[np.int64]) -> Tensor:
        copied = np.flatnonzero(np.isin(self.answers.instruction[self.originals], instructions))
        return self.padded[copied] - self.means[[self.places[index] for index in self.originals[copied]]]

    def rows(self, instructions: NDArray[np.int64]) -> Rows:
        """As many answers of each of these instructions as the one with the fewest has."""
        draw = np.random.default_rng(SEED)
        groups = [draw.permutation(np.flatnonzero(self.instruction == each)) for each in instructions]
        fewest = min(len(np.flatnonzero(self.instruction == each)) for each in np.unique(self.instruction))
        places = np.stack([group[:fewest] for group in groups])
        own = self.indices[places]
        win_rates = torch.from_numpy(self.answers.win_rate[own]).float()
        return Rows(self.means[places], win_rates, length_weights(self.answers.characters[own]), self.padding(instructions))

    def cross_validated(self, strength: float) -> tuple[float, float, float]:
        """Accuracy on clear pairs, on those of the same length, and the share of padded copies below their originals."""
        every = np.unique(self.instruction)
        folds = np.random.default_rng(SEED).permutation(len(every)) % FOLDS
        scores, below = np.zeros(len(self.answers.win_rate)), []
        for fold in range(FOLDS):
            probe, judged = self.rows(every[folds != fold]).probe(strength), every[folds == fold]
            places = np.flatnonzero(np.isin(self.instruction, judged))
            scores[self.indices[places]] = probe.scores(self.means[places])
            below.append((self.padding(judged) / probe.spread) @ probe.weights < 0)
        return accuracy(scores, self.pairs), accuracy(scores, self.alike), torch.cat(below).double().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--depth", type=int, default=12)
    arguments = parser.parse_args()
    found = dict(np.load(arguments.features))
    answers = without_tokens(read_rows(arguments.data / "train.jsonl.gz"))
    for depth in found["depths"]:
        features = Features(answers, found, depth)
        for strength in STRENGTHS:
            print(depth, strength, *(f"{each:.3f}" for each in features.cross_validated(strength)), flush=True)
    features = Features(answers, found, arguments.depth)
    held_out = split_instructions(answers, SEED).held_out
    trained = np.setdiff1d(np.unique(features.instruction), held_out)
    torch.save(asdict(features.rows(trained).probe(STRENGTH)), arguments.out)


if __name__ == "__main__":
    main()
