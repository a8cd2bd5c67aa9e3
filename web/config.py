"""The settings of one process: read once from the environment, frozen, complete or refused."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kernel.addresses import read_admitted
from kernel.sealing import DEVELOPMENT_KEYS

ROOT = Path(__file__).resolve().parent.parent
SECRET_LENGTH_MIN = 32
SECRET_VARIETY_MIN = 10
BASE_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
STRIPE_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9]{10,}", re.ASCII)
STRIPE_SECRETS_MAX = 3
PROXIES = ("0", "1", "2", "3", "4")
POSITIVE = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
USAGE_ENGINES = ("database", "duckdb", "spark")
ENVIRONMENTS = ("development", "production", "demonstration", "test")


class ConfigError(Exception):
    """Settings are missing or weak; the message names all of them at once."""


def _setting(default: Any, meaning: str, *, secret: bool = False) -> Any:
    metadata = {"meaning": meaning, "secret": secret}
    return (
        field(default=default, metadata=metadata)
        if not callable(default)
        else field(default_factory=default, metadata=metadata)
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting with its meaning; ``HUIYI_`` + the upper-case name is the environment variable."""

    env: str = _setting("development", "development、production、demonstration 或 test")
    database_url: str = _setting(
        f"sqlite:///{ROOT / 'var' / 'huiyi.sqlite'}", "数据库地址：SQLite，或 postgresql+psycopg://…"
    )
    secret_key: str = _setting(
        lambda: secrets.token_hex(32), "签名密钥（游标、表单令牌），生产环境至少 32 个字符", secret=True
    )
    account_keys: str = _setting(
        "", "收款账号的加密密钥，逗号分隔：首个用于加密，其余只用于读取；不填则生产环境用 HUIYI_SECRET_KEY", secret=True
    )
    policies: str = _setting(str(ROOT / "policies"), "政策文件目录")
    policy_overlays: str = _setting("", "补充法规未定取值的覆盖文件，多个以冒号分隔")
    payment: str = _setting("bank", "收款方式：bank（对公转账），或 bank,stripe（另可在线支付）")
    stripe_key: str = _setting("", "Stripe 密钥（sk_… 或 rk_…），开通在线支付时必填", secret=True)
    stripe_webhook_secrets: str = _setting("", "Stripe 通知的签名密钥（whsec_…），逗号分隔，最多三个", secret=True)
    stripe_ways: str = _setting("card,alipay,wechat_pay", "在线支付接受的方式，逗号分隔，以 Stripe 账户开通的为准")
    stripe_base: str = _setting("", "Stripe 接口地址，只用于测试；不填即正式地址")
    host: str = _setting("127.0.0.1", "监听地址")
    port: str = _setting("8000", "监听端口")
    workers: str = _setting("2", "服务进程数")
    trusted_hosts: str = _setting("", "允许的主机名，逗号分隔；生产环境必填")
    base_url: str = _setting("", "对外网址，印在证书二维码中，例如 https://huiyi.example；不填则用来访者所用网址")
    outbound_networks: str = _setting(
        "", "推送等外呼可达的自有网络，逗号分隔，例如 10.1.2.0/24:8443；不填则只许公网 443、8443 端口"
    )
    challenge_minutes: str = _setting("60", "推送地址验证消息的有效分钟数：逾期的应答不算数，须重新发送验证")
    outbound_certificates: str = _setting("", "自有网络的根证书文件（PEM），用于核验外呼对方的证书")
    usage_engine: str = _setting("database", "用量汇总引擎：database、duckdb（读归档）或 spark（集群读归档）")
    usage_archive: str = _setting(str(ROOT / "var" / "usage"), "用量归档目录；用 spark 时各计算节点须能以同一路径读到")
    spark_master: str = _setting("local[2]", "Spark 主节点，例如 spark://10.1.2.3:7077；只用于 spark 引擎")
    visits_per_minute: str = _setting("600", "未登录来访者每分钟可查询公开目录的次数，按来源地址计")
    proxies: str = _setting("0", "本站之前的反向代理层数：每层须在 X-Forwarded-For 末尾添上来源地址")
    body_bytes_max: str = _setting(str(16 * 1024 * 1024), "请求体上限（字节）")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read ``HUIYI_*``.

        Raises:
            ConfigError: names every unknown, missing or weak setting.
        """
        environ = os.environ if environment is None else environment
        known = {f"HUIYI_{item.name.upper()}": item.name for item in fields(cls)}
        given = {name: value for name, value in environ.items() if name.startswith("HUIYI_")}
        faults = [f"{name}：没有这一设置" for name in sorted(given) if name not in known]
        config = cls(**{known[name]: value for name, value in given.items() if name in known})
        faults += config.faults()
        if config.env == "production":
            faults += config.faults_in_production(given)
        if faults:
            raise ConfigError("配置有误，未启动：\n  " + "\n  ".join(faults))
        return config

    def faults(self) -> list[str]:
        """Return what is wrong, in words; production must be told everything that guards it."""
        found = []
        if self.env not in ENVIRONMENTS:
            found.append(f"HUIYI_ENV：只能是 {'、'.join(ENVIRONMENTS)} 之一")
        found += self.faults_of_payment()
        if self.usage_engine not in USAGE_ENGINES:
            found.append(f"HUIYI_USAGE_ENGINE：只能是 {'、'.join(USAGE_ENGINES)} 之一")
        if self.usage_engine == "spark" and find_spec("pyspark") is None:
            found.append("HUIYI_USAGE_ENGINE：spark 需要另装 pyspark（安装时选 huiyi[spark]）和 Java 17")
        numbers = ("port", "workers", "body_bytes_max", "challenge_minutes", "visits_per_minute")
        found += [f"HUIYI_{name.upper()}：须为正整数" for name in numbers
                  if POSITIVE.fullmatch(getattr(self, name)) is None]  # fmt: skip
        if self.proxies not in PROXIES:
            found.append(f"HUIYI_PROXIES：须为 {PROXIES[0]} 至 {PROXIES[-1]}")
        if self.base_url and BASE_URL.fullmatch(self.base_url) is None:
            found.append("HUIYI_BASE_URL：须为 http:// 或 https:// 开头的网址，不带路径和结尾的斜线")
        try:
            read_admitted(self.outbound_networks)
        except ValueError:
            found.append("HUIYI_OUTBOUND_NETWORKS：须为 IP 网络，可带端口，逗号分隔")
        if self.outbound_certificates and not Path(self.outbound_certificates).is_file():
            found.append(f"HUIYI_OUTBOUND_CERTIFICATES：没有文件 {self.outbound_certificates}")
        try:
            make_url(self.database_url)
        except ArgumentError:
            found.append("HUIYI_DATABASE_URL：不是数据库地址")
        found += [f"HUIYI_POLICY_OVERLAYS：没有文件 {path}" for path in self.overlays() if not path.is_file()]
        return found

    def faults_of_payment(self) -> list[str]:
        """Return what is wrong with the ways of paying."""
        ways = self.payment.split(",")
        if "bank" not in ways or len(set(ways)) < len(ways) or set(ways) - {"bank", "stripe"}:
            return ["HUIYI_PAYMENT：只能是 bank 或 bank,stripe"]
        if not self.takes_stripe:
            return []
        found = []
        if STRIPE_KEY.fullmatch(self.stripe_key) is None:
            found.append("HUIYI_STRIPE_KEY：在线支付需要 sk_ 或 rk_ 开头的密钥")
        if not 1 <= len(self.stripe_secrets()) <= STRIPE_SECRETS_MAX:
            found.append(f"HUIYI_STRIPE_WEBHOOK_SECRETS：在线支付需要一至 {STRIPE_SECRETS_MAX} 个签名密钥")
        if self.stripe_base and BASE_URL.fullmatch(self.stripe_base) is None:
            found.append("HUIYI_STRIPE_BASE：须为 http:// 或 https:// 开头的网址")
        return found

    @property
    def takes_stripe(self) -> bool:
        """Say whether buyers may pay online."""
        return "stripe" in self.payment.split(",")

    def sealing_keys(self) -> tuple[str, ...]:
        """Return the keys that seal account numbers, the present one first; outside production one that all know."""
        given = tuple(text.strip() for text in self.account_keys.split(",") if text.strip())
        return given or ((self.secret_key,) if self.env == "production" else DEVELOPMENT_KEYS)

    def stripe_secrets(self) -> tuple[str, ...]:
        """Return the secrets that sign Stripe's webhooks; several while one is being replaced."""
        return tuple(text.strip() for text in self.stripe_webhook_secrets.split(",") if text.strip())

    def faults_in_production(self, given: Mapping[str, str]) -> list[str]:
        """Return what production lacks; a default that is right for one's own machine guards nothing."""
        found = [f"HUIYI_{name}：生产环境必须设置" for name in ("DATABASE_URL", "SECRET_KEY", "TRUSTED_HOSTS")
                 if not given.get(f"HUIYI_{name}", "").strip()]  # fmt: skip
        if given.get("HUIYI_SECRET_KEY") and not is_strong(self.secret_key):
            found.append(f"HUIYI_SECRET_KEY：至少 {SECRET_LENGTH_MIN} 个字符且不可重复单调")
        if self.account_keys and not all(is_strong(key) for key in self.sealing_keys()):
            found.append(f"HUIYI_ACCOUNT_KEYS：每个密钥至少 {SECRET_LENGTH_MIN} 个字符且不可重复单调")
        if self.stripe_base or (self.takes_stripe and "_test_" in self.stripe_key):
            found.append("HUIYI_STRIPE_KEY：生产环境不得使用测试密钥或测试地址")
        if any(is_for_demonstration(path) for path in self.overlays()):
            found.append("HUIYI_POLICY_OVERLAYS：生产环境不得使用演示取值")
        return found

    @property
    def is_demonstration(self) -> bool:
        """Say whether this process tells the built-in story."""
        return self.env == "demonstration"

    def overlays(self) -> list[Path]:
        """Return the overlay files."""
        return [Path(text) for text in self.policy_overlays.split(":") if text]

    def rows(self) -> list[tuple[str, str, str]]:
        """Return name, present value (secrets masked) and meaning of every setting."""
        shown = {item.name: "••••" if item.metadata["secret"] else str(getattr(self, item.name))
                 for item in fields(self)}  # fmt: skip
        shown["database_url"] = make_url(self.database_url).render_as_string(hide_password=True)
        return [(f"HUIYI_{item.name.upper()}", shown[item.name], item.metadata["meaning"]) for item in fields(self)]


def is_strong(secret: str) -> bool:
    """Say whether a signing key is long and varied enough."""
    return len(secret) >= SECRET_LENGTH_MIN and len(set(secret)) >= SECRET_VARIETY_MIN


def is_for_demonstration(overlay: Path) -> bool:
    """Say whether an overlay rests on no document: by its name, or because it says so itself."""
    told = overlay.is_file() and "status: demonstration" in overlay.read_text(encoding="utf-8")
    return told or "demonstration" in overlay.name
