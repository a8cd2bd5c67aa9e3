"""Settings are complete or the start is refused, with everything that is wrong named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.config import Config, ConfigError

STRONG = "k3Yd-8fQz2LmW0pXr7TsVbN4uJhGcEaM"
PRODUCTION = {
    "HUIYI_ENV": "production",
    "HUIYI_DATABASE_URL": "postgresql+psycopg://huiyi@db.example/huiyi",
    "HUIYI_SECRET_KEY": STRONG,
    "HUIYI_TRUSTED_HOSTS": "huiyi.example",
}
OVERLAYS = Path(__file__).resolve().parents[2] / "policies" / "overlays"


def refusal(environment: dict[str, str]) -> str:
    """Return the words with which the start is refused."""
    with pytest.raises(ConfigError) as refused:
        Config.from_environment(environment)
    return str(refused.value)


def test_nothing_set_is_enough_for_ones_own_machine() -> None:
    config = Config.from_environment({})
    assert config.env == "development"
    assert config.database_url.startswith("sqlite:///")
    assert len(config.secret_key) >= 32


def test_every_process_of_a_developer_has_another_secret() -> None:
    assert Config.from_environment({}).secret_key != Config.from_environment({}).secret_key


def test_variables_of_other_programs_are_left_alone() -> None:
    assert Config.from_environment({"PATH": "/bin", "HUIYIN": "1"}).env == "development"


def test_an_unknown_setting_is_named_so_that_a_misspelling_cannot_go_unnoticed() -> None:
    words = refusal({"HUIYI_DATABASE": "sqlite://", "HUIYI_TRUSTED_HOST": "x"})
    assert "HUIYI_DATABASE：没有这一设置" in words
    assert "HUIYI_TRUSTED_HOST：没有这一设置" in words


def test_complete_production_settings_are_accepted() -> None:
    assert Config.from_environment(PRODUCTION).env == "production"


def test_production_names_everything_that_is_missing_at_once() -> None:
    words = refusal({"HUIYI_ENV": "production", "HUIYI_PORT": "http", "HUIYI_SPEED": "9"})
    for name in ("HUIYI_DATABASE_URL", "HUIYI_SECRET_KEY", "HUIYI_TRUSTED_HOSTS", "HUIYI_PORT", "HUIYI_SPEED"):
        assert name in words


@pytest.mark.parametrize("name", ["HUIYI_DATABASE_URL", "HUIYI_SECRET_KEY", "HUIYI_TRUSTED_HOSTS"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_production_lacks_a_setting_that_is_absent_or_empty(name: str, value: str | None) -> None:
    environment = (
        {**PRODUCTION, name: value} if value is not None else {k: v for k, v in PRODUCTION.items() if k != name}
    )
    assert f"{name}：生产环境必须设置" in refusal(environment)


@pytest.mark.parametrize("secret", ["change-me", STRONG[:31], "a" * 64, "abcabcabc" * 8])
def test_production_refuses_a_weak_secret(secret: str) -> None:
    assert "HUIYI_SECRET_KEY：至少 32 个字符" in refusal({**PRODUCTION, "HUIYI_SECRET_KEY": secret})


@pytest.mark.parametrize("address", ["huiyi.example", "ftp://huiyi.example", "https://huiyi.example/", "https://a/b"])
def test_the_public_address_is_one_that_a_certificate_can_carry(address: str) -> None:
    assert "HUIYI_BASE_URL" in refusal({"HUIYI_BASE_URL": address})
    assert Config.from_environment({"HUIYI_BASE_URL": "https://huiyi.example:8443"}).base_url.endswith("8443")


def test_a_refused_secret_is_not_repeated_in_the_refusal() -> None:
    assert "hunter2hunter2" not in refusal({**PRODUCTION, "HUIYI_SECRET_KEY": "hunter2hunter2"})


def test_production_refuses_the_demonstration_values(tmp_path: Path) -> None:
    shipped = OVERLAYS / "demonstration.yaml"
    renamed = tmp_path / "local.yaml"
    renamed.write_bytes(shipped.read_bytes())
    for path in (shipped, renamed):
        words = refusal({**PRODUCTION, "HUIYI_POLICY_OVERLAYS": str(path)})
        assert "HUIYI_POLICY_OVERLAYS：生产环境不得使用演示取值" in words
    assert Config.from_environment({"HUIYI_POLICY_OVERLAYS": str(shipped)}).overlays() == [shipped]


def test_production_accepts_an_overlay_that_names_its_documents(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("title: 本地确认的取值\n", encoding="utf-8")
    assert Config.from_environment({**PRODUCTION, "HUIYI_POLICY_OVERLAYS": str(own)}).overlays() == [own]


def test_an_overlay_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"没有文件 {tmp_path / 'x.yaml'}" in refusal({"HUIYI_POLICY_OVERLAYS": str(tmp_path / "x.yaml")})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUIYI_ENV", "staging"), ("HUIYI_PAYMENT", "cash"), ("HUIYI_PORT", "0"), ("HUIYI_PORT", "-1"),
        ("HUIYI_WORKERS", "two"), ("HUIYI_WORKERS", "²"), ("HUIYI_BODY_BYTES_MAX", ""), ("HUIYI_BODY_BYTES_MAX", "1e6"),
        ("HUIYI_BODY_BYTES_MAX", "٣"), ("HUIYI_DATABASE_URL", "not a url"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_right_is_named_and_never_guessed(name: str, value: str) -> None:
    assert f"{name}：" in refusal({name: value})


def test_a_config_cannot_be_changed_after_it_was_read() -> None:
    config = Config.from_environment({})
    with pytest.raises(AttributeError):
        config.env = "production"  # type: ignore[misc]


def test_shown_settings_hide_the_secret_and_the_password_of_the_database() -> None:
    config = Config.from_environment({**PRODUCTION, "HUIYI_DATABASE_URL": "postgresql+psycopg://u:hunter2@h/d"})
    shown = {name: value for name, value, _ in config.rows()}
    assert shown["HUIYI_DATABASE_URL"] == "postgresql+psycopg://u:***@h/d"
    assert STRONG not in shown.values()
    assert "hunter2" not in str(config.rows())


def test_every_setting_has_a_meaning_and_is_shown() -> None:
    rows = Config.from_environment({}).rows()
    assert {"HUIYI_ENV", "HUIYI_DATABASE_URL", "HUIYI_SECRET_KEY", "HUIYI_TRUSTED_HOSTS"} <= {row[0] for row in rows}
    assert all(meaning for _, _, meaning in rows)
