"""Conditions on examples, such as `hour >= 22 and cart_value > 100`: read, checked against a short list, never run.

The text becomes a tree, every node of which has to be one of few; NumPy then compares the columns. Neither Python nor
an SQL engine ever sees it. Unknown values are as in SQL: neither a comparison nor its opposite holds for them.
"""

import difflib
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from data.errors import InputError
from data.examples import Examples

Bools = npt.NDArray[np.bool_]
Answer = tuple[Bools, Bools]  # where it holds, and where its opposite does; neither where a value is unknown

LONGEST = 2_000  # characters
KEYS = ("session_id", "visitor_id", "decision_point")
COMPARISONS: dict[type[exp.Expr], Callable[..., Bools]] = {
    exp.EQ: operator.eq, exp.NEQ: operator.ne, exp.GT: operator.gt, exp.GTE: operator.ge, exp.LT: operator.lt,
    exp.LTE: operator.le,
}  # fmt: skip
FORM = "a condition like `hour >= 22 and cart_value > 100`"
ALLOWED = "column names, numbers, 'texts', = <> < <= > >=, and, or, not, in (…), between … and …, is null"


Floats = npt.NDArray[np.floating]
Numbers = Mapping[str, Floats]
"""Columns of numbers by name, (n,) each, NaN where unknown."""


@dataclass(frozen=True)
class _Values:
    """One side of a comparison."""

    values: npt.NDArray[np.generic]
    """(n,) or (1,) float64 or str; anything where unknown."""

    known: Bools
    """The same shape."""

    text: bool
    """Whether they are texts."""


Columns = Mapping[str, Callable[[], _Values]]  # made when a condition asks for them


def select(condition: str, examples: Examples | Numbers) -> Bools:
    """(n,) which examples meet a condition on their features, `session_id`, `visitor_id` and `decision_point`.

    Columns of numbers will do where all are numbers: a server judges one cart at a time, and tables cost milliseconds.

    Raises:
        InputError: the condition cannot be read, has something else than what is allowed, or names no such column.
    """
    tree = _parsed(condition)
    if isinstance(examples, Examples):
        return _answer(tree, _columns(examples), len(examples))[0]
    columns: Columns = {name: partial(_numbers, column) for name, column in examples.items()}
    return _answer(tree, columns, len(next(iter(examples.values()))))[0]


def parts_of(condition: str) -> tuple[str, ...]:
    """What the outermost `and` joins; the whole where there is none."""
    tree = _parsed(condition)
    return tuple(part.sql(dialect="duckdb") for part in (tree.flatten() if isinstance(tree, exp.And) else [tree]))


@lru_cache
def _parsed(condition: str) -> exp.Expr:
    if len(condition) > LONGEST:
        raise InputError(f"`--where` should have at most {LONGEST:,} characters. Received: {len(condition):,}")
    try:
        return sqlglot.parse_one(condition, into=exp.Condition, dialect="duckdb")
    except ParseError as error:
        raise InputError(f"`--where` should be {FORM}. Received: {condition}{_place(error)}") from None
    except (SqlglotError, RecursionError):
        raise InputError(
            f"`--where` should be {FORM}. Received: {condition}, which has a text without an end, or is too deep."
        ) from None


def _place(error: ParseError) -> str:
    if not error.errors:
        return ""
    found = error.errors[0]
    at = len(found.get("start_context") or "") + 1
    return f", which cannot be read at character {at}, near `{found.get('highlight')}`"


def _columns(examples: Examples) -> Columns:
    frame = {name: examples.keys[name] for name in KEYS} | {str(n): c for n, c in examples.features.items()}
    texts = {"session_id", "visitor_id"} | {spec.name for spec in examples.specs if spec.kind == "categorical"}
    texts -= {spec.name for spec in examples.specs if spec.kind == "numeric"}
    return {name: partial(_values, column, name in texts) for name, column in frame.items()}


def _numbers(column: Floats) -> _Values:
    values = column.astype(np.float64)
    return _Values(values, ~np.isnan(values), False)


