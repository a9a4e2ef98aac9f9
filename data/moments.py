"""Moments, as the event contract has them."""

from datetime import UTC, datetime


def naive_utc(moment: datetime) -> datetime:
    """A moment in UTC without a zone; one without a zone is UTC already."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
