"""Imported first: makes the pieces shared with tools/train-mini and the references of the tests importable."""

import sys
from pathlib import Path

TOOLS = Path(__file__).parents[1]
sys.path.append(str(TOOLS / "train-mini"))
