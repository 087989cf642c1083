"""Names of keys, groups and certificates: which characters they may have, and how they are sorted and compared."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField

from keys.crypto.invisible import INVISIBLE
from portal.sort_names import sort_name

LONGEST_NAME = 255
# One character may become 18 under NFKC; PostgreSQL's index rows end at 2,704 bytes.
LONGEST_SORT_NAME = 600
_PUNCTUATION = frozenset(" .-_")


def clean_name(text: str, longest: int = LONGEST_NAME) -> str:
    """The name as stored: NFC, trimmed.

    Raises ValidationError when it is empty, longer than `longest` characters, or holds anything but letters, marks,
    digits, space, full stop, hyphen and underscore (the vendor's rule for names).
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= longest:
        sentence = f"Enter a name of 1 to {longest} characters."
        raise ValidationError(sentence, code="max_length" if name else "required")
    if not all(_is_allowed(character) for character in name):
        raise ValidationError("Use only letters, digits, spaces and . - _ in a name.", code="name_characters")
    if len(sort_name(name)) > LONGEST_SORT_NAME:
        raise ValidationError("This name is too long to be sorted. Shorten it.", code="max_length")
    return name


def _is_allowed(character: str) -> bool:
    # Two names that differ in an invisible letter or mark would look the same.
    if character in INVISIBLE:
        return False
    return character in _PUNCTUATION or unicodedata.category(character)[0] in "LM" or character.isdecimal()


class NameField(CharField):
    """A display name."""

    default_error_messages: ClassVar = dict.fromkeys(
        ("null", "blank", "max_length"), f"Enter a name of 1 to {LONGEST_NAME} characters."
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": LONGEST_NAME, **options})

    def clean(self, value: Any, model_instance: Any) -> str:
        return clean_name(str(super().clean(value, model_instance)))


class SortNameField(CharField):
    """A sort name, compared byte by byte: BINARY on SQLite, COLLATE "C" on PostgreSQL."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": LONGEST_SORT_NAME, "editable": False, **options})

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        collation = "C" if connection.vendor == "postgresql" else "BINARY"
        return {**super().db_parameters(connection), "collation": collation}


class Named:
    """Keeps `sort_name` in step with `name`; mixed into models that have both."""

    name: str
    sort_name: str

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Any:
        record = super().from_db(*args, **kwargs)  # type: ignore[misc]  # provided by Model
        record.__dict__["_read_name"] = record.__dict__.get("name")
        return record

    @property
    def known_name(self) -> str:
        """The name when the record was read. `name` may be anything that somebody typed into a form, even a key."""
        return self.__dict__.get("_read_name") or self.name

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)  # type: ignore[misc]  # provided by Model
        if "name" not in (exclude or ()):
            self.sort_name = sort_name(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sort_name = sort_name(self.name)
        super().save(*args, **kwargs)  # type: ignore[misc]  # provided by Model
