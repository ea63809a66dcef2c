"""Containers of single parts of the chip."""

from __future__ import annotations

from types import SimpleNamespace

from pynn_bss2sim._core import hicannx as chip

__all__ = ["SynapseQuad", "SynapseWeightQuad"]

SynapseWeightQuad = SimpleNamespace(Value=SimpleNamespace(min=0, max=chip.WEIGHT_MAX, size=64))
SynapseQuad = SimpleNamespace(Weight=SynapseWeightQuad.Value)
