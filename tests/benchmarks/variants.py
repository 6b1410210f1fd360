"""What a piece of a program may become, and what it is: for one change at a time."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy

BOUNDS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
EXCEPTION = re.compile(
    r"\w*(Error|Exception|Lost|Done|Closed|Aborted|Refused|Timeout|Interrupt|Exit|Failed|Failure)"
)
LOGGED = re.compile(r"(self\.)?_?(log|logger)\.\w+|(log\.)?(msg|err)")
FAILED = re.compile(r"(\w+\.)*(fail|FailTest|AssertionError|assert[A-Z]\w*)")
PROSE = re.compile(r"[^\W\d_]{2,} [^\W\d_]{2,}")


def of_expression(node: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> Iterator[ast.expr]:
    """What an expression may become."""
    parent = parents[node]
    if is_condition(node, parent):
        if not isinstance(node, ast.Constant):
            yield ast.Constant(True)
            yield ast.Constant(False)
        compared = isinstance(node, ast.Compare) and len(node.ops) == 1
        if not compared and not is_not(node) and not isinstance(node, ast.Constant):
            yield ast.UnaryOp(ast.Not(), node)
    if isinstance(node, ast.Compare):
        for n, op in enumerate(node.ops):
            for other in BOUNDS[type(op)]:
                yield ast.Compare(
                    node.left, [*node.ops[:n], other(), *node.ops[n + 1 :]], node.comparators
                )
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other_op, node.values)
        yield from (
            joined(node.op, node.values[:n] + node.values[n + 1 :]) for n in range(len(node.values))
        )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield node.operand
    elif isinstance(node, ast.BinOp):
        if type(node.op) in SIGNS:
            yield ast.BinOp(node.left, SIGNS[type(node.op)](), node.right)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            yield node.left
        if isinstance(node.op, ast.Add):
            yield node.right
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in other_values(node.value))
    elif isinstance(node, ast.Call):
        yield from with_less(node, isinstance(parent, ast.Raise))
    elif isinstance(node, ast.Slice):
        yield from off_by_one(node)
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        if isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and len(node.elts) > 1:
            for n, element in enumerate(node.elts):
                if not isinstance(element, ast.Constant):
                    less = deepcopy(node)
                    del less.elts[n]
                    yield less
    elif isinstance(node, ast.Dict):
        for n in range(len(node.keys)):
            yield ast.Dict(
                node.keys[:n] + node.keys[n + 1 :], node.values[:n] + node.values[n + 1 :]
            )
    elif is_exception(node, parents):
        yield from wider(node)


def is_exception(node: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether it is a name of a class of exceptions, where it is used."""
    parent = parents[node]
    if isinstance(parent, (ast.Attribute, ast.ClassDef)):
        return False
    if isinstance(parent, ast.Call) and node is parent.func:
        grand = parents[parent]
        # What is made may also be given on: errback(ConnectionLost()).
        if not isinstance(grand, (ast.Raise, ast.Call, ast.Assign, ast.Return)):
            return False
    if isinstance(node, ast.Name):
        known = getattr(builtins, node.id, None)
        builtin = isinstance(known, type) and issubclass(known, BaseException)
        named = bool(EXCEPTION.fullmatch(node.id)) and node.id not in ("Failure", "failure")
        return isinstance(node.ctx, ast.Load) and (builtin or (named and node.id[0].isupper()))
    if isinstance(node, ast.Attribute):
        return (
            isinstance(node.ctx, ast.Load)
            and node.attr[0].isupper()
            and bool(EXCEPTION.fullmatch(node.attr))
            and node.attr != "Failure"
        )
    return False


def is_alias(node: ast.Assign) -> bool:
    """Whether a line of a module only names a type, or what the module exports."""
    name = ast.unparse(node.targets[0])
    camel = bool(re.fullmatch(r"[A-Z][a-z]\w*", name)) and not isinstance(node.value, ast.Call)
    return name == "__all__" or camel


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def is_coding(node: ast.Call) -> bool:
    """Whether it encodes or decodes: then its first argument is a coding's name, of which Python knows many spellings."""
    return isinstance(node.func, ast.Attribute) and node.func.attr in ("encode", "decode")


def names_utf_8(node: ast.Call) -> bool:
    """Whether it is text.encode("utf-8"), or decodes so: without its argument it does the same."""
    return is_coding(node) and [ast.unparse(one) for one in node.args] == ["'utf-8'"]


def is_not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def is_condition(node: ast.expr, parent: ast.AST) -> bool:
    if isinstance(parent, (ast.If, ast.While, ast.IfExp)):
        return node is parent.test
    return isinstance(parent, ast.comprehension) and node in parent.ifs


def joined(op: ast.boolop, values: list[ast.expr]) -> ast.expr:
    return values[0] if len(values) == 1 else ast.BoolOp(op, values)


def other_values(value: object) -> list[str | bytes | bool | int | float]:
    """What a constant may become: a bool the other; a number one more and one less; a text nothing, without its first
    letter, without its last, with one more; prose only nothing."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1]
    if isinstance(value, str) and PROSE.search(value):
        return [""]
    if isinstance(value, (str, bytes)):
        more = value + "X" if isinstance(value, str) else value + b"X"
        return list(
            dict.fromkeys(one for one in (value[:0], value[1:], value[:-1], more) if one != value)
        )
    return []


def with_less(node: ast.Call, raised: bool) -> Iterator[ast.Call]:
    """The call without one of its arguments; but with the text of an exception."""
    if names_utf_8(node):
        return
    raised |= bool(EXCEPTION.fullmatch(ast.unparse(node.func)))
    for n, argument in enumerate(node.args):
        if raised and is_text(argument):
            continue
        yield ast.Call(node.func, node.args[:n] + node.args[n + 1 :], node.keywords)
    for n in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, node.keywords[:n] + node.keywords[n + 1 :])


def wider(node: ast.expr) -> Iterator[ast.expr]:
    """A class that catches more than this class of exceptions: the one above it, and Exception."""
    known = getattr(builtins, ast.unparse(node), None)
    if isinstance(known, type):
        names = dict.fromkeys((known.__mro__[1].__name__, "Exception"))
        yield from (ast.Name(name, ast.Load()) for name in names if known.__name__ != name)
    else:
        above = ast.Attribute(node, "__mro__", ast.Load())
        yield ast.Subscript(above, ast.Constant(1), ast.Load())
        yield ast.Name("Exception", ast.Load())


def off_by_one(node: ast.Slice) -> Iterator[ast.Slice]:
    """The slice without a bound, or with one that is one off; numbers change as constants do."""
    for name in ("lower", "upper"):
        bound = getattr(node, name)
        if bound is None:
            continue
        others: list[ast.expr | None] = [None]
        if not isinstance(bound, ast.Constant):
            others += [ast.BinOp(bound, op(), ast.Constant(1)) for op in (ast.Add, ast.Sub)]
        for other in others:
            made = ast.Slice(node.lower, node.upper, node.step)
            setattr(made, name, other)
            yield made


def augmented(node: ast.AugAssign) -> Iterator[str]:
    target = ast.unparse(node.target)
    value = ast.unparse(node.value)
    yield f"{target} = {value}"
    if type(node.op) in SIGNS:
        yield ast.unparse(ast.AugAssign(node.target, SIGNS[type(node.op)](), node.value))
