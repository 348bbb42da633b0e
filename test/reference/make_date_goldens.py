"""Makes the goldens of dates in templates: what Python's strftime makes of a few days, through Jinja2 as transformers sets it up.

    python make_date_goldens.py OUT.json
"""

import json
import sys
from datetime import datetime
from pathlib import Path

from template_environment import compile_template
from versions import versions

DAYS = ["2024-07-26", "2026-01-05", "2024-02-29", "1999-12-31", "2000-10-10"]
FORMATS = ["%d %b %Y", "%Y-%m-%d", "%B %d, %Y", "%A, %-d.%-m.%y", "%a %F 100%%", "no directive", ""]


def strftime(day: str):
    return lambda text: datetime.fromisoformat(day).strftime(text)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    template = compile_template("{{ strftime_now(format) }}")
    rendered = {
        day: [template.render(format=text, strftime_now=strftime(day)) for text in FORMATS]
        for day in DAYS
    }
    Path(sys.argv[1]).write_text(json.dumps({"made": versions(), "formats": FORMATS, "days": rendered}, indent=1) + "\n")


if __name__ == "__main__":
    main()
