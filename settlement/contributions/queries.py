"""Reads of lineage: which source departments' resources went into a product version, however far back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.parties.model import Party
from registry.products.model import ProductInput, VersionOrigin
from registry.resources.model import Resource


@dataclass(frozen=True, slots=True)
class Source:
    """One resource that went into a product version, with its department, quality and input."""

    resource_id: UUID
    uscc: str
    quality: Fraction
    input: Fraction


@dataclass(frozen=True, slots=True)
class Contributor:
    """A source department of a product version: mean quality and summed input of its resources."""

    uscc: str
    quality: Fraction
    input: Fraction


def contributors(session: Session, version_ids: Iterable[UUID]) -> dict[UUID, list[Contributor]]:
    """Return the source departments of product versions, by credit code.

    Their own inputs count and those of what they are made from, however far back; a resource that comes in by two
    ways counts once, by its nearest use.
    """
    found: dict[UUID, list[Contributor]] = {}
    for version_id, sources in sources_of(session, version_ids).items():
        by_department: dict[str, list[Source]] = {}
        for one in sources:
            by_department.setdefault(one.uscc, []).append(one)
        found[version_id] = [
            Contributor(
                uscc, Fraction(sum((one.quality for one in ones), Fraction(0)), len(ones)),
                sum((one.input for one in ones), Fraction(0)),
            )
            for uscc, ones in sorted(by_department.items())
        ]  # fmt: skip
    return found


def sources_of(session: Session, version_ids: Iterable[UUID]) -> dict[UUID, list[Source]]:
    """Return every resource that went into product versions, with its department, by credit code."""
    asked = set(version_ids)
    origins: dict[UUID, list[UUID]] = {}
    wave = asked
    while wave:
        query = sa.select(VersionOrigin.version_id, VersionOrigin.origin_version_id).where(
            VersionOrigin.version_id.in_(wave)
        )
        origins |= {version_id: [] for version_id in wave}
        edges = session.execute(query.order_by(VersionOrigin.version_id, VersionOrigin.origin_version_id)).all()
        for version_id, origin_id in edges:
            origins[version_id] = [*origins[version_id], origin_id]
        wave = {origin_id for _, origin_id in edges} - origins.keys()
    rows = session.execute(
        sa.select(
            ProductInput.version_id, ProductInput.resource_id, Party.uscc, ProductInput.quality,
            ProductInput.weight_input,
        )
        .join(Resource, Resource.id == ProductInput.resource_id)
        .join(Party, Party.id == Resource.source_department_id)
        .where(ProductInput.version_id.in_(origins.keys()))
        .order_by(ProductInput.version_id, Party.uscc, ProductInput.resource_id)
    )  # fmt: skip
    own: dict[UUID, list[Source]] = {}
    for version_id, resource_id, uscc, quality, weight in rows:
        own.setdefault(version_id, []).append(Source(resource_id, uscc, Fraction(quality), Fraction(weight)))
    return {version_id: found for version_id in sorted(asked) if (found := _nearest(version_id, origins, own))}


def _nearest(
    version_id: UUID, origins: Mapping[UUID, Sequence[UUID]], own: Mapping[UUID, list[Source]]
) -> list[Source]:
    seen: set[UUID] = set()
    found: dict[UUID, Source] = {}
    wave = [version_id]
    while wave:
        seen |= set(wave)
        for one in (source for at in wave for source in own.get(at, [])):
            found.setdefault(one.resource_id, one)
        wave = [origin for at in wave for origin in origins.get(at, []) if origin not in seen]
    return sorted(found.values(), key=lambda one: (one.uscc, str(one.resource_id)))
