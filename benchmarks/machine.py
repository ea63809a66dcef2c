"""On what the benchmarks run, and where they leave what they find."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"


def installed(package):
    """Version of a package, or a dash."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"


def processor():
    """Name of the processor where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write_page(folder, name, record, page):
    """Write measurements as JSON, and the page of the documentation that is made of them."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / f"{name}.md").write_text(page(record))
