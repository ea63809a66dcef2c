"""Write docs/face_names.md: what names of the real chip's software do here, from the code.

python docs/make_face.py
"""

import tomllib
from pathlib import Path

from pynn_bss2sim.brainscales2.circuit_parameters import COUPLING
from pynn_bss2sim.brainscales2.joined import JOIN
from pynn_bss2sim.brainscales2.standardmodels.cells import HXNeuron
from pynn_bss2sim.brainscales2.without_effect import WITHOUT_EFFECT

HERE = Path(__file__).parent
PAGE = HERE / "face_names.md"

#: Why a parameter acts in some cases, and is refused in others.
PARTLY = {JOIN: "to a circuit with nothing of its own, which then shows the same membrane"}

#: What a name does, and the words for it.
STATES = {
    "acts": "acts",
    "partly": "acts, or is refused",
    "kept": "without effect, which a warning tells",
    "refused": "refused where it is used",
}

TEXT = """# Names of the chip's own face

Written by `docs/make_face.py` from the code. {counts}.

## Parameters of `HXNeuron`

What is not in this table acts as on the chip.

{parameters}

## Coordinates, containers and programs

Packages below the frontend, as far as published scripts use them. Use: A most of them, B several,
C one or two, D measurements of single circuits.

{names}
"""


def names() -> dict[str, dict[str, tuple[str, str]]]:
    """Expressions by package, each with how many scripts use it and what it does."""
    found = tomllib.loads((HERE / "face_names.toml").read_text(encoding="utf-8"))
    return {
        package: {name: tuple(text.split()) for name, text in rows.items()}
        for package, rows in found.items()
    }


def state(parameter: str) -> str:
    """What a parameter of a neuron does."""
    if parameter in PARTLY:
        return "partly"
    if parameter in COUPLING:
        return "refused"
    return "kept" if parameter in WITHOUT_EFFECT else "acts"


def parameter_table() -> str:
    """The parameters that do not act, and why."""
    rows = ["| parameter | here | why |", "|---|---|---|"]
    for name in HXNeuron.default_parameters:
        if state(name) != "acts":
            why = (PARTLY | WITHOUT_EFFECT).get(name, "circuits are not joined")
            rows.append(f"| `{name}` | {STATES[state(name)]} | {why} |")
    return "\n".join(rows)


def name_table() -> str:
    """The names of all packages."""
    rows = ["| name | use | here |", "|---|---|---|"]
    for package, found in names().items():
        for name, (grade, what) in found.items():
            rows.append(f"| `{package}.{name}` | {grade} | {STATES[what]} |")
    return "\n".join(rows)


def page() -> str:
    """The page."""
    parameters = [state(name) for name in HXNeuron.default_parameters]
    found = [what for rows in names().values() for _, what in rows.values()]
    counts = "; ".join(
        f"{what}: " + ", ".join(f"{states.count(key)} {key}" for key in STATES if key in states)
        for what, states in (("Parameters", parameters), ("names", found))
    )
    return TEXT.format(counts=counts, parameters=parameter_table(), names=name_table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
