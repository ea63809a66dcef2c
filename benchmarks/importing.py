"""What importing this backend adds to importing PyNN, as all backends do, and Neo."""

import json
import os
import statistics
import subprocess
import sys

SCRIPT = """
import json, time
begin = time.process_time()
import neo, pyNN.common
between = time.process_time()
import pynn_bss2sim
print(json.dumps([between - begin, time.process_time() - between]))
"""


def once():
    """Processor seconds of importing PyNN and Neo, and of this backend after them."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True, text=True, check=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    return json.loads(done.stdout)


def seconds(repetitions=9):
    """The medians of both, once all modules are compiled to byte code."""
    once()
    columns = zip(*(once() for _ in range(repetitions)), strict=True)
    return [statistics.median(column) for column in columns]
