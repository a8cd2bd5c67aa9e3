"""The part of the book that one package needs, as a typed object with checked attribute names; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import ClassVar, Self, overload

from kernel.policy import Cited, PolicyBook, gap


class Named:
    """An attribute of a part: the value of the named parameter there on that day, or None where there is none.

    The book is asked when the attribute is read, so that it knows which values a piece of work really used.
    """

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter

    @overload
    def __get__(self, part: None, owner: type) -> Self: ...

    @overload
    def __get__(self, part: "PolicyPart", owner: type) -> Cited | None: ...

    def __get__(self, part: "PolicyPart | None", owner: type) -> "Self | Cited | None":
        if part is None:
            return self
        return part.book.get(part.place, self.parameter, on=part.on)

    def __set__(self, part: "PolicyPart", value: object) -> None:
        raise AttributeError("the rules of a place are read, never set")


@dataclass(frozen=True)
class PolicyPart:
    """What one package needs of the rules of one place on one day.

    Every attribute that is ``Named`` gives the cited value, or None where the place has none on that day. Where the
    work cannot go on without it, ask ``require``.
    """

    _names: ClassVar[Mapping[str, str]] = MappingProxyType({})

    book: PolicyBook = field(repr=False, compare=False)
    place: str
    on: date

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {attribute: named.parameter for attribute, named in vars(cls).items() if isinstance(named, Named)}
        cls._names = MappingProxyType(own)

    @classmethod
    def at(cls, book: PolicyBook, place: str, on: date) -> Self:
        """Return the part for one place and day.

        Raises:
            NoSuchPlace: there is no such place.
        """
        book.place(place)
        return cls(book, place, on)

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
        cited = self._read(attribute)
        if cited is None:
            absent = self.book.absence(self.place, self._names[attribute], on=self.on)
            raise gap(self.book.place(self.place), absent, self.on)
        return cited

    def says(self, attribute: str) -> bool:
        """Return whether a yes-or-no rule applies; where no level has spoken, nothing is demanded or granted.

        Raises:
            AttributeError: the part has no such attribute.
        """
        cited = self._read(attribute)
        return cited is not None and cited.boolean()

    def _read(self, attribute: str) -> Cited | None:
        if attribute not in self._names:
            raise AttributeError(f"{type(self).__name__} has no {attribute}")
        return self.book.get(self.place, self._names[attribute], on=self.on)
