"""Rows that repeat an earlier one."""

import ibis

from data.contract import COLUMNS
from data.engine import keep

MAPPED = tuple(name for name in COLUMNS if name != "row")


def repeated(rows: ibis.Table) -> ibis.Table | None:
    """Find the rows that equal an earlier row in every mapped column.

    Grouping millions of whole rows costs more than all the rest of ingest, so rows are first grouped by a 64-bit
    hash, and only those that share one are compared.

    Args:
        rows: the contract's columns, with `position`, `reason` and `key`, a hash of the columns; rows with a reason
            are left aside.

    Returns:
        `position` of each repeated row, the first of its kind not among them; none where no row is repeated.
    """
    backend = rows.get_backend()
    good = rows.filter(rows.reason.isnull())
    shared = keep(backend, good.group_by("key").having(good.count() > 1).aggregate())
    if not shared.count().to_pyarrow().as_py():
        return None
    candidates = good.semi_join(shared, "key")
    order = ibis.row_number().over(ibis.window(group_by=MAPPED, order_by=candidates.position))
    numbered = candidates.select("position", order=order)
    found = keep(backend, numbered.filter(numbered.order > 0).select("position"))
    return found if found.count().to_pyarrow().as_py() else None
