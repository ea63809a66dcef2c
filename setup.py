"""Extensions and compiler flags; everything else stands in pyproject.toml.

Environment
-----------
BSS2SIM_DEBUG=1
    Bounds checks in the Cython code, no optimization.
BSS2SIM_SANITIZE=address,undefined
    Build with these sanitizers, little optimization and line numbers.
"""

import os
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("BSS2SIM_DEBUG", "0") == "1"
SANITIZE = os.environ.get("BSS2SIM_SANITIZE", "")

# No contraction to fused multiply-adds and no -ffast-math: all instruction sets give the same bits.
# The two -fno flags only let the compiler vectorize conditional expressions; they change no value.
FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
LINK = []
if sys.platform == "win32":
    FLAGS = ["/std:c11", "/O2", "/fp:precise"]
else:
    FLAGS.append("-pthread")
    LINK.append("-pthread")
    if DEBUG:
        FLAGS[1] = "-O1"
        FLAGS.append("-g")
if SANITIZE:
    FLAGS[1] = "-O1"  # instrumented code compiles slowly, and is not for speed
    FLAGS += [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-fno-sanitize-recover", "-g1"]
    LINK += [f"-fsanitize={SANITIZE}"]

CORE = "pynn_bss2sim/_core"
INSTRUCTION_SETS = ("portable", "avx2", "avx512")
MACROS = [("BSS2SIM_FLAGS", f'"{" ".join(FLAGS)}"')]


def extension(name, sources=(), headers=()):
    """The compiled module `name` of the core; `headers` are those that its C code includes."""
    return Extension(
        f"pynn_bss2sim._core.{name}",
        [f"{CORE}/{source}" for source in (f"{name}.pyx", *sources)],
        depends=[f"{CORE}/{header}.h" for header in headers],
        include_dirs=[CORE],
        extra_compile_args=FLAGS,
        extra_link_args=LINK,
        define_macros=MACROS,
    )


KERNELS = (
    "kernels", "block", "vectors", "kernels_impl", "kernels_cuba_impl", "kernels_single_impl",
    "pass_impl", "pair_change_impl", "exponential", "exponential_single",
)  # fmt: skip
EVENTS = ("kernels", "exponential", "event_queue", "plasticity", "driver_pulses", "delivery")
STEPS = (*EVENTS, "share", "workers")

setup(
    ext_modules=cythonize(
        [
            extension(
                "instruction_sets", [f"kernels_{isa}.c" for isa in INSTRUCTION_SETS], KERNELS
            ),
            extension("event_links", headers=EVENTS),
            extension("delivery", headers=EVENTS),
            extension("neurons", headers=STEPS),
            extension("pair_synapses", headers=(*STEPS, "spike_pairs")),
            extension("inputs", headers=STEPS),
            extension("recording", headers=STEPS),
            extension("engine", headers=(*STEPS, "spike_pairs")),
            extension("sensor_pairs", headers=["exponential"]),
            extension("first_fit"),
            extension("radix"),
        ],
        compiler_directives={
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": True,
            "embedsignature": True,
            "auto_pickle": False,
        },
        build_dir="build/debug" if DEBUG else None,  # its bounds checks stay out of other builds
    ),
    options={"build_ext": {"parallel": os.cpu_count()}},
)
