"""Search methods: each proposes trials from the seed, the space and the records so far."""

from models.search.problem import ROUND
from models.search.search import METHODS, SearchResult, advice, check, search

__all__ = ["METHODS", "ROUND", "SearchResult", "advice", "check", "search"]
