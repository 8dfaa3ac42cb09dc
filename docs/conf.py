"""The site that `make docs` builds from the pages of this folder."""

import os
import re

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Event gateway"
html_title = project
html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]

extensions = ["myst_parser"]
myst_heading_anchors = 4
nitpicky = True

REPOSITORY_URL = os.environ.get("REPOSITORY_URL")
"""Where readers find the files outside this folder, such as https://github.com/OWNER/NAME."""

LINK_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)\s]+)\)")


def lead_outside(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to files outside this folder lead to the repository, or are text without its URL."""
    link = rf"[\1]({REPOSITORY_URL}/blob/main/\2)" if REPOSITORY_URL else r"\1"
    source[0] = LINK_OUTSIDE.sub(link, source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", lead_outside)
    app.add_lexer("csv", TextLexer)
