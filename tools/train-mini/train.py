"""Trains the miniature reward model. README.md in this folder has the commands.

Every evaluation writes a checkpoint and `state.pt`; the same command goes on from there. Training ends after --steps,
or when the held-out accuracy has not risen for PATIENCE evaluations.
"""

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
from batches import MAX_TOKENS, cut, epoch
from loss import scaled_bradley_terry
from model import Dropout, Geometry, RewardModel
from numpy.typing import NDArray
from pairs import accuracy, clear_pairs, same_length
from scoring import Workers, rewards, summaries
from split import split_instructions
from torch import Tensor, nn
from torch.nn import functional as F
from vocabulary import compact_rows
from warm_start import start_from, trained_bag

INSTRUCTIONS = 8  # in one step
LEARNING_RATE = 5e-4
EMBEDDING_RATE = 0.5  # of it: the embeddings start where a bag of them has learned them
WEIGHT_DECAY = 0.1
WARM_UP = 50  # steps
COOL_DOWN = 1.0  # the last part of the steps, over which the rate falls to nothing
DROPOUT = 0.1
GENERATOR_LOSS = 0.3
EVALUATE = 75  # steps
PATIENCE = 6


class Trainee(nn.Module):
    """The reward model, and a linear layer that tells the generators apart: a second task, left out of exports."""

    def __init__(self, geometry: Geometry, generators: int, seed: int):
        super().__init__()
        self.reward = RewardModel(geometry, seed)
        self.generator = nn.Linear(geometry.hidden, generators)
        nn.init.zeros_(self.generator.weight)
        nn.init.zeros_(self.generator.bias)


