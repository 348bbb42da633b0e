"""Scores a Parquet file with Ray Data: a pool of actors, each with one inform-score process that it streams batches through.

    pip install "ray[data]"                       # run with ray 2.x on one machine, the embedded model, an actor killed on the way
    python score.py pairs.parquet scores.parquet --model demo --actors 2

Ray hands a batch to an actor when that has taken the one before (back-pressure), and starts an actor that dies anew, with a process
of its own; the batch that it held is given out again. A process that ends is started again with the same batch, once.
"""

import argparse
import json
import os
import shlex
import subprocess
import threading

import ray

COMMAND = shlex.split(os.environ.get("INFORM_SCORE", "npx inform-score"))


class Scorer:
    """One inform-score process: rows in, a line out for each of them, in their order."""

    def __init__(self, model: str, flags: list[str]):
        self.command = [*COMMAND, "-", "-m", model, "--one-line-per-row", "--progress", "none", *flags]
        self.process = None

    def __call__(self, batch: dict) -> dict:
        rows = [dict(zip(batch, values)) for values in zip(*(column.tolist() for column in batch.values()))]
        lines = [json.dumps({**row, "id": at}) + "\n" for at, row in enumerate(rows)]
        try:
            results = self.exchange(lines)
        except (OSError, EOFError):
            self.process = None
            results = self.exchange(lines)
        batch["score"] = [result["score"] for result in results]
        batch["error"] = [result.get("error") for result in results]
        return batch

    def exchange(self, lines: list[str]) -> list[dict]:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process = self.process
        # Written beside the reading: both pipes are bounded, and scores come before all rows are in.
        writer = threading.Thread(target=feed, args=(process.stdin, lines))
        writer.start()
        results = []
        for at in range(len(lines)):
            line = process.stdout.readline()
            if not line:
                raise EOFError("inform-score ended before it had scored the batch")
            result = json.loads(line)
            if result["id"] != at:
                raise RuntimeError(f"line {at} of a batch is the result of row {result['id']}")
            results.append(result)
        writer.join()
        return results

    def __del__(self):
        if self.process is not None:
            self.process.stdin.close()


def feed(stream, lines: list[str]) -> None:
    try:
        stream.writelines(lines)
        stream.flush()
    except OSError:
        pass  # the reader finds out


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--model", required=True)
    parser.add_argument("--actors", type=int, default=1, help="processes, each with the model: one a card")
    parser.add_argument("--cpus", type=float, default=1, help="processors that an actor has; the reading needs some, too")
    parser.add_argument("--gpus", type=float, default=0, help="cards that an actor has")
    parser.add_argument("--batch", type=int, default=256)
    args, flags = parser.parse_known_args()  # others are for inform-score, such as --deterministic

    scored = ray.data.read_parquet(args.input).map_batches(
        Scorer,
        fn_constructor_args=(args.model, flags),
        batch_size=args.batch,
        batch_format="numpy",
        num_cpus=args.cpus,
        num_gpus=args.gpus,
        compute=ray.data.ActorPoolStrategy(size=args.actors),
        max_restarts=-1,
        max_task_retries=-1,
    )
    scored.write_parquet(args.output)
