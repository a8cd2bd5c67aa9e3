"""What the database's own refusals say is kept beside the checker: a weakened trigger is not the one it was (A3)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import yaml

from tests.rig import databases as rig
from web.checker.guards import OTHERS, REGISTER, missing_guards, said_by_guards, short

HEAD = "# what each refusal of the database says, as digests; written by: python -m tests.web.test_guards\n"


def registered(connection: sa.Connection) -> dict[str, str]:
    """What the register should keep of this database."""
    said = said_by_guards(connection)
    return {name: short(said[name]) for name in OTHERS}


@pytest.mark.both_databases
def test_the_register_says_what_the_migrations_build(database_url: str, database_kind: str) -> None:
    kept = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        built = registered(connection)
        assert {name: digests[database_kind] for name, digests in kept.items()} == built, (
            "write the register anew: python -m tests.web.test_guards"
        )
        assert missing_guards(connection) == []
    engine.dispose()


def main() -> None:
    """Write the register from databases that the migrations built."""
    rig.open_run()
    try:
        pool, kept = rig.Databases("register"), dict[str, dict[str, str]]()
        for kind in rig.KINDS:
            engine = sa.create_engine(pool.fresh(kind))
            with engine.connect() as connection:
                for name, digest in registered(connection).items():
                    kept.setdefault(name, {})[kind] = digest
            engine.dispose()
        pool.close()
        lines = [f"{name}: {{sqlite: '{one['sqlite']}', postgresql: '{one['postgresql']}'}}"
                 for name, one in sorted(kept.items())]  # fmt: skip
        REGISTER.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    finally:
        rig.close_run()


if __name__ == "__main__":
    main()
