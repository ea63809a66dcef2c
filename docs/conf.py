"""Sphinx: how the pages in this folder become a site (`make docs`)."""

import ast
import os
import runpy
import shutil
import time
import tomllib
import urllib.request
from pathlib import Path

import matplotlib.pyplot as plt
from sphinx_gallery.scrapers import figure_rst

HERE = Path(__file__).parent
# whatever the scripts of gallery and tutorials do not choose: no calibration, no noise
os.environ["BSS2SIM_CHIP"] = "quantized"
os.environ.setdefault("MPLBACKEND", "Agg")

project = "pynn_bss2sim"
author = "The pynn_bss2sim developers"
project_copyright = f"2026, {author}"
release = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/**.ipynb", "gallery/**.py", "gallery/**.md5"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}

# --- pages that the code gives -----------------------------------------------------------------
for maker in ("make_features.py", "make_face.py"):
    runpy.run_path(str(HERE / maker), run_name="__main__")

# --- text and notebooks ------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

# --- reference ---------------------------------------------------------------------------------
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
default_role = "code"


def reachable(mapping):
    """Those other sites that answer: without network, references to them stay plain text."""
    found = {}
    for name, (address, inventory) in mapping.items():
        try:
            with urllib.request.urlopen(f"{address}objects.inv", timeout=3):
                found[name] = (address, inventory)
        except OSError:
            continue
    return found


intersphinx_mapping = reachable(
    {
        "python": ("https://docs.python.org/3/", None),
        "numpy": ("https://numpy.org/doc/stable/", None),
        "pandas": ("https://pandas.pydata.org/docs/", None),
        "neo": ("https://neo.readthedocs.io/en/stable/", None),
        "elephant": ("https://elephant.readthedocs.io/en/stable/", None),
    }
)

# --- examples ----------------------------------------------------------------------------------
TEST = HERE.parent / "tests" / "system" / "test_examples.py"
#: Arguments that make an example small enough to be run for every change: those of its test.
SMALL = next(
    ast.literal_eval(node.value)
    for node in ast.parse(TEST.read_text(encoding="utf-8")).body
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SMALL"
)


#: Scripts for the chip's own face: without arguments, on a calibrated chip.
OWN_FACE = "brainscales2"


def arguments_of(gallery_conf, script_vars):
    """Command line of an example in the gallery, which gets its docstring as outside of it."""
    script = Path(script_vars["src_file"])
    source = script.read_text(encoding="utf-8")
    script_vars["example_globals"]["__doc__"] = ast.get_docstring(ast.parse(source))
    return [] if script.parent.name == OWN_FACE else [str(word) for word in SMALL[script.stem]]


def set_apart(gallery_conf, script, when):
    """Let an example for the chip's own face have its usual chip, and none draw over another's."""
    plt.close("all")
    own = when == "before" and Path(script).parent.name == OWN_FACE
    os.environ["BSS2SIM_CHIP"] = "silicon" if own else "quantized"


class SavedFigures:
    """Shows what an example has written to its folder of results."""

    def __init__(self):
        self.shown = {}

    def __call__(self, block, block_vars, gallery_conf):
        names = []
        for file in sorted(Path("results").glob("*.png")):
            written = file.stat().st_mtime_ns
            if written > max(STARTED, self.shown.get(file.name, 0)):
                self.shown[file.name] = written
                names.append(next(block_vars["image_path_iterator"]))
                shutil.copy(file, names[-1])
        return figure_rst(names, gallery_conf["src_dir"])


STARTED = time.time_ns()
sphinx_gallery_conf = {
    "image_scrapers": (SavedFigures(),),
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "reset_argv": arguments_of,
    "reset_modules": ("matplotlib", set_apart),
    "reset_modules_order": "both",
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1e6,
    "write_computation_times": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}
# both folders have a chain of volleys, and a leak over threshold
suppress_warnings = ["config.cache", "sphinx_gallery.duplicate_filename"]

# --- look --------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = f"pynn_bss2sim {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
# pages that stand alone leave their width to the text
html_sidebars = {"*": [], "tutorials/*": ["sidebar-nav-bs"], "gallery/**": ["sidebar-nav-bs"]}
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 4,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
