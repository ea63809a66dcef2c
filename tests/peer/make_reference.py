"""Write the reference data of the peer tests: what NEST makes of `peer_models`.

    python make_reference.py [MODEL ...]

needs `nest-simulator`. For each model it writes ``data/MODEL.npz`` and enters into
``data/provenance.json`` the versions that made it and the SHA-256 of its arrays.
"""

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from peer_models import MODELS

DATA = Path(__file__).parent / "data"


def digest(arrays):
    """SHA-256 of names, types, shapes and bytes of a dict of arrays."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def stored(result):
    """Return `result` as it is stored: traces as float32 (resolution 4e-6 mV) to save space."""
    result = dict(result)
    if "v" in result:
        result["v"] = result["v"].astype("<f4")
    # a reference to the inputs of a network is its hash, they are large
    large = {n: a for n, a in result.items() if n.startswith("in_") and np.size(a) > 2000}
    for name, array in large.items():
        result[name] = np.array(digest({name: array}))
    return result


def main(*names):
    """Run `names` (default: all models) in NEST and store the results."""
    import pyNN.nest

    DATA.mkdir(exist_ok=True)
    index = DATA / "provenance.json"
    provenance = json.loads(index.read_text()) if index.exists() else {}
    versions = {p: version(p) for p in ("nest-simulator", "pyNN", "neo", "numpy")}
    for name in names or MODELS:
        result = stored(MODELS[name](pyNN.nest))
        np.savez_compressed(DATA / f"{name}.npz", **result)
        provenance[name] = {"made by": versions, "sha256": digest(result)}
    index.write_text(json.dumps(provenance, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
