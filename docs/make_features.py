"""Write docs/features.md, the table of all of PyNN and how it is served, from the code.

python docs/make_features.py
"""

import inspect
import re
from pathlib import Path

import pyNN.common
import pyNN.connectors
from pyNN.standardmodels import base, cells, electrodes, ion_channels, receptors, synapses

import pynn_bss2sim as sim
from pynn_bss2sim import standardmodels

PAGE = Path(__file__).parent / "features.md"

TEXT = """# All of PyNN, and how it is served

Written by `docs/make_features.py` from the code, {pynn}.

{counts}

## Models

*yes*: the model works on all chip models. *no*: naming it is no error, using it raises
`ModelNotOnChipError`, which says the same as this table.

{models}

## Connectors

{connectors}

## Functions

What every PyNN backend has:

{functions}

Only here:

{own}

## Methods

{methods}
"""

#: PyNN's base classes of models, by what the page calls them.
KINDS = {
    "cells and sources": (cells, base.StandardCellType),
    "neurons of components": (cells, base.StandardCellTypeComponent),
    "post-synaptic responses": (receptors, base.StandardPostSynapticResponse),
    "ion channels": (ion_channels, base.StandardIonChannelModel),
    "current sources": (electrodes, base.StandardCurrentSource),
    "synapses": (synapses, base.StandardSynapseType),
    "timing dependences": (synapses, base.STDPTimingDependence),
    "weight dependences": (synapses, base.STDPWeightDependence),
}
#: What every backend has to have, from PyNN's own list of what a backend is made of.
FUNCTIONS = (
    "setup", "end", "run", "run_for", "run_until", "reset", "initialize", "get_current_time",
    "get_time_step", "get_min_delay", "get_max_delay", "num_processes", "rank", "create", "connect",
    "set", "record", "record_v", "record_gsyn", "list_standard_models",
)  # fmt: skip


def models_of(module, kind):
    """PyNN's models of a kind: dict of name to class."""
    return {
        name: model
        for name, model in vars(module).items()
        if inspect.isclass(model)
        and issubclass(model, kind)
        and not model.__module__.startswith(base.__name__)
        and model is not kind
    }


def model_rows():
    """Kind, name, whether it is served, and a remark, for each of PyNN's models."""
    rows = []
    for kind, (module, parent) in KINDS.items():
        for name in sorted(models_of(module, parent)):
            refused = standardmodels.REFUSED_MODELS.get(name)
            if refused is None:
                model = getattr(standardmodels, name)
                rows.append((kind, name, served(model), first_sentence(model)))
            else:
                why = refused.refusal
                rows.append((kind, name, "no", f"{why.why}; nearest: {why.nearest}"))
    return rows


def served(model):
    """On which chips a model is served: synapses are tried, all others are alike on all chips."""
    if not issubclass(model, base.StandardSynapseType):
        return "yes"
    refusals = {chip: refusal(model, chip) for chip in ("ideal", "quantized")}
    if not any(refusals.values()):
        return "yes"
    return "only chip models that are exact, such as `ideal`" if not refusals["ideal"] else "no"


def refusal(model, chip):
    """Why a chip refuses a synapse type; empty if it does not."""
    sim.setup(chip=chip, check=False)
    parts = {"timing_dependence": sim.SpikePairRule(),
             "weight_dependence": sim.AdditiveWeightDependence()}  # fmt: skip
    source, target = sim.Population(1, sim.SpikeSourceArray()), sim.Population(1, sim.IF_curr_exp())
    try:
        synapse = model(**parts) if issubclass(model, synapses.STDPMechanism) else model()
        sim.Projection(source, target, sim.OneToOneConnector(), synapse)
        sim.prepare()
    except (ValueError, NotImplementedError) as error:
        return str(error)
    return ""


def first_sentence(thing):
    """Of what our own documentation says; nothing where it is PyNN's."""
    text = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    first = inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ")
    sentence = re.split(r"(?<!al)\. ", first)[0].rstrip(".")
    return re.sub(r" \[\d\]_", "", sentence).replace("``", "`").replace("|", "\\|")


def connector_rows():
    """Name and whether it is served, for each of PyNN's connectors."""
    names = sorted(
        name
        for name, thing in vars(pyNN.connectors).items()
        if inspect.isclass(thing)
        and issubclass(thing, pyNN.connectors.Connector)
        and thing is not pyNN.connectors.Connector
        and thing.__module__ == pyNN.connectors.__name__
        and not name.startswith("_")
    )
    abstract = {"MapConnector", "FixedNumberConnector"}
    return [(n, "yes" if hasattr(sim, n) else "no") for n in names if n not in abstract]


def function_rows():
    """Name and first sentence of each function that every backend has."""
    return [(f"{name}()", "yes" if hasattr(sim, name) else "no") for name in FUNCTIONS]


def own_rows():
    """Name and first sentence of what this backend has beyond PyNN's functions."""
    rows = []
    for name, thing in sorted(vars(sim).items()):
        mine = getattr(thing, "__module__", "") or ""
        is_function = inspect.isfunction(thing) and mine.startswith("pynn_bss2sim")
        hidden = name.startswith("_") or mine.endswith("_compatibility")
        if is_function and name not in FUNCTIONS and not hidden:
            rows.append((f"{name}()", first_sentence(thing)))
    return rows


def method_rows():
    """Class, method and whether it is served, for PyNN's classes of networks."""
    rows = []
    for name in ("Population", "PopulationView", "Assembly", "Projection"):
        theirs, ours = getattr(pyNN.common, name), getattr(sim, name)
        for method in sorted(m for m in dir(theirs) if not m.startswith("_")):
            rows.append((name, method, "yes" if hasattr(ours, method) else "no"))
    return rows


def table(head, rows):
    """Rows as a table of Markdown; names in code."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def page():
    """The whole page."""
    models, methods = model_rows(), method_rows()
    states = [row[2] for row in models]
    counts = (
        f"{len(models)} models, {states.count('yes')} on all chips, {states.count('no')} on none."
    )
    by_class = {}
    for name, method, state in methods:
        by_class.setdefault((name, state), []).append(f"`{method}`")
    return TEXT.format(
        pynn=f"PyNN {pyNN.__version__}",
        counts=counts,
        models=table(
            ("kind", "model", "served", "remark"),
            [(kind, f"`{name}`", state, remark) for kind, name, state, remark in models],
        ),
        connectors=table(
            ("connector", "served"), [(f"`{name}`", s) for name, s in connector_rows()]
        ),
        functions=table(("function", "served"), [(f"`{n}`", s) for n, s in function_rows()]),
        own=table(("function", "what it does"), [(f"`{n}`", text) for n, text in own_rows()]),
        methods=table(
            ("class", "served", "methods and attributes"),
            [(f"`{n}`", state, ", ".join(names)) for (n, state), names in by_class.items()],
        ),
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
