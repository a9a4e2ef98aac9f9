"""The same tables as ingest, sessionize and featurize write, by hand-written DuckDB SQL.

Written as one would for this one log: its columns, its lack of session ids and its event names are known, sums are
plain doubles, and DuckDB's own syntax is used freely (but for FILTER over windows, which takes six times as long as
CASE). The tables are sorted as the stages sort theirs, because whoever reads them relies on that order.
"""

from pathlib import Path

import duckdb

INGEST = """
COPY (
  SELECT visitor AS visitor_id, NULL::VARCHAR AS session_id, time AS ts,
    CASE event WHEN 'remove' THEN 'uncart' ELSE event END AS event,
    item AS item_id, category, price, NULL::INTEGER AS quantity, position AS row
  FROM (
    SELECT *, row_number() OVER () AS position FROM read_csv('{log}', header = true, auto_detect = false,
      columns = {{'visitor': 'VARCHAR', 'time': 'TIMESTAMP', 'event': 'VARCHAR', 'item': 'VARCHAR',
                 'category': 'VARCHAR', 'price': 'DOUBLE'}}, store_rejects = true)
  )
  WHERE visitor IS NOT NULL AND time IS NOT NULL AND item IS NOT NULL AND price >= 0 AND isfinite(price)
    AND event IN ('view', 'cart', 'remove', 'purchase')
) TO '{out}/events.parquet' (COMPRESSION zstd);
"""

INGEST_CHECKS = """
COPY (SELECT * FROM reject_errors) TO '{out}/quarantine.parquet';
SELECT count(*) FROM (
  SELECT hash(visitor_id, ts, event, item_id, category, price) AS h FROM '{out}/events.parquet'
  GROUP BY h HAVING count(*) > 1);
SELECT count(*), min(ts), max(ts), count(DISTINCT visitor_id), count(DISTINCT item_id),
  count(*) FILTER (event = 'cart'), count(*) FILTER (event = 'purchase'), count(price), count(category)
FROM '{out}/events.parquet';
"""

SESSIONIZE = """
COPY (
  WITH placed AS (
    SELECT *, lag(ts) OVER w AS previous, row_number() OVER w AS position FROM '{out}/events.parquet'
    WINDOW w AS (PARTITION BY visitor_id ORDER BY ts, row)
  ), started AS (
    SELECT *, CASE WHEN previous IS NULL OR ts > previous + INTERVAL 30 MINUTE THEN position END AS start FROM placed
  ), numbered AS (
    SELECT *, count(start) OVER w AS number, max(start) OVER w AS first FROM started
    WINDOW w AS (PARTITION BY visitor_id ORDER BY ts, row ROWS UNBOUNDED PRECEDING)
  )
  SELECT visitor_id, visitor_id || '#' || number AS session_id, ts, event, item_id, category, price, quantity, row,
    (position - first)::INTEGER AS step
  FROM numbered ORDER BY row
) TO '{out}/sessions.parquet' (COMPRESSION zstd);
"""

POINTS = """
CREATE TEMP TABLE carts AS
  SELECT session_id, any_value(visitor_id) AS visitor_id, min(ts) AS session_start, max(ts) AS session_end,
    max(step) AS last_step, min(step) FILTER (event = 'cart') AS first_cart,
    min(step) FILTER (event = 'purchase') AS first_purchase
  FROM '{out}/sessions.parquet'
  SEMI JOIN (SELECT session_id FROM '{out}/sessions.parquet' WHERE event = 'cart') USING (session_id)
  GROUP BY session_id;
CREATE TEMP TABLE points AS
  SELECT session_id, visitor_id, session_start, session_end, k AS decision_point, first_cart + k AS step,
    (first_purchase IS NULL)::TINYINT AS abandoned
  FROM carts, (VALUES (0), (1), (2), (3), (5), (10)) ks(k)
  WHERE first_cart + k <= last_step AND (first_purchase IS NULL OR first_cart + k < first_purchase)
    AND (first_purchase IS NOT NULL OR session_end + INTERVAL 30 MINUTE <
         (SELECT max(ts) FROM '{out}/sessions.parquet'));
CREATE TEMP TABLE past AS
  SELECT session_id, step, ts, event, item_id, category, price, row FROM '{out}/sessions.parquet'
  JOIN (SELECT session_id, max(step) AS last FROM points GROUP BY session_id) USING (session_id) WHERE step <= last;
"""

