"""Training that starts from an earlier recommender instead of from zero."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from data.errors import InputError
from models.config import RecommenderConfig
from models.recommending.growth import Growth, check_form, grown_rows, grown_vocabulary
from models.recommending.network import Network, build_network
from models.recommending.recommender import Recommender
from models.recommending.serving import query_model
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import Vocabulary


@dataclass(frozen=True)
class Origin:
    """What training starts from."""

    champion: Recommender
    """The earlier recommender."""

    categories: Mapping[str, str]
    """Category of the items, where known."""

    def vocabulary(self, train: Sequences, config: RecommenderConfig) -> Vocabulary:
        """The items that the new recommender knows; see `growth.grown_vocabulary`."""
        return grown_vocabulary(train, config.min_item_count, self.champion.vocabulary.items, config.keep_unseen)

    def network(
        self, train: Sequences, vocabulary: Vocabulary, config: RecommenderConfig, seed: int
    ) -> tuple[Network, Growth]:
        """A network with the champion's weights and rows for all of the vocabulary.

        Raises:
            InputError: the champion is of another form than the config, or knows none of the items.
        """
        check_form(config, self.champion.config)
        old, _ = query_model(self.champion.model)
        rows, growth = grown_rows(
            self.champion.vocabulary.items, old.table(), vocabulary, train, self.categories, seed,
            random=config.item_start == "random",
        )  # fmt: skip
        network = build_network(vocabulary, config, seed, rows)
        _copy_weights(old, network)
        return network, growth


def _copy_weights(source: Network, target: Network) -> None:
    """Copy all weights but those of the item table, which has other rows."""
    for part in (field.name for field in fields(target) if field.name != "items"):
        old, new = getattr(source, part), getattr(target, part)
        if [weight.shape for weight in old.weights] != [weight.shape for weight in new.weights]:
            raise InputError(
                "`recommender.warm_start` should be a recommender made by this version of the pipeline. "
                f"The weights of its {part} have other shapes; train from zero once."
            )
        new.set_weights(old.get_weights())
