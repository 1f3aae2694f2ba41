"""How the documentation is built: ``sphinx-build -W -b html docs docs/_build``.

Pages with code cells are run at each build, notebooks too, so that what they show is what the code
of the same commit does.
"""

import shutil
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
NOTEBOOKS = HERE / "notebooks"
"""A copy, for Sphinx reads what is below its own folder."""

shutil.rmtree(NOTEBOOKS, ignore_errors=True)
shutil.copytree(HERE.parent / "notebooks", NOTEBOOKS)

project = "bayesmix"
version = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]["version"]
release = version
copyright = "the authors of bayesmix"
exclude_patterns = ["_build", "jupyter_execute", "**/.ipynb_checkpoints"]

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
]
default_role = "py:obj"
add_module_names = False
toc_object_entries_show_parents = "hide"
autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_output_stderr = "error"
nb_render_markdown_format = "myst"

html_theme = "pydata_sphinx_theme"
html_title = "bayesmix"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_extra_path = ["live_pooling.html"]
html_copy_source = False
html_sidebars = {"*": []}
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
