"""What the mapping refuses."""

from __future__ import annotations

__all__ = [
    "ON_LOSS",
    "CheckError",
    "ConfigurationError",
    "MappingError",
    "ParameterError",
    "PlacementError",
    "PlasticityError",
    "RoutingError",
    "WeightError",
]


#: What can be done where synapses are lost.
ON_LOSS = ("warn", "raise", "ignore")


class MappingError(ValueError):
    """A network cannot be brought onto the chip."""


class ParameterError(MappingError):
    """A parameter of a neuron or the time step has no meaning, or none on the chip."""


class PlacementError(MappingError):
    """A neuron needs more of the chip than there is."""


class PlasticityError(MappingError):
    """Synapses cannot change on this chip as they are asked to."""


class WeightError(MappingError):
    """A weight or delay of a synapse cannot be realised."""


class RoutingError(MappingError):
    """Synapses find no row or label on the chip."""


class CheckError(MappingError):
    """The finished configuration is not what was asked for: a defect of this package."""


class ConfigurationError(ValueError):
    """A file holds no usable configuration, or a configuration has no such part."""