def _values(column: pd.Series, text: bool) -> _Values:
    known = column.notna().to_numpy(dtype=bool)
    if text:
        return _Values(column.astype(object).where(known, "").astype(str).to_numpy(dtype=str), known, True)
    return _Values(column.astype("float64").to_numpy(dtype=np.float64, na_value=np.nan), known, False)


def _answer(node: exp.Expr, columns: Columns, rows: int) -> Answer:
    match node:
        case exp.Paren():
            return _answer(node.this, columns, rows)
        case exp.Not():
            yes, no = _answer(node.this, columns, rows)
            return no, yes
        case exp.And() | exp.Or():
            (yes, no), (also, nor) = (_answer(side, columns, rows) for side in (node.this, node.expression))
            return (yes & also, no | nor) if isinstance(node, exp.And) else (yes | also, no & nor)
        case exp.Between():
            low, high = (_value(node.args[end], columns) for end in ("low", "high"))
            inner = _value(node.this, columns)
            first, last = _compared(exp.GTE, inner, low, rows, node), _compared(exp.LTE, inner, high, rows, node)
            return first[0] & last[0], first[1] | last[1]
        case exp.In() if node.expressions:
            inner = _value(node.this, columns)
            found = [_compared(exp.EQ, inner, _value(one, columns), rows, node) for one in node.expressions]
            return np.any([yes for yes, _ in found], axis=0), np.all([no for _, no in found], axis=0)
        case exp.Is() if isinstance(node.expression, exp.Null) and isinstance(node.this, exp.Column):
            known = _value(node.this, columns).known
            return ~known, known
        case _ if type(node) in COMPARISONS:
            return _compared(type(node), _value(node.this, columns), _value(node.expression, columns), rows, node)
    raise _refused(node)


def _compared(kind: type[exp.Expr], left: _Values, right: _Values, rows: int, node: exp.Expr) -> Answer:
    if left.text != right.text:
        raise InputError(
            "`--where` should compare numbers with numbers and texts with texts, in single quotes. "
            f"Received: {node.sql(dialect='duckdb')}"
        )
    known = np.broadcast_to(left.known & right.known, (rows,))
    holds = np.broadcast_to(COMPARISONS[kind](left.values, right.values), (rows,))
    return known & holds, known & ~holds


def _value(node: exp.Expr, columns: Columns) -> _Values:
    if isinstance(node, exp.Column) and not node.table:
        if node.name not in columns:
            raise InputError(f"`--where` should name columns of the examples. Received: {_unknown(node, columns)}")
        return columns[node.name]()
    sign, inner = (-1.0, node.this) if isinstance(node, exp.Neg) else (1.0, node)
    if isinstance(inner, exp.Literal) and inner.is_string and inner is node:
        return _Values(np.array([inner.name], dtype=str), np.array([True]), True)
    if isinstance(inner, exp.Literal) and not inner.is_string:
        with np.errstate(over="ignore"):  # beyond float32 is beyond every value there is
            number = np.float32(sign * float(inner.name))  # features are float32: 0.1 has to be the same in both
        return _Values(np.array([number], dtype=np.float64), np.array([True]), False)
    raise _refused(node)


def _unknown(node: exp.Column, columns: Iterable[str]) -> str:
    known = list(columns)
    inside = sorted((name for name in known if name in node.name or node.name in name), key=len, reverse=True)
    close = inside or difflib.get_close_matches(node.name, known, n=1, cutoff=0.4)
    hint = f" Did you mean `{close[0]}`?" if close else f" There are: {', '.join(known)}."
    quoted = isinstance(node.this, exp.Identifier) and node.this.quoted
    return f"{node.name}.{hint}" + (" A text stands in single quotes." if quoted else "")


def _refused(node: exp.Expr) -> InputError:
    return InputError(f"`--where` should have nothing but {ALLOWED}. Received: {node.sql(dialect='duckdb')}")
