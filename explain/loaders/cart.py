"""The abandonment model with all it needs, as a function from the events of live carts to answers."""

import threading
from pathlib import Path
from typing import Any

import pandas as pd

from data.live.told_carts import told_carts
from explain.cart.answer import CartAnswer, cart_answer, shown_items
from explain.cart.model import CartModel, read_cart_model
from models.loaders.refusing import refusing
from models.recommending.cart_items import items_for_carts

COLUMNS = [name for name in CartAnswer.model_fields if name not in ("visitor_id", "session_id")]


class CartFunction:
    """Answers n carts with what the HTTP server answers: probability, nudge, reasons, items."""

    def __init__(self, model: CartModel) -> None:
        self._model = model
        # MLflow's server calls from several threads, and SHAP changes TensorFlow for as long as it works.
        self._alone = threading.Lock()

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """One row for each cart, with the columns of `CartAnswer`; items are None where there is no recommender.

        Args:
            model_input: n rows as `told_carts` takes them.
            params: not used; MLflow hands it over.

        Raises:
            MlflowException: a row is no session with an open cart.
        """
        with refusing(), self._alone:
            answers = self._answers(model_input)
        rows = [answer.model_dump(include=set(COLUMNS)) for answer in answers]
        return pd.DataFrame(rows, columns=COLUMNS, index=model_input.index, dtype=object)

    def _answers(self, table: pd.DataFrame) -> list[CartAnswer]:
        model = self._model
        carts = told_carts(table, model.rules.session)
        if not carts:
            return []
        (scored,) = model.scorer.score([carts])
        (reasons,) = model.scorer.reasons([[one.features for one in scored]])
        known = [model.memory.knows(cart.visitor) for cart in carts]
        if model.recommender is None:
            return [cart_answer(*one, None, None) for one in zip(carts, known, scored, reasons, strict=True)]
        facts, memory = model.recommender.catalogue, model.memory if model.rules.hide_bought else None
        found = items_for_carts(model.recommender, carts, memory)
        rows = zip(carts, known, scored, reasons, found, strict=True)
        return [cart_answer(*one, shown_items(one[-1], facts)) for one in rows]


def _load_pyfunc(folder: str) -> CartFunction:
    return CartFunction(read_cart_model(Path(folder)))
