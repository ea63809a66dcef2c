"""A pytest plugin that runs PyNN's own scenarios with one backend, whatever they ask for.

Loaded with ``-p pynn_scenario_plugin`` into a pytest process of its own, before the scenarios are
collected. PyNN parametrizes each scenario by the names of simulators; here every scenario is
parametrized by the backend that the environment variable ``PYNN_SCENARIO_BACKEND`` names. The
backend is imported at once, so that a broken one is an error and not a skipped test.
"""

import importlib
import os

import pytest


def pytest_configure():
    """Replace the decorator before any scenario module imports it."""
    name = os.environ["PYNN_SCENARIO_BACKEND"]
    backend = importlib.import_module(f"pyNN.{name}")
    fixtures = importlib.import_module("system.scenarios.fixtures")

    def run_with_simulators(*_names):
        return pytest.mark.parametrize("sim", [pytest.param(backend, id=name)])

    fixtures.run_with_simulators = run_with_simulators
