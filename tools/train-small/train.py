"""Trains the small reward model. README.md in this folder has the commands.

Every SAVE steps `state.pt` is written, and the same command goes on from there; every evaluation writes a checkpoint. Nothing depends on the clock, so that the
process can be stopped and continued.
"""

import paths  # noqa: F401, I001
import argparse
import itertools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from answers import Answers, load_answers
from batches import cut
from groups import epoch
from loss import scaled_bradley_terry
from masters import Masters
from numpy.typing import NDArray
from pairs import accuracy, clear_pairs, same_length
from scores import Parts, Workers, kept_for_choosing, rewards
from split import split_instructions
from spoiled import Spoiler
from start import new_model
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoTokenizer

INSTRUCTIONS = 4  # in one step
MAX_TOKENS = 384  # a longer answer keeps its start and its last token, the one that is scored
BACKBONE_RATE = 8e-5
NEW_RATE = 1e-3
WEIGHT_DECAY = 0.05
WARM_UP = 25  # steps
COOL_DOWN = 130  # steps: a run that has to end sooner is stopped, and goes on from its last checkpoint with fewer --steps
GENERATOR_LOSS = 0.2
SPOILED_LOSS = 0.2
LIKE_LENGTHS = 3.0  # what a pair of answers of the same length weighs more than one of unlike lengths
LENGTH_SPREAD = 0.2  # of the logarithm
GRADIENT_NORM = 1.0
SAVE = 20  # steps


