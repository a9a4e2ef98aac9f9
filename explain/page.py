"""HTML from the templates of this package, with every text escaped."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from explain.wording import count_text, decimal_text, interval_text, risk_text, share_text, size_text

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Script:
    """A script inside a page."""

    source: Markup
    """Its hash, by which the page's content security policy lets it, and no other script, run."""

    html: Markup
    """Its element, and one with the data that it reads."""


def render(template: str, **context: Any) -> str:
    """Fill a template. Only charts and the style sheet are taken as they are; everything else is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count_text,
        "risk": risk_text,
        "share": share_text,
        "decimal": decimal_text,
        "interval": interval_text,
        "size": size_text,
    }
    environment.filters["code"] = code
    style = Markup((TEMPLATES / "style.css").read_text())
    return environment.get_template(template).render(style=style, **context)


def write_page(folder: Path, template: str, file: str = "index.html", **context: Any) -> Path:
    """Fill a template into a file of `folder`, whole or not at all; the folder is made where it is missing."""
    return write_whole(folder / file, render(template, **context))


def write_whole(path: Path, text: str) -> Path:
    """Write a text file whole or not at all; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    return partial.replace(path)


def code(text: str) -> Markup:
    """Text with what stands between backticks set as code, everything escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def fill(page: str, parts: Mapping[str, Markup]) -> str:
    """Put HTML between a page's marks `<!-- NAME -->` and `<!-- /NAME -->`, in the place of what is there.

    A page without both marks, such as one of an earlier version, stays as it is.
    Text from the data cannot look like a mark, being escaped.
    """
    for name, html in parts.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        head, opened, rest = page.partition(start)
        _, closed, tail = rest.partition(end)
        if opened and closed:
            # As plain text: added to Markup, the page itself would be escaped.
            page = head + start + str(html) + end + tail
    return page


def without_sessions(page: str) -> str:
    """A page that names no session: less what stands between its marks `<!-- session -->` and `<!-- /session -->`."""
    return re.sub("<!-- session -->.*?<!-- /session -->", "", page, flags=re.DOTALL)


def facts(rows: Mapping[str, str]) -> Markup:
    """Rows of a list of facts."""
    return Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>\n").format(name, value) for name, value in rows.items())


def navigation(links: Mapping[str, str], current: str) -> Markup:
    """Links to the other pages of a run; of `links`, file → name, `current` is the page they stand in."""
    mark = Markup(' aria-current="page"')
    items = Markup("").join(
        Markup('<li><a href="{}"{}>{}</a></li>').format(file, mark if file == current else "", name)
        for file, name in links.items()
    )
    return Markup('<nav class="pages" aria-label="Pages of this run"><ul>{}</ul></nav>').format(items)


def script_of(file: str, given: Mapping[str, Any]) -> Script:
    """A script of the templates, with data that it finds as JSON in the element `given`."""
    text = (TEMPLATES / file).read_text()
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    safe = json.dumps(given).replace("<", "\\u003c")  # so that no text can end the element
    html = f'<script type="application/json" id="given">{safe}</script>\n<script>{text}</script>'
    return Script(Markup(f"'sha256-{digest}'"), Markup(html))
