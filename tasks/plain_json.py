"""Kept records are plain JSON and nothing else, whatever a record says of itself.

Prefect reads a record with the serializer that the record names: one that says "pickle" runs code, "compressed" and the
options of "json" import what they name, and Prefect's own JSON decoder makes objects of any importable class. Importing this
module takes all of these away from the process: only data come out of a record, and the caller checks their form.
"""

import json
import warnings
from typing import Any, Literal

from prefect.serializers import PickleSerializer, Serializer
from pydantic import Field

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Prefect warns that its own serializers are replaced; that is the purpose

    class PlainJson(Serializer):
        """Numbers, texts, lists and objects, written and read as they are; the fields are those of Prefect's JSON, at their defaults."""

        type: str = Field(default="json", frozen=True, pattern="^json$")
        jsonlib: Literal["json"] = "json"
        object_encoder: Literal["prefect.serializers.prefect_json_object_encoder"] = "prefect.serializers.prefect_json_object_encoder"
        object_decoder: Literal["prefect.serializers.prefect_json_object_decoder"] = "prefect.serializers.prefect_json_object_decoder"
        dumps_kwargs: dict[str, None] = Field(default={}, max_length=0)
        loads_kwargs: dict[str, None] = Field(default={}, max_length=0)

        def dumps(self, obj: Any) -> bytes:
            """An exception is kept as its sentence."""
            told = f"{obj.__class__.__name__}: {obj}" if isinstance(obj, BaseException) else obj
            return json.dumps(told, ensure_ascii=False).encode()

        def loads(self, blob: bytes) -> Any:
            return json.loads(blob)

    class Refused(Serializer):
        """A serializer that this process does not know."""

        type: str = "pickle"
        model_config = {"extra": "allow"}

        def dumps(self, obj: Any) -> bytes:
            raise ValueError(f"records are JSON; {self.type!r} is refused")

        def loads(self, blob: bytes) -> Any:
            raise ValueError(f"a kept record that names {self.type!r} is refused, not loaded: this software never writes such a one")

    class RefusedCompressed(Refused):
        """Compressed, with a library that the record names."""

        type: str = "compressed"

    class RefusedCompressedPickle(Refused):
        """Compressed pickle."""

        type: str = "compressed/pickle"

    class RefusedCompressedJson(Refused):
        """Compressed JSON."""

        type: str = "compressed/json"


PickleSerializer.loads = Refused.loads  # type: ignore[assignment]  # what a record without any serializer would be given
