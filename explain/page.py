"""HTML from the templates of this package, with every text escaped."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from explain.wording import count_text, decimal_text, interval_text, risk_text, share_text, size_text

TEMPLATES = Path(__file__).parent / "templates"


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
    """Put HTML where a page has the mark `<!-- NAME -->`; text from the data cannot look like one, being escaped."""
    for name, html in parts.items():
        page = page.replace(f"<!-- {name} -->", html)
    return page


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