class Training:
    def __init__(self, answers: Answers, arguments: argparse.Namespace):
        self.answers, self.steps, self.seed, self.out = answers, arguments.steps, arguments.seed, arguments.out
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = getattr(torch, arguments.dtype)
        self.workers = Workers(self.device, arguments.workers)
        self.split = split_instructions(answers, self.seed)
        self.pairs = clear_pairs(answers, self.split.held_out)
        self.rows = compact_rows(answers, self.split.trained)
        geometry = Geometry(rows=int(self.rows.max()) + 1, layers=arguments.layers)
        self.model = Trainee(geometry, len(answers.generators), self.seed).to(self.device)
        self.optimizer = torch.optim.AdamW(self.parameter_groups(), lr=LEARNING_RATE, betas=(0.9, 0.98))
        self.step, self.history = 0, []

    def parameter_groups(self) -> list[dict]:
        embedding = self.model.reward.model.embed_tokens.weight
        # The last layer's attention is the bag: a step that is small elsewhere would tip its large sums over.
        pooling = list(self.model.reward.model.layers[-1].self_attn.parameters())
        kept = {embedding, *pooling}
        matrices = [p for p in self.model.parameters() if p.dim() == 2 and p not in kept]
        vectors = [p for p in self.model.parameters() if p.dim() < 2]
        return [
            {"params": [embedding], "weight_decay": 0.0, "share": EMBEDDING_RATE},
            {"params": pooling, "weight_decay": 0.0, "share": 0.0},
            {"params": matrices, "weight_decay": WEIGHT_DECAY, "share": 1.0},
            {"params": vectors, "weight_decay": 0.0, "share": 1.0},
        ]

    def warm_start(self) -> None:
        every = self.sequences(np.arange(len(self.answers.win_rate)))
        geometry = self.model.reward.geometry
        bag = trained_bag(self.answers, self.split, every, geometry.rows, geometry.hidden, INSTRUCTIONS, self.seed)
        self.model.cpu()
        start_from(self.model.reward, bag, int(every[0][0]), self.seed)
        self.model.to(self.device)

    def sequences(self, indices: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return [cut(self.rows[self.answers.tokens(index)], MAX_TOKENS) for index in indices]

    def gradients(self, indices: NDArray[np.int64], worker: int) -> tuple[list[Tensor], float, float]:
        """Of the loss over answers [instructions, ANSWERS]; with both losses' values."""
        generator = torch.Generator(self.device).manual_seed((self.seed * 1_000_003 + self.step) * 64 + worker)
        flat = indices.flatten()
        found = summaries(self.model.reward, self.sequences(flat), self.dtype, Dropout(DROPOUT, generator))
        win_rates = torch.from_numpy(self.answers.win_rate[indices]).float().to(self.device)
        ranking = scaled_bradley_terry(self.model.reward.rewards(found).view(indices.shape), win_rates)
        generators = torch.from_numpy(self.answers.generator[flat]).to(self.device)
        naming = F.cross_entropy(self.model.generator(found), generators)
        loss = ranking + GENERATOR_LOSS * naming
        return torch.autograd.grad(loss, list(self.model.parameters())), ranking.item(), naming.item()

    def learning_rate(self) -> float:
        left = (self.steps - self.step) / (self.steps * COOL_DOWN)
        return LEARNING_RATE * min(1.0, (self.step + 1) / WARM_UP, max(left, 0.0))

    def train_step(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """Both losses."""
        shares = np.array_split(indices, self.workers.count)
        results = self.workers.map(self.gradients, shares, range(len(shares)))
        for parameter, *gradients in zip(self.model.parameters(), *(result[0] for result in results), strict=True):
            parameter.grad = sum(gradients) / len(shares)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate() * group["share"]
        self.optimizer.step()
        self.step += 1
        return np.mean([result[1:] for result in results], axis=0)

    def all_steps(self) -> Iterator[NDArray[np.int64]]:
        """Endless, and the same after a resume."""

        def one(number: int) -> Iterator[NDArray[np.int64]]:
            return epoch(self.answers, self.split.trained, INSTRUCTIONS, self.seed, number)

        per_epoch = sum(1 for _ in one(0))
        number, done = divmod(self.step, per_epoch)
        yield from itertools.islice(one(number), done, None)
        for later in itertools.count(number + 1):
            yield from one(later)

    def evaluate(self) -> dict[str, float]:
        indices = self.split.held_out_answers(self.answers)
        scores = np.zeros(len(self.answers.win_rate))
        scores[indices] = rewards(self.model.reward, self.sequences(indices), self.dtype, self.workers)
        alike = same_length(self.answers, self.pairs)
        return {"held_out": accuracy(scores, self.pairs), "held_out_same_length": accuracy(scores, alike)}

    def save(self) -> None:
        torch.save(self.model.reward.state_dict(), self.out / f"step-{self.step:05}.pt")
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "history": self.history,
        }
        torch.save(state, self.out / "state.new")
        os.replace(self.out / "state.new", self.out / "state.pt")
        (self.out / "curve.json").write_text(json.dumps(self.history, indent=1) + "\n", encoding="utf-8")

    def begin(self) -> None:
        path = self.out / "state.pt"
        if not path.exists():
            self.warm_start()
            return
        state = torch.load(path, map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.history = state["step"], state["history"]
        print(f"goes on from step {self.step}", flush=True)

    def run(self) -> None:
        began, recent = time.monotonic(), []
        if self.step == 0:
            self.history.append({"step": 0, "seconds": 0, **self.evaluate()})
            print(json.dumps(self.history[-1]), flush=True)
            self.save()
        for indices in self.all_steps():
            if self.step >= self.steps or self.stale():
                break
            recent.append(self.train_step(indices))
            if self.step % EVALUATE == 0 or self.step == self.steps:
                ranking, naming = np.mean(recent, axis=0).tolist()
                seconds = round(time.monotonic() - began)
                entry = {"step": self.step, "seconds": seconds, "loss": ranking, "generator_loss": naming}
                self.history.append({**entry, **self.evaluate()})
                print(json.dumps(self.history[-1]), flush=True)
                self.save()
                recent = []

    def stale(self) -> bool:
        """No new best accuracy for PATIENCE evaluations; never while the rate falls, which is when it rises."""
        reached = [entry["held_out"] for entry in self.history]
        at_full_rate = self.step < self.steps * (1 - COOL_DOWN)
        return at_full_rate and len(reached) > PATIENCE and max(reached[:-PATIENCE]) >= max(reached[-PATIENCE:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with train.jsonl.gz")
    parser.add_argument("tokenizer", type=Path, help="a folder with Llama 3.1's tokenizer files")
    parser.add_argument("out", type=Path, help="the folder for checkpoints; one with a state.pt is resumed")
    parser.add_argument("--steps", type=int, default=225)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--workers", type=int, help="threads; default: one for each core")
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16", help="of the activations")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.tokenizer, arguments.out / "train-tokens.npz")
    training = Training(answers, arguments)
    training.begin()
    parameters = sum(p.numel() for p in training.model.reward.parameters())
    instructions = f"{len(training.split.trained)} instructions, {len(training.split.held_out)} held out"
    size = f"{parameters} parameters, {training.model.reward.geometry.rows} rows"
    print(f"{instructions}; {size}; {training.device}, {training.workers.count} workers", flush=True)
    training.run()


if __name__ == "__main__":
    main()
