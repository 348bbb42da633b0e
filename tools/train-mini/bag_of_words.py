"""The stronger baseline: a logistic model of pairs on the differences of their bags of words and lengths.

Its features of an answer are log(1 + count) of each word and punctuation mark that enough training answers hold, and
log(1 + characters). It is fitted on the pairs of the training instructions by L-BFGS, every instruction with the same
weight.
"""

import re
from collections import Counter

import numpy as np
import torch
from answers import Answers
from numpy.typing import NDArray
from pairs import Pairs

WORD = re.compile(r"\w+|[^\w\s]|\n")
MIN_ANSWERS = 20
STEPS = 60


class BagOfWords:
    def __init__(self, training_texts: list[str]):
        holds = Counter(word for text in training_texts for word in set(words(text)))
        common = sorted(word for word, count in holds.items() if count >= MIN_ANSWERS)
        self.column = {word: index for index, word in enumerate(common)}

    def features(self, texts: list[str]) -> torch.Tensor:
        """Sparse, [texts, words + 1]."""
        rows, columns, values = [], [], []
        for row, text in enumerate(texts):
            for word, count in Counter(words(text)).items():
                if word in self.column:
                    rows.append(row)
                    columns.append(self.column[word])
                    values.append(np.log1p(count))
            rows.append(row)
            columns.append(len(self.column))
            values.append(np.log1p(len(text)))
        at = torch.tensor(np.array([rows, columns]))
        size = (len(texts), len(self.column) + 1)
        return torch.sparse_coo_tensor(at, torch.tensor(np.array(values), dtype=torch.float32), size).to_sparse_csr()


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def transposed(features: torch.Tensor) -> torch.Tensor:
    return features.to_sparse_coo().t().coalesce().to_sparse_csr()


def fit(features: torch.Tensor, flipped: torch.Tensor, pairs: Pairs, penalty: float, start: torch.Tensor) -> torch.Tensor:
    """Weights, [features, 1], that minimise the mean pair loss plus penalty * |weights|^2. `flipped`: features transposed."""
    chosen, rejected = torch.from_numpy(pairs.chosen), torch.from_numpy(pairs.rejected)
    counts = np.bincount(pairs.instruction)
    weight = torch.from_numpy(1 / counts[pairs.instruction]).float()
    weight /= weight.sum()
    weights = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([weights], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        # The gradient by hand: torch's own of a sparse product wants the transpose at every step.
        with torch.no_grad():
            scores = (features @ weights)[:, 0]
            margin = scores[chosen] - scores[rejected]
            slope = -weight * torch.sigmoid(-margin)
            by_answer = torch.zeros_like(scores).index_add(0, chosen, slope).index_add(0, rejected, -slope)
            weights.grad = flipped @ by_answer[:, None] + 2 * penalty * weights
            return (weight * torch.nn.functional.softplus(-margin)).sum() + penalty * weights.square().sum()

    optimizer.step(closure)
    return weights.detach()


def scores(features: torch.Tensor, weights: torch.Tensor) -> NDArray[np.float32]:
    return (features @ weights)[:, 0].numpy()