RUNNING = """
CREATE TEMP TABLE running AS
  WITH firsts AS (
    SELECT *, row_number() OVER (PARTITION BY session_id, item_id ORDER BY step) = 1 AS new_item,
      category IS NOT NULL AND row_number() OVER (PARTITION BY session_id, category ORDER BY step) = 1 AS new_category,
      date_diff('microsecond', lag(ts) OVER (PARTITION BY session_id ORDER BY step), ts) AS gap
    FROM past
  ), counted AS (
    SELECT session_id, step, ts, gap,
      count(CASE WHEN event = 'view' THEN 1 END) OVER w AS n_views,
      count(CASE WHEN event = 'cart' THEN 1 END) OVER w AS n_carts,
      count(CASE WHEN event = 'uncart' THEN 1 END) OVER w AS n_uncarts,
      count(CASE WHEN new_item THEN 1 END) OVER w AS distinct_items,
      count(CASE WHEN new_category THEN 1 END) OVER w AS distinct_categories, min(ts) OVER w AS session_start,
      min(CASE WHEN event = 'cart' THEN ts END) OVER w AS first_cart_ts,
      max(CASE WHEN event = 'cart' THEN ts END) OVER w AS last_cart_ts,
      max(gap) OVER w AS max_gap, avg(CASE WHEN event = 'view' THEN price END) OVER w AS viewed_mean_price
    FROM firsts WINDOW w AS (PARTITION BY session_id ORDER BY step ROWS UNBOUNDED PRECEDING)
  )
  SELECT counted.* FROM counted SEMI JOIN points USING (session_id, step);
"""

HISTORY = """
CREATE TEMP TABLE item_history AS
  SELECT row, seen AS popularity, (bought + 1) / (carted + 4) AS conversion FROM (
    SELECT row, event, row_number() OVER w - 1 AS seen, count(CASE WHEN event = 'cart' THEN 1 END) OVER w - 1 AS carted,
      count(CASE WHEN event = 'purchase' THEN 1 END) OVER w AS bought
    FROM '{out}/sessions.parquet' SEMI JOIN (SELECT item_id FROM past WHERE event = 'cart') USING (item_id)
    WINDOW w AS (PARTITION BY item_id ORDER BY ts, row ROWS UNBOUNDED PRECEDING)
  ) WHERE event = 'cart';
CREATE TEMP TABLE category_history AS
  SELECT row, price / nullif(mean, 0) AS price_ratio FROM (
    SELECT row, event, price,
      avg(price) OVER (PARTITION BY category ORDER BY ts, row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS mean
    FROM '{out}/sessions.parquet' SEMI JOIN (SELECT category FROM past WHERE event = 'cart') USING (category)
    WHERE price IS NOT NULL
  ) WHERE event = 'cart';
CREATE TEMP TABLE visitor_history AS
  SELECT session_id, sessions, carts, purchases FROM (
    SELECT session_id, step, count(CASE WHEN step = 0 THEN 1 END) OVER w - 1 AS sessions,
      count(CASE WHEN event = 'cart' THEN 1 END) OVER w - (event = 'cart')::INT AS carts,
      count(CASE WHEN event = 'purchase' THEN 1 END) OVER w - (event = 'purchase')::INT AS purchases
    FROM '{out}/sessions.parquet' SEMI JOIN points USING (visitor_id)
    WHERE step = 0 OR event IN ('cart', 'purchase')
    WINDOW w AS (PARTITION BY visitor_id ORDER BY ts, row ROWS UNBOUNDED PRECEDING)
  ) WHERE step = 0;
"""

CART = """
CREATE TEMP TABLE cart_at AS
  WITH touched AS (
    SELECT session_id, item_id, step, row, event, price,
      min(CASE WHEN event = 'uncart' THEN step END) OVER w AS removed,
      min(CASE WHEN event = 'cart' THEN step END) OVER w AS renewed
    FROM past SEMI JOIN (SELECT session_id, item_id FROM past WHERE event = 'cart') USING (session_id, item_id)
    WHERE event IN ('view', 'cart', 'uncart')
    WINDOW w AS (PARTITION BY session_id, item_id ORDER BY step ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
  ), pairs AS (
    SELECT t.*, p.step AS point, popularity, conversion, price_ratio,
      event = 'cart' AND (removed IS NULL OR removed > p.step) AS line,
      event = 'cart' AND (removed IS NULL OR removed > p.step) AND (renewed IS NULL OR renewed > p.step) AS latest
    FROM touched t JOIN points p ON t.session_id = p.session_id AND t.step <= p.step
    LEFT JOIN item_history USING (row) LEFT JOIN category_history USING (row)
  ), items AS (
    SELECT session_id, point, item_id, count(*) FILTER (line) AS lines, count(*) FILTER (event = 'view') AS views,
      sum(price) FILTER (line) AS value, max(price) FILTER (latest) AS price,
      max(popularity) FILTER (latest) AS popularity, max(conversion) FILTER (latest) AS conversion,
      max(price_ratio) FILTER (latest) AS price_ratio
    FROM pairs GROUP BY session_id, point, item_id HAVING lines > 0
  )
  SELECT session_id, point AS step, count(*) AS cart_items, sum(value) AS cart_value,
    avg(price) AS cart_mean_price, max(price) AS cart_max_price, sum(views) AS cart_item_views,
    avg(price_ratio) AS cart_price_to_category, avg(popularity) AS cart_item_popularity,
    avg(conversion) AS cart_item_conversion
  FROM items GROUP BY session_id, point;
"""

