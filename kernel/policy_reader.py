"""Reads one YAML file strictly and collects faults instead of stopping at the first."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from kernel.errors import DomainError
from kernel.policy_records import RULE


class PolicyBroken(DomainError):
    """The policy files contradict their own form; ``faults`` lists every one of them."""

    code = "policy.broken"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(f"政策文件有 {len(faults)} 处错误：\n" + "\n".join(faults))
        self.faults = tuple(faults)


class Plain(str):
    """A scalar written without quotation marks, for which YAML would have chosen a type of its own."""


class _Loader(yaml.CSafeLoader):
    """Safe YAML which refuses a key given twice and remembers that a ``value`` lacked its quotation marks."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # refused below as a key that cannot be hashed
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"键 {key_node.value} 重复", key_node.start_mark)
            seen.add(key_node.value)
            if key_node.value == "value" and isinstance(value_node, yaml.ScalarNode) and not value_node.style:
                value_node.tag = "!plain"
        return super().construct_mapping(node, deep=deep)


_Loader.add_constructor("!plain", lambda loader, node: Plain(node.value))


class Reader:
    """Collects faults while it turns plain mappings into records."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, file: str, where: str, words: str) -> None:
        """Note one fault: which file, which entry, what is wrong."""
        self.faults.append(f"{file}：{where}：{words}" if where else f"{file}：{words}")

    def load(self, path: Path) -> dict[str, Any]:
        """Return the file's top mapping; note a fault and return an empty one when there is none."""
        try:
            content = _Loader(path.read_text(encoding="utf-8")).get_single_data()
        except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
            self.fault(path.name, "", f"无法读取：{' '.join(str(error).split())}")
            return {}
        if not isinstance(content, dict):
            self.fault(path.name, "", "文件应当是键值表")
            return {}
        return content

    def mapping(self, file: str, where: str, content: object) -> dict[str, Any]:
        """Return the entry as a mapping; absent is empty, anything else is a fault."""
        if content is None:
            return {}
        if not isinstance(content, dict):
            self.fault(file, where, "应当是键值表")
            return {}
        return {str(key): value for key, value in content.items()}

    def keys(self, file: str, where: str, content: Mapping[str, Any], required: str, optional: str = "") -> bool:
        """Note unknown and missing keys; return whether all required ones are there and filled."""
        needed, allowed = required.split(), {*required.split(), *optional.split()}
        for key in content:
            if key not in allowed:
                self.fault(file, where, f"不认识的键 {key}，可用：{'、'.join(sorted(allowed))}")
        lacking = [key for key in needed if content.get(key) in (None, "")]
        for key in lacking:
            self.fault(file, where, f"缺少 {key}")
        return not lacking

    def day(self, file: str, where: str, key: str, content: Mapping[str, Any]) -> date | None:
        """Return the date under ``key``; note a fault when something else stands there."""
        raw = content.get(key)
        if raw is None:
            return None
        try:
            # A datetime is a date too, but carries an hour which no act means.
            return raw if type(raw) is date else date.fromisoformat(raw)
        except (TypeError, ValueError):
            self.fault(file, where, f"{key} 应当是日期 YYYY-MM-DD，现为 {raw!r}")
            return None

    def words(self, file: str, where: str, content: object) -> tuple[str, ...]:
        """Return a list of texts; absent is empty, anything else is a fault."""
        if content is None:
            return ()
        if not isinstance(content, list) or not all(isinstance(word, str) and word for word in content):
            self.fault(file, where, "应当是文字列表")
            return ()
        return tuple(content)

    def rule(self, file: str, where: str, content: Mapping[str, Any]) -> str:
        """Return the rule id of an entry, such as ``PRC-02``."""
        rule = text(content, "rule")
        if rule and not RULE.fullmatch(rule):
            self.fault(file, where, f"rule 应当形如 PRC-02，现为 {rule}")
        return rule


def text(content: Mapping[str, Any], key: str) -> str:
    """Return the entry under ``key`` as text, empty when absent."""
    raw = content.get(key)
    return "" if raw is None else str(raw).strip()
