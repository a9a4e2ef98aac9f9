"""A synthetic shop log of any size, as CSV: what the ingest benchmark reads."""

from pathlib import Path

import duckdb

EVENTS_PER_SESSION = 7
SESSIONS_PER_VISITOR = 2.5

# Everything is drawn by hashes of row numbers, so that a size always gives the same log. Sessions spread over four
# weeks, have about 7 events half a minute apart on average, and touch items of a heavy-tailed catalogue of 100,000
# in 500 categories.
_LOG = """
COPY (
  WITH sessions AS (
    SELECT i AS session, hash(i) % {visitors} AS visitor, (hash(7 * i + 1) % (28 * 86400000::UBIGINT))::BIGINT AS start,
      1 + least(60, floor(-ln(((hash(3 * i + 2) % 1000000) + 1) / 1000001.0) * 6.5))::INT AS size
    FROM range({sessions}) t(i)
  ), events AS (
    SELECT visitor, start, session, j, hash(64 * session + j) AS one, hash(64 * session + j + 1000000007) AS two
    FROM (SELECT *, unnest(range(size)) AS j FROM sessions)
  ), drawn AS (
    SELECT visitor, start + sum(1000 + one % 110000) OVER (PARTITION BY session ORDER BY j)::BIGINT AS ms,
      floor(power((two % 1000003) / 1000003.0, 3) * 100000)::INT AS item, (one // 1000003 % 1000)::INT AS kind,
      two // 1000003 % 1000 / 1000.0 AS noise
    FROM events
  )
  SELECT 'u' || visitor AS visitor,
    strftime(make_timestamp((1700000000000 + ms) * 1000), '%Y-%m-%d %H:%M:%S.%g') AS time,
    CASE WHEN kind < 62 THEN 'cart' WHEN kind < 68 THEN 'remove' WHEN kind < 82 THEN 'purchase' ELSE 'view' END
      AS event,
    'i' || item AS item, 'c' || (item * 7919 % 500) AS category,
    printf('%.2f', exp(3 + (hash(item) % 1000) / 400.0) * (1 + 0.1 * noise)) AS price
  FROM drawn ORDER BY ms LIMIT {events}
) TO '{path}' (HEADER);
"""


def write_log(events: int, path: Path) -> None:
    """Write a log of `events` events, in order of time: visitor, time, event, item, category, price."""
    sessions = int(events / EVENTS_PER_SESSION * 1.1) + 100  # a little more than needed; LIMIT cuts it
    visitors = max(1, int(sessions / SESSIONS_PER_VISITOR))
    with duckdb.connect() as connection:
        connection.execute(f"SET enable_progress_bar = false; SET temp_directory = '{path.parent}'")
        connection.execute(_LOG.format(visitors=visitors, sessions=sessions, events=events, path=path))