EXAMPLES = """
COPY (
  SELECT session_id, p.visitor_id, p.decision_point, r.ts, p.session_start, p.session_end, p.abandoned,
    (step + 1)::FLOAT AS events_so_far, n_views::FLOAT AS n_views, n_carts::FLOAT AS n_carts,
    n_uncarts::FLOAT AS n_uncarts, distinct_items::FLOAT AS distinct_items,
    distinct_categories::FLOAT AS distinct_categories, coalesce(cart_items, 0)::FLOAT AS cart_items,
    CASE WHEN cart_items IS NULL THEN 0 ELSE cart_value END::FLOAT AS cart_value,
    cart_mean_price::FLOAT AS cart_mean_price, cart_max_price::FLOAT AS cart_max_price,
    coalesce(cart_item_views, 0)::FLOAT AS cart_item_views, cart_price_to_category::FLOAT AS cart_price_to_category,
    viewed_mean_price::FLOAT AS viewed_mean_price,
    (date_diff('microsecond', r.session_start, r.ts) / 1e6)::FLOAT AS seconds_since_first_event,
    (date_diff('microsecond', first_cart_ts, r.ts) / 1e6)::FLOAT AS seconds_since_first_cart,
    (date_diff('microsecond', last_cart_ts, r.ts) / 1e6)::FLOAT AS seconds_since_last_cart,
    (gap / 1e6)::FLOAT AS seconds_since_previous_event,
    (date_diff('microsecond', r.session_start, r.ts) / nullif(step, 0) / 1e6)::FLOAT AS mean_interval,
    (max_gap / 1e6)::FLOAT AS max_interval, hour(r.ts)::FLOAT AS hour, (isodow(r.ts) - 1)::FLOAT AS weekday,
    v.sessions::FLOAT AS visitor_sessions, v.carts::FLOAT AS visitor_carts, v.purchases::FLOAT AS visitor_purchases,
    cart_item_popularity::FLOAT AS cart_item_popularity, cart_item_conversion::FLOAT AS cart_item_conversion
  FROM points p JOIN running r USING (session_id, step) LEFT JOIN cart_at USING (session_id, step)
  LEFT JOIN visitor_history v USING (session_id)
  ORDER BY p.session_start, session_id, decision_point
) TO '{out}/examples.parquet' (COMPRESSION zstd);
"""

SEQUENCES = """
COPY (
  SELECT session_id, visitor_id, session_start, session_end, list_transform(taken, lambda t: t.item) AS items,
    list_transform(taken, lambda t: t.event) AS events
  FROM (
    SELECT session_id, any_value(visitor_id) AS visitor_id, min(ts) AS session_start, max(ts) AS session_end,
      list_sort(list({{'step': step, 'item': item_id, 'event': event}}))[-50:] AS taken
    FROM '{out}/sessions.parquet' GROUP BY session_id
  ) ORDER BY session_start, session_id
) TO '{out}/sequences.parquet' (COMPRESSION zstd);
"""


def run(log: Path, out: Path, memory_mib: int) -> None:
    """Write events, sessions, examples and sequences of `log` to `out`."""
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{memory_mib}MiB'; SET temp_directory = '{out}/scratch'")
        connection.execute("SET enable_progress_bar = false")
        for order, script in (
            (True, INGEST),  # row numbers are those of the file
            (False, INGEST_CHECKS + SESSIONIZE + POINTS + RUNNING + HISTORY + CART + EXAMPLES + SEQUENCES),
        ):
            connection.execute(f"SET preserve_insertion_order = {str(order).lower()}")
            for statement in script.format(log=log, out=out).split(";\n"):
                if statement.strip():
                    connection.execute(statement).fetchall()
