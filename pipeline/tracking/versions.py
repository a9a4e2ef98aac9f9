"""Which version an address in the registry means at the moment."""

from data.errors import InputError
from pipeline.store import first_line, open_store, store_name

FORM = "models:/NAME@ALIAS or models:/NAME/VERSION"


def version_of(address: str, setting: str) -> str:
    """The version that an address means now.

    Args:
        address: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.
        setting: name of the setting that holds the address, for the error.

    Raises:
        InputError: the address has another form, there is no such model, or the store cannot be reached.
    """
    scheme, _, rest = address.partition("models:/")
    name, _, alias = rest.partition("@")
    plain, _, version = rest.rpartition("/")
    if scheme or not rest or not ((name and alias) or (plain and version)):
        raise InputError(f"`{setting}` should look like {FORM}. Received: {address}")
    client = open_store()
    from mlflow.exceptions import MlflowException

    try:
        if alias:
            return str(client.get_model_version_by_alias(name, alias).version)
        return str(client.get_model_version(plain, version).version)
    except MlflowException as error:
        raise InputError(
            f"`{setting}` should name a model in the registry at {store_name()}. Received: {address}: "
            f"{first_line(error)}"
        ) from None
