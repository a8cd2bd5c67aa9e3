"""The part of the book that one package needs, as a typed object with checked attribute names; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Self, get_type_hints

from kernel.policy import Cited, PolicyBook, gap


@dataclass(frozen=True, slots=True)
class Named:
    """Written into an annotation: the parameter of the register that the attribute stands for."""

    parameter: str


@dataclass(frozen=True)
class PolicyPart:
    """What one package needs of the rules of one place on one day.

    Every attribute annotated with ``Named`` is the cited value, or None where the place has none on that day. Where the
    work cannot go on without it, ask ``require``.
    """

    _names: ClassVar[Mapping[str, str]] = MappingProxyType({})

    book: PolicyBook = field(repr=False, compare=False)
    place: str
    on: date

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._names = MappingProxyType(
            {
                attribute: mark.parameter
                for attribute, hint in get_type_hints(cls, include_extras=True).items()
                for mark in getattr(hint, "__metadata__", ())
                if isinstance(mark, Named)
            }
        )

    @classmethod
    def at(cls, book: PolicyBook, place: str, on: date) -> Self:
        """Return the part for one place and day.

        Raises:
            NoSuchPlace: there is no such place.
            UnknownParameter: an attribute names something that the register does not hold.
        """
        values: dict[str, Any] = {attribute: book.get(place, name, on=on) for attribute, name in cls.names().items()}
        return cls(book, place, on, **values)

    @classmethod
    def names(cls) -> Mapping[str, str]:
        """Return the parameter behind each attribute."""
        return cls._names

    def require(self, attribute: str) -> Cited:
        """Return the value behind an attribute.

        Raises:
            PolicyGap: it has no value there on that day; the words say what to configure.
            AttributeError: the part has no such attribute.
        """
        if attribute not in self.names():
            raise AttributeError(f"{type(self).__name__} has no {attribute}")
        cited: Cited | None = getattr(self, attribute)
        if cited is None:
            absent = self.book.absence(self.place, self.names()[attribute], on=self.on)
            raise gap(self.book.place(self.place), absent, self.on)
        return cited

    def says(self, attribute: str) -> bool:
        """Return whether a yes-or-no rule applies; where no level has spoken, nothing is demanded or granted.

        Raises:
            AttributeError: the part has no such attribute.
        """
        if attribute not in self.names():
            raise AttributeError(f"{type(self).__name__} has no {attribute}")
        cited: Cited | None = getattr(self, attribute)
        return cited is not None and cited.boolean()
