"""Questions that are put together once and then asked as text.

To walk through an expression of a dozen gates anew takes longer than to answer it. Whatever holds for the whole day
stands in the text itself; what each asking brings are its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

DIALECTS: Mapping[str, Any] = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}
OPENING, CLOSING = "huiyi_asked_", "_huiyi"


def asked(name: str) -> sa.ColumnClause[Any]:
    """Return the place in a question where the parameter ``name`` goes."""
    return sa.literal_column(f"{OPENING}{name}{CLOSING}")


def prepared(question: sa.Select[Any], dialect: str, **parameters: sa.types.TypeEngine[Any]) -> sa.TextualSelect:
    """Return ``question`` as the text of a database, with a parameter of each type where :func:`asked` stands.

    The caller keeps the result, by everything that is written into the text (the day, the book of rules).
    """
    plain = DIALECTS[dialect](paramstyle="named")
    text = str(question.compile(dialect=plain, compile_kwargs={"literal_binds": True})).replace(":", r"\:")
    for name in parameters:
        text = text.replace(f"{OPENING}{name}{CLOSING}", f":{name}")
    binds = [sa.bindparam(name, type_=kind) for name, kind in parameters.items()]
    columns = [sa.column(column.name, column.type) for column in question.selected_columns]
    return sa.text(text).bindparams(*binds).columns(*columns)
