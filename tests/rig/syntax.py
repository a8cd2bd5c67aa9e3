"""Small questions about Python's syntax tree, for the house rules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_public(name: str) -> bool:
    """Return whether others may use the name."""
    return not name.startswith("_")


def public_functions(tree: ast.Module) -> list[Function]:
    """Return the public functions of a file, without methods."""
    return [node for node in tree.body if isinstance(node, Function) and is_public(node.name)]


def functions_of(tree: ast.Module) -> Iterator[Function]:
    """Yield the functions of a file and the methods of its public classes."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef) and is_public(node.name):
            yield from (inner for inner in node.body if isinstance(inner, Function))


def own_nodes(scope: ast.AST) -> list[ast.AST]:
    """Return the nodes of a function or file without those of the functions inside it."""
    kept: list[ast.AST] | None = getattr(scope, "own_nodes", None)
    if kept is None:
        waiting, kept = list(ast.iter_child_nodes(scope)), []
        while waiting:
            kept.append(node := waiting.pop())
            if not isinstance(node, Function):
                waiting += ast.iter_child_nodes(node)
        scope.own_nodes = kept  # type: ignore[attr-defined]  # several rules ask, some of them again and again
    return kept


def line_of(node: ast.AST) -> int:
    """Return the line of a statement or expression."""
    return int(getattr(node, "lineno", 1))


def parameters(function: Function) -> list[str]:
    """Return the names that may be given by position."""
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a chain of names, what is known of it otherwise."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return ""


def last_name(node: ast.AST) -> str:
    """Return the last part of a dotted name."""
    return dotted(node).rpartition(".")[2]


def called(function: Function) -> set[str]:
    """Return the dotted names that the function calls."""
    return {dotted(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}


def section(docstring: str, title: str) -> str:
    """Return the text of one section of a docstring, up to the next title."""
    found = re.search(rf"^{title}\n(.*?)(?=^\w+:\n|\Z)", f"{docstring}\n", flags=re.MULTILINE | re.DOTALL)
    return found[1] if found else ""
