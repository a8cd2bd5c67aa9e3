"""Where every page of the application is found: the addresses come from the links of other pages and are tried."""

from __future__ import annotations

import gzip
import html
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect, Rule
from werkzeug.routing.converters import AnyConverter

from kernel.identity import ROLES_OF, Permission, Role
from tests.make.routes import PROGRAMS

LINK = re.compile(r'(?:href|action|src)="(/[^"]*)"')
VISITOR = ""
TRIES_MAX = 4  # of known records, for an address to which no link was found


@dataclass(frozen=True)
class Walker:
    """Somebody who walks through the site: the key in the story (a visitor has none), the roles, the browser."""

    key: str
    roles: frozenset[Role]
    client: FlaskClient
    token: str

    def may_open(self, access: str) -> bool:
        """Say whether the role lets this person open such an address; whether the record is theirs is another thing."""
        if access not in set(Permission):
            return True
        return bool(self.roles & set(ROLES_OF[Permission(access)]))


@dataclass(frozen=True)
class Spot:
    """One page and who looks at it."""

    rule: str
    url: str
    person: str


@dataclass
class Map:
    """What was found: one spot for each page, the addresses that answer with files, and what was not reached."""

    pages: dict[str, Spot] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    forwards: set[str] = field(default_factory=set)  # which only lead on: the search forms of visitors
    missed: dict[str, list[str]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # of the page alone, compressed


class Explorer:
    """Opens each address once, follows the links that it holds, and then tries the addresses nobody linked to."""

    def __init__(self, app: Flask, walkers: Iterable[Walker]) -> None:
        self.app, self.walkers = app, list(walkers)
        self.adapter = app.url_map.bind("localhost")
        self.rules = {rule.rule: rule for rule in app.url_map.iter_rules() if _is_page(rule)}
        self.found = Map()
        self.linked: dict[str, dict[str, None]] = {rule: {} for rule in self.rules}  # a set that keeps its order
        self.asked: set[tuple[str, str]] = set()
        self.opened: set[tuple[str, str]] = set()
        self.known: dict[str, dict[tuple[str, Any], None]] = {}  # values of parameters, by the address they stood in

    def explore(self, hints: Iterable[str] = ()) -> Map:
        """Return where every page is found; hints are addresses to which no page links."""
        for hint in hints:
            self._rule_of(hint)
        for walker in self.walkers:
            self._walk(walker, (rule for rule in self._open_rules() if not self.rules[rule].arguments))
        before = -1
        while before != len(self.found.pages) + len(self.found.files):
            before = len(self.found.pages) + len(self.found.files)
            for rule in list(self._open_rules()):
                self._try(rule, list(self.linked[rule]))
            for rule in list(self._open_rules()):
                self._try(rule, list(self._guessed(self.rules[rule])))
            for rule in list(self._open_rules()):
                self._ask_others(rule)
        return self.found

    def _ask_others(self, rule: str) -> None:
        """Look at the page above an address as others do: it may list what nobody before could see."""
        above = rule.split("/<")[0]
        for walker in self.walkers if above != rule and above in self.rules else ():
            if not self.linked[rule] and walker.may_open(self._access(above)) and (walker.key, above) not in self.asked:
                self.asked.add((walker.key, above))
                answer = walker.client.get(above)
                for link in _links(answer.text) if answer.status_code == 200 else ():
                    self._rule_of(link)

    def _open_rules(self) -> Iterator[str]:
        return (rule for rule in self.rules if rule not in self.found.pages and rule not in self.found.files)

    def _walk(self, walker: Walker, starts: Iterable[str]) -> None:
        """Follow the links that one person sees, to every kind of page that was not seen yet."""
        waiting = deque(starts)
        while waiting:
            url = waiting.popleft()
            rule = self._rule_of(url)
            if rule is None or rule in self.found.pages or rule in self.found.files:
                continue
            if walker.may_open(self._access(rule)):
                waiting += self._open(walker, rule, url)

    def _try(self, rule: str, urls: list[str]) -> None:
        for url in urls:
            for walker in self.walkers:
                if walker.may_open(self._access(rule)):
                    links = self._open(walker, rule, url)
                    if rule in self.found.pages or rule in self.found.files:
                        self._walk(walker, links)
                        return

    def _open(self, walker: Walker, rule: str, url: str) -> list[str]:
        """Open an address as a person, once: nothing changes meanwhile; return the links of the page."""
        if (walker.key, url) in self.opened:
            return []
        self.opened.add((walker.key, url))
        answer = walker.client.get(url)
        if answer.status_code in (302, 303) and not self.rules[rule].arguments and "?" not in url:
            self.found.forwards.add(rule)
        if answer.status_code != 200:
            self.found.missed.setdefault(rule, []).append(f"{walker.key or 'visitor'} {url}: {answer.status_code}")
            return []
        self.found.missed.pop(rule, None)
        self.found.forwards.discard(rule)
        self.found.sizes[rule] = len(gzip.compress(answer.data))
        if answer.mimetype != "text/html" or b"<html" not in answer.data:  # a file, or a part of a page
            self.found.files.add(rule)
            return []
        self.found.pages[rule] = Spot(rule, url, walker.key)
        links = _links(answer.text)
        for link in links:
            self._rule_of(link)
        return links

    def _rule_of(self, url: str) -> str | None:
        """Return the rule that an address belongs to; remember the address and the records that it names."""
        try:
            rule, values = self.adapter.match(urlsplit(url).path, method="GET", return_rule=True)
        except (RequestRedirect, HTTPException):
            return None
        if rule.rule not in self.rules:
            return None
        self.linked[rule.rule].setdefault(url)
        for name, value in values.items():
            self.known.setdefault(_place_of(rule.rule, name), {}).setdefault((name, value))
            self.known.setdefault(name, {}).setdefault((name, value))
        return rule.rule

    def _guessed(self, rule: Rule) -> Iterator[str]:
        """Yield addresses with records that other addresses named in the same place, or under the same name."""
        choices: list[list[tuple[str, Any]]] = []
        for name, converter in rule._converters.items():
            if isinstance(converter, AnyConverter):
                choices.append([(name, value) for value in sorted(converter.items)])
            else:
                near = self.known.get(_place_of(rule.rule, name), {})
                far = self.known.get(name, {}) if name not in COMMON else {}
                choices.append(list(near or far)[-TRIES_MAX:])
        yield from (self.adapter.build(rule.endpoint, dict(parts), method="GET") for parts in _joined(choices))

    def _access(self, rule: str) -> str:
        return str(getattr(self.app.view_functions[self.rules[rule].endpoint], "huiyi_access", ""))


COMMON = ("number", "code", "name", "place", "key", "kind", "sha256", "reference")  # names of many kinds of records


def _links(page: str) -> list[str]:
    return list(dict.fromkeys(html.unescape(link) for link in LINK.findall(page)))


def _is_page(rule: Rule) -> bool:
    return "GET" in (rule.methods or set()) and not rule.rule.startswith((*PROGRAMS, "/static/", "/language/"))


def _place_of(rule: str, name: str) -> str:
    """Return what stands before a parameter in a rule, without the kinds of the parameters."""
    head = re.split(rf"<(?:[^<>]*:)?{name}>", rule)[0]
    return re.sub(r"<[^>]*>", "<>", head) + name


def _joined(choices: list[list[tuple[str, Any]]]) -> Iterator[Mapping[str, Any] | tuple[tuple[str, Any], ...]]:
    longest = max((len(choice) for choice in choices), default=0)
    if all(choices):
        for number in range(longest):
            yield tuple(choice[number % len(choice)] for choice in choices)
