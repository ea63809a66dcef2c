"""Numbers that the documentation claims, for the tests that hold the code to them."""

import re
from pathlib import Path

ACCURACY = Path(__file__).parents[1] / "docs" / "accuracy.md"


def claims(text):
    """All claims of a page: dict of name to number."""
    rows = re.findall(r"^\| `(\w+)` \| ([-+.\deE]+) \|", text, re.MULTILINE)
    return {name: float(number) for name, number in rows}


def claim(name):
    """The number that docs/accuracy.md claims under `name`."""
    return claims(ACCURACY.read_text())[name]
