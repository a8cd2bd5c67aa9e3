"""The house rules, on the syntax tree: each rule yields the line and the words of what it objects to.

``violations(source, path)`` applies every rule that concerns the path. The samples under ``tests/planted`` show
for each rule what it catches, line by line, and what it lets pass.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from tests.rig.exact import DECIMAL_TEXT, exact_names, is_exact
from tests.rig.syntax import (
    Function,
    called,
    dotted,
    functions_of,
    is_public,
    last_name,
    line_of,
    own_nodes,
    parameters,
    public_functions,
    section,
)

Found = Iterator[tuple[int, str]]

PACKAGES = {"registry", "pricing", "market", "settlement"}
BELOW_THE_EDGE = {"rules", "model", "queries", "checks", "commands", "policy"}
SCREEN = 60
HEAD = 400
ALLOWED_NUMBERS = {-1, 0, 1, 2}
INEXACT_COLUMNS = {"Float", "Numeric", "Double", "REAL", "DOUBLE", "DOUBLE_PRECISION"}
NUMBER_MAKERS = {"Decimal", "Fraction", "Money", "UnitPrice", "yuan", "int", "timedelta"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
# digits that belong to the name: a hash, a cipher, an encoding, a version
NAMES_WITH_DIGITS = re.compile(r"(sha|sm|md|base|utf|v|uuid|h|x|y)\d+$")


@dataclass(frozen=True)
class Module:
    """One file, parsed once."""

    path: PurePosixPath
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.source)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Every call of the file."""
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def top(self) -> str:
        """The package."""
        return self.path.parts[0]

    @cached_property
    def kind(self) -> str:
        """The file name that says what it holds: rules, model, queries …"""
        return self.path.stem

    @cached_property
    def is_code(self) -> bool:
        """Whether the application ships it."""
        return self.top in {"kernel", "web", *PACKAGES}

    @cached_property
    def is_below_the_edge(self) -> bool:
        """Whether neither HTTP nor a transaction may start here."""
        return self.top in PACKAGES and self.kind in BELOW_THE_EDGE

    @cached_property
    def touches_money(self) -> bool:
        """Whether amounts may pass through."""
        return self.top in PACKAGES or (self.top, self.kind) in {("kernel", "money"), ("kernel", "db")}


Rule = Callable[[Module], Found]
RULES: dict[str, Rule] = {}


def rule(check: Rule) -> Rule:
    """Add a check to the house rules, under its own name."""
    RULES[check.__name__] = check
    return check


def violations(source: str, path: str) -> list[str]:
    """Return every objection to the file, as ``path:line: rule: words``."""
    module = Module(PurePosixPath(path), source)
    return [f"{path}:{line}: {name}: {words}" for name in RULES for line, words in RULES[name](module)]


@rule
def regulated_numbers_come_from_policy(module: Module) -> Found:
    """Rules hold no number but -1, 0, 1, 2, neither as a literal nor as text that becomes one."""
    if module.top not in PACKAGES or module.kind != "rules":
        return
    for node in module.nodes:
        if isinstance(node, ast.Constant) and type(node.value) in {int, float, complex}:
            if type(node.value) is not int or node.value not in ALLOWED_NUMBERS:
                yield node.lineno, f"{node.value!r} is a number: take it as an argument, from policies/ or from kernel"
    for call in module.calls:
        if last_name(call.func) not in NUMBER_MAKERS:
            continue
        for argument in call.args:
            text = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(text, str) and DECIMAL_TEXT.fullmatch(text) and float(text) not in ALLOWED_NUMBERS:
                yield call.lineno, f"{text!r} is a number in quotation marks: take it as an argument"


@rule
def money_never_meets_a_float(module: Module) -> Found:
    """No float(), round(), float columns or annotations, and no frame that guesses the type of a cell."""
    if not module.touches_money and module.top != "migrations":
        return
    for call in module.calls:
        name = last_name(call.func)
        if isinstance(call.func, ast.Name) and name in {"float", "round"}:
            yield call.lineno, f"{name}() makes or keeps a binary fraction: use Money, Decimal or Fraction"
        if name == "astype" and any(is_float_type(argument) for argument in call.args):
            yield call.lineno, "astype(float) makes binary fractions: keep the cells as text"
        if name in {"read_csv", "read_excel"} and not any(keyword.arg == "dtype" for keyword in call.keywords):
            yield call.lineno, f"{name} without dtype= guesses floats: say dtype=str"
    for node in module.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and last_name(node) in INEXACT_COLUMNS:
            yield node.lineno, f"{last_name(node)} goes through float on SQLite: use Money, UnitPrice or a rate"
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None and names_float(node.annotation):
            yield node.lineno, "a value annotated float: use Money, Decimal or Fraction"
        if isinstance(node, Function) and node.returns is not None and names_float(node.returns):
            yield node.lineno, f"{node.name} returns a float: use Money, Decimal or Fraction"