class Training:
    def __init__(self, answers: Answers, arguments: argparse.Namespace):
        self.answers, self.arguments, self.out = answers, arguments, arguments.out
        self.split = split_instructions(answers, arguments.seed)
        self.model = new_model(arguments.pretrained, arguments.layers, arguments.seed)
        self.naming = nn.Linear(self.model.geometry.hidden, len(answers.generators))
        self.spoiler = Spoiler(AutoTokenizer.from_pretrained(arguments.pretrained))
        self.masters = Masters(self.parameter_groups())
        self.workers = Workers()
        self.step, self.seconds, self.history = 0, 0.0, []
        self.judged = kept_for_choosing(answers, self.split.held_out, arguments.seed)
        pairs = clear_pairs(answers, self.split.held_out)
        self.pairs = pairs.where(np.isin(pairs.chosen, self.judged) & np.isin(pairs.rejected, self.judged))

    def parameter_groups(self) -> list[dict]:
        layers = self.model.model.layers
        for part in (self.model.model.embed_tokens, *layers[: self.arguments.frozen]):
            part.requires_grad_(False)
        backbone = [p for layer in layers[self.arguments.frozen : -1] for p in layer.parameters()]
        new = [*layers[-1].parameters(), *self.model.model.norm.parameters(), *self.model.score.parameters(), *self.naming.parameters()]
        kinds = ((backbone, BACKBONE_RATE, 0.0), (new, NEW_RATE, WEIGHT_DECAY))
        return [
            {"params": [p for p in some if (p.dim() == 2) == matrices], "lr": rate, "weight_decay": decay if matrices else 0.0}
            for some, rate, decay in kinds
            for matrices in (True, False)
        ]

    def rate(self) -> float:
        """Of the learning rates: rises over WARM_UP steps, and falls to nothing over the last COOL_DOWN."""
        return min(1.0, (self.step + 1) / WARM_UP, (self.arguments.steps - self.step) / COOL_DOWN)

    def train_step(self, indices: NDArray[np.int64]) -> list[float]:
        """`indices` [INSTRUCTIONS, answers] of one step; returns the three losses and the gradients' norm."""
        draw = np.random.default_rng([self.arguments.seed, 7, self.step])
        flat = indices.flatten()
        sequences = [cut(self.answers.tokens(index).astype(np.int64), MAX_TOKENS) for index in flat]
        worse, originals = [], []
        for row in range(len(indices)):
            original = row * indices.shape[1] + int(draw.integers(indices.shape[1]))
            copy = self.spoiler.spoil(self.answers.tokens(flat[original]).astype(np.int64), draw)
            if copy is not None and len(copy) <= MAX_TOKENS:
                worse.append(copy)
                originals.append(original)
        parts = Parts.of(sequences + worse)
        found = self.workers.map(lambda part: self.model.summary(part[1], part[2], self.arguments.frozen), parts.laid)
        summaries = parts.in_order(found).detach().requires_grad_()
        losses = self.losses(summaries, indices, originals)
        (losses[0] + GENERATOR_LOSS * losses[1] + SPOILED_LOSS * losses[2]).backward()
        self.workers.map(torch.autograd.backward, found, parts.split(summaries.grad))
        norm = self.masters.step(self.rate(), GRADIENT_NORM)
        self.step += 1
        return [loss.item() for loss in losses] + [norm]

    def losses(self, summaries: Tensor, indices: NDArray[np.int64], originals: list[int]) -> list[Tensor]:
        flat = indices.flatten()
        found = self.model.rewards(summaries)
        own = found[: len(flat)]
        win_rates = torch.from_numpy(self.answers.win_rate[indices]).float()
        lengths = torch.from_numpy(self.answers.characters[indices]).float().clamp(min=1).log()
        apart = (lengths[:, :, None] - lengths[:, None, :]) / LENGTH_SPREAD
        ranking = scaled_bradley_terry(own.view(indices.shape), win_rates, 1 + LIKE_LENGTHS * torch.exp(-apart.square()))
        naming = F.cross_entropy(self.naming(summaries[: len(flat)]), torch.from_numpy(self.answers.generator[flat]))
        spoiled = F.softplus(found[len(flat) :] - own[originals]).mean() if originals else torch.zeros(())
        return [ranking, naming, spoiled]

    def evaluate(self) -> dict[str, float]:
        scores = np.zeros(len(self.answers.win_rate))
        sequences = [cut(self.answers.tokens(index).astype(np.int64), MAX_TOKENS) for index in self.judged]
        scores[self.judged] = rewards(self.model, sequences, self.workers)
        alike = same_length(self.answers, self.pairs)
        spread = float(scores[self.judged].std())
        return {"held_out": accuracy(scores, self.pairs), "held_out_same_length": accuracy(scores, alike), "deviation": spread}

    def all_steps(self) -> Iterator[NDArray[np.int64]]:
        """Endless, and the same after a resume."""

        def every() -> Iterator[NDArray[np.int64]]:
            for number in itertools.count():
                yield from epoch(self.answers, self.split.trained, INSTRUCTIONS, self.arguments.seed, number)

        return itertools.islice(every(), self.step, None)

    def save_weights(self) -> None:
        exact = {name: parameter for name, parameter in self.model.named_parameters()}
        exact |= {name: self.masters.exact_of(p) for name, p in exact.items() if p.requires_grad}
        torch.save({name: value.detach() for name, value in exact.items() if "embed" not in name}, self.out / f"step-{self.step:05}.pt")
        (self.out / "curve.json").write_text(json.dumps(self.history, indent=1) + "\n", encoding="utf-8")

    def save_state(self) -> None:
        state = {"masters": self.masters.state_dict(), "step": self.step, "seconds": self.seconds, "history": self.history}
        torch.save(state, self.out / "state.new")
        os.replace(self.out / "state.new", self.out / "state.pt")

    def resume(self) -> None:
        path = self.out / "state.pt"
        if path.exists():
            state = torch.load(path)
            self.masters.load_state_dict(state["masters"])
            self.step, self.seconds, self.history = state["step"], state["seconds"], state["history"]
            print(f"goes on from step {self.step}", flush=True)

    def run(self) -> None:
        recent = []
        for indices in self.all_steps():
            if self.step >= self.arguments.steps:
                break
            began = time.process_time()
            recent.append(self.train_step(indices))
            self.seconds += time.process_time() - began
            if self.step % 10 == 0:
                print(self.step, round(self.seconds), [round(float(each), 3) for each in np.mean(recent[-10:], axis=0)], flush=True)
            if self.step % SAVE == 0:
                self.save_state()
            if self.step % self.arguments.evaluate == 0 or self.step == self.arguments.steps:
                ranking, naming, spoiled, norm = np.mean(recent, axis=0).tolist()
                entry = {"step": self.step, "seconds": round(self.seconds), "loss": ranking, "naming": naming, "spoiled": spoiled, "norm": norm}
                self.history.append({**entry, **self.evaluate()})
                print(json.dumps(self.history[-1]), flush=True)
                self.save_weights()
                self.save_state()
                recent = []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with train.jsonl.gz")
    parser.add_argument("pretrained", type=Path, help="a checkpoint folder of SmolLM2-135M with its tokenizer")
    parser.add_argument("out", type=Path, help="the folder for checkpoints; one with a state.pt is resumed")
    parser.add_argument("--layers", type=int, default=14, help="of the pretrained model that are kept")
    parser.add_argument("--frozen", type=int, default=5, help="of them, from below, that are not trained")
    parser.add_argument("--steps", type=int, default=560)
    parser.add_argument("--evaluate", type=int, default=60, help="steps between evaluations")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(arguments.seed)
    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.pretrained, arguments.out / "train-tokens.npz")
    training = Training(answers, arguments)
    training.resume()
    trained = sum(p.numel() for p in training.masters.working)
    every = sum(p.numel() for p in training.model.parameters())
    print(f"{every} weights, {trained} trained; {len(training.split.trained)} instructions; {len(training.pairs.chosen)} held-out pairs", flush=True)
    training.run()


if __name__ == "__main__":
    main()
