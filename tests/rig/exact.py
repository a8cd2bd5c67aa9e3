"""Which expressions are visibly exact: Fraction or Decimal by construction, by annotation or by assignment.

A reader's eye, not a type checker: whatever is computed from an exact name counts as exact.
"""

from __future__ import annotations

import ast
import re

from tests.rig.syntax import Function, last_name, own_nodes

EXACT_TYPES = {"Fraction", "Decimal"}
DECIMAL_TEXT = re.compile(r"[+-]?\d+(\.\d+)?")


def exact_names(scope: ast.AST) -> set[str]:
    """Return the names in a function or file that hold Fraction or Decimal."""
    names = set()
    if isinstance(scope, Function):
        arguments = (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)
        names = {argument.arg for argument in arguments if _is_exact_annotation(argument.annotation)}
    for node in own_nodes(scope):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and _is_exact_annotation(node.annotation)
        ):
            names.add(node.target.id)
    grew = True
    while grew:
        before = len(names)
        for node in own_nodes(scope):
            if isinstance(node, ast.Assign) and is_exact(node.value, names):
                names |= {name for target in node.targets for name in _names_in(target)}
            elif isinstance(node, ast.For | ast.comprehension) and _names_in(node.iter) & names:
                names |= _names_in(node.target)
        grew = len(names) > before
    return names


def is_exact(node: ast.expr, names: set[str]) -> bool:
    """Return whether the expression is visibly Fraction or Decimal."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Call):
        return last_name(node.func) in EXACT_TYPES or any(_names_in(part) & names for part in (node.func, *node.args))
    if isinstance(node, ast.Subscript):
        return is_exact(node.value, names)
    if isinstance(node, ast.BinOp):
        return is_exact(node.left, names) or is_exact(node.right, names)
    if isinstance(node, ast.UnaryOp):
        return is_exact(node.operand, names)
    return False


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _is_exact_annotation(annotation: ast.expr | None) -> bool:
    if annotation is None:
        return False
    return any(isinstance(node, ast.Name) and node.id in EXACT_TYPES for node in ast.walk(annotation))
