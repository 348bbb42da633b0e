"""Scores a Parquet file with Spark: the rows of every partition go through an inform-score process (RDD.pipe), a line in, a line out.

    pip install pyspark                           # run with pyspark 4.x and OpenJDK 17, local[2], the embedded model
    spark-submit score.py pairs.parquet scores.parquet --model demo

Each row goes in with its place as its id, and comes back with it, rejected ones with the reason. A process that fails fails its task
(checkCode), which Spark does again as often as spark.task.maxFailures says. The model is loaded once a partition: few large ones are
better than many small ones. On cards, set spark.task.resource.gpu.amount so that no two tasks have the same one.
"""

import argparse
import json
import os
import shlex

from pyspark.sql import SparkSession

COMMAND = os.environ.get("INFORM_SCORE", "npx inform-score")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--model", required=True)
    parser.add_argument("--partitions", type=int, default=2, help="processes, each with the model")
    args, flags = parser.parse_known_args()  # others are for inform-score, such as --deterministic
    command = f"{COMMAND} - -m {shlex.quote(args.model)} --one-line-per-row --rejects-ok --progress none {shlex.join(flags)}"

    spark = SparkSession.builder.appName("inform-score").getOrCreate()
    rows = spark.read.parquet(args.input).repartition(args.partitions)
    lines = rows.rdd.zipWithUniqueId().map(lambda row: (row[1], row[0].asDict(recursive=True))).persist()
    scored = lines.map(lambda row: json.dumps({**row[1], "id": row[0]})).pipe(command, checkCode=True).map(json.loads)
    results = scored.map(lambda result: (result["id"], (result["score"], result.get("error"))))
    joined = lines.join(results).map(lambda row: {**row[1][0], "score": row[1][1][0], "error": row[1][1][1]})
    schema = rows.schema.add("score", "double").add("error", "string")
    spark.createDataFrame(joined, schema).write.mode("overwrite").parquet(args.output)
    spark.stop()


if __name__ == "__main__":
    main()