@rule
def division_is_exact(module: Module) -> Found:
    """``/`` on amounts is only for operands that are visibly Fraction or Decimal."""
    if not module.touches_money or module.kind in {"db", "sheets", "gateway", "api", "pages"}:
        return
    scopes: list[ast.AST] = [module.tree, *(node for node in module.nodes if isinstance(node, Function))]
    for scope in scopes:
        divisions = [(node, operands) for node in own_nodes(scope) if (operands := divided(node))]
        exact = exact_names(scope) if divisions else set()
        for node, operands in divisions:
            if not any(is_exact(operand, exact) for operand in operands):
                yield (
                    line_of(node),
                    "true division of ints is a float: write Fraction(a, b), or // and say who gets the rest",
                )


def divided(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """Return the operands of a true division, unless a path is being joined."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        operands = (node.left, node.right)
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        operands = (node.target, node.value)
    else:
        return None
    joins_paths = any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for operand in operands
        for part in ast.walk(operand)
    )
    return None if joins_paths else operands


def is_float_type(node: ast.expr) -> bool:
    """Return whether the expression names a binary floating type."""
    return (isinstance(node, ast.Constant) and str(node.value).lower().startswith("float")) or "float" in dotted(node)


def names_float(annotation: ast.expr) -> bool:
    """Return whether the annotation mentions ``float``."""
    return any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(annotation))


@rule
def commands_say_who_acts(module: Module) -> Found:
    """A command takes session and actor first."""
    if module.kind != "commands":
        return
    for function in public_functions(module.tree):
        if parameters(function)[:2] != ["session", "actor"]:
            yield function.lineno, f"{function.name} must take session, actor first"


@rule
def commands_leave_an_audit_line(module: Module) -> Found:
    """A command calls audit.record (or writes audit.values), itself or through a function of its file."""
    if module.kind != "commands":
        return
    local = {function.name: function for function in module.tree.body if isinstance(function, Function)}
    recording = {
        name for name, function in local.items() if {"audit.record", "audit.values", "record"} & called(function)
    }
    while more := {name for name in local.keys() - recording if called(local[name]) & recording}:
        recording |= more
    for function in public_functions(module.tree):
        if function.name not in recording:
            yield function.lineno, f"{function.name} leaves no audit line: end with audit.record(…)"


@rule
def only_the_edge_commits(module: Module) -> Found:
    """No commit, rollback or transaction below routes, jobs and the command line."""
    if module.top not in PACKAGES or module.kind in {"api", "pages"}:
        return
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "rollback", "begin"}:
            yield call.lineno, f".{call.func.attr}() belongs to the edge: with db.transaction() in a route or job"
        if last_name(call.func) in {"transaction", "joinable_transaction", "write_transaction"}:
            yield call.lineno, "a transaction is opened by a route, job or command of the terminal, never here"


@rule
def time_is_passed_in(module: Module) -> Found:
    """Only kernel/clock.py reads the clock; below the edge not even that is called."""
    if not module.is_code or module.path == PurePosixPath("kernel/clock.py"):
        return
    for call in module.calls:
        name = dotted(call.func)
        if re.search(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$", name):
            yield call.lineno, f"{name}() reads the clock: take now or today as an argument"
        if re.search(r"\bfunc\.(now|current_timestamp|current_date|localtimestamp)$", name):
            yield call.lineno, f"{name}() reads the database's clock: store the moment that was passed in"
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "time" and {a.name for a in node.names} & {"time"}:
            yield line_of(node), "time.time reads the clock: take now as an argument"
        if module.is_below_the_edge and imports_the_clock(node):
            yield line_of(node), "the moment is an argument here: the edge calls clock.now()"


def imports_the_clock(node: ast.AST) -> bool:
    """Return whether the statement imports kernel.clock or part of it."""
    if isinstance(node, ast.Import):
        return any(alias.name == "kernel.clock" for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        is_part = node.module == "kernel" and any(alias.name == "clock" for alias in node.names)
        return is_part or node.module == "kernel.clock"
    return False


@rule
def a_moment_has_a_business_date(module: Module) -> Found:
    """The date of a moment is calendar.business_date(moment): .date() gives the date in London."""
    if not module.is_code or module.path == PurePosixPath("kernel/calendar.py"):
        return
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "date" and not (call.args or call.keywords):
            yield call.lineno, ".date() is the UTC date: use calendar.business_date(moment)"


@rule
def refusals_are_announced(module: Module) -> Found:
    """What a public function raises stands under Raises: in its docstring."""
    if module.top not in {"kernel", *PACKAGES} or module.kind in {"api", "pages"}:
        return
    for function in functions_of(module.tree):
        if not is_public(function.name):
            continue
        announced = section(ast.get_docstring(function) or "", "Raises:")
        for node in own_nodes(function):
            if not isinstance(node, ast.Raise) or node.exc is None:
                continue
            name = last_name(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
            is_class = name[:1].isupper()
            if not announced or (is_class and not re.search(rf"\b{name}\b", announced)):
                yield node.lineno, f"{function.name} raises {name}: list it under Raises: in the docstring"


@rule
def public_functions_are_described(module: Module) -> Found:
    """Public functions of rules, queries, checks and commands have a docstring."""
    if module.top not in PACKAGES or module.kind not in {"rules", "queries", "checks", "commands"}:
        return
    for function in public_functions(module.tree):
        if not ast.get_docstring(function):
            yield function.lineno, f"{function.name} has no docstring: units, errors, article"


@rule
def functions_fit_a_screen(module: Module) -> Found:
    """A function has fewer than sixty lines."""
    for node in module.nodes:
        if isinstance(node, Function) and (length := (node.end_lineno or node.lineno) - node.lineno + 1) >= SCREEN:
            yield node.lineno, f"{node.name} has {length} lines, a screen has {SCREEN}"


@rule
def files_fit_a_head(module: Module) -> Found:
    """A file has at most four hundred lines."""
    length = len(module.source.splitlines())
    if length > HEAD:
        yield 1, f"{length} lines, a file has at most {HEAD}"


@rule
def only_the_terminal_prints(module: Module) -> Found:
    """print() is for web/cli alone."""
    if not module.is_code or str(module.path).startswith("web/cli"):
        return
    for call in module.calls:
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            yield call.lineno, "print() outside the command line: log it, or return it"


@rule
def files_are_named_by_what_they_hold(module: Module) -> Found:
    """No utils or helpers anywhere; directly inside a package only policy.py."""
    if module.kind in VAGUE_NAMES:
        yield 1, f"{module.path.name} says nothing: name it by what it holds, or put it into the concept it serves"
    if module.top in PACKAGES and len(module.path.parts) == 2 and module.kind not in {"__init__", "policy"}:
        yield 1, f"{module.path} lies beside the concepts: a package holds concepts and policy.py"


@rule
def relations_load_on_purpose(module: Module) -> Found:
    """Every relationship says lazy="raise": a page cannot query by accident."""
    if module.kind != "model":
        return
    for call in module.calls:
        if last_name(call.func) != "relationship":
            continue
        lazy = [keyword.value for keyword in call.keywords if keyword.arg == "lazy"]
        if not any(isinstance(value, ast.Constant) and value.value == "raise" for value in lazy):
            yield call.lineno, 'relationship without lazy="raise": the query that feeds a page says what to load'


@rule
def variables_are_not_numbered(module: Module) -> Found:
    """order1 and order2 in one function are two names that nobody chose."""
    for function in (node for node in module.nodes if isinstance(node, Function)):
        stems: dict[str, set[str]] = {}
        for node in own_nodes(function):
            name = node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""
            if (match := re.fullmatch(r"([a-z_]+?)_?\d+", name)) and not NAMES_WITH_DIGITS.match(name):
                stems.setdefault(match[1], set()).add(name)
        for names in stems.values():
            if len(names) > 1:
                yield function.lineno, f"{', '.join(sorted(names))}: say what tells them apart"


@rule
def tests_neither_skip_nor_mock(module: Module) -> Found:
    """A test runs or fails, on the real code."""
    if module.top != "tests":
        return
    for node in module.nodes:
        name = dotted(node) if isinstance(node, ast.Attribute) else ""
        if re.fullmatch(r"pytest\.(skip|xfail|importorskip|mark\.(skip|skipif|xfail))", name):
            yield line_of(node), f"{name}: a test that cannot run fails and says what is missing"
        if name == "monkeypatch.setattr":
            yield line_of(node), "the code under test is not patched: pass in what the test needs"
        imported = [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        imported += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(re.match(r"(unittest\.)?mock\b", item) for item in imported):
            yield line_of(node), "mocks test themselves: use the real thing, or the fakes, which are real servers"
