"""Decision points with their labels, as far as the log tells them."""

import ibis

from data.config import FeatureConfig, SessionConfig
from data.features.points import cart_sessions, decision_points


def labelled_points(sessions: ibis.Table, config: FeatureConfig, session: SessionConfig) -> ibis.Table:
    """Decision points and whether the cart was abandoned.

    Args:
        sessions: the whole log, with `session_id` and `step`.
        config: decision points and horizon.
        session: the gap, after which a session without a purchase is known to be over.

    Returns:
        `session_id`, `step`, `decision_point` (int32), `session_end` and `abandoned` (int8): 1 where no purchase
        follows in the session (within `config.horizon_minutes` after the point, if set), 0 where one does, null
        where the log ends before that is known.
    """
    points = decision_points(cart_sessions(sessions), config)
    moments = sessions.semi_join(points, ["session_id", "step"]).select("session_id", "step", "ts")
    t = points.join(moments, ["session_id", "step"])
    log_end = sessions.ts.max().as_scalar()
    bought = t.purchase_ts.notnull()
    over = t.session_end + _minutes(session.gap_minutes) < log_end
    if config.horizon_minutes is not None:
        horizon = t.ts + _minutes(config.horizon_minutes)
        bought = bought & (t.purchase_ts <= horizon)
        over = over | (horizon <= log_end)
    label = ibis.cases((bought, 0), (over, 1)).cast("int8")
    k = (t.step - t.first_cart).cast("int32")
    return t.select("session_id", "step", "session_end", decision_point=k, abandoned=label)


def _minutes(value: float) -> ibis.Value:
    return ibis.interval(microseconds=round(value * 60e6))
