"""Stored: records as they are in the serving state, each text checked against its schema once a moment.

Records are frozen, so one may be handed to any number of requests.
"""

from typing import Final, TypeVar, cast

from cloud.ports.records import Record
from cloud.ports.state import Item
from mobile_api.kept import Kept

_Record = TypeVar("_Record", bound=Record)

_checked: Final = Kept[tuple[type[Record], str], Record]()


def record_of(model: type[_Record], item: Item) -> _Record:
    """What an item says.

    Raises:
        ValidationError: It does not fit the schema.
    """
    key = (model, item.text)
    found = _checked.get(key)
    return cast("_Record", found or _checked.put(key, model.model_validate_json(item.text)))
