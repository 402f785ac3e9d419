"""Arithmetic as somebody wrote it, worked out exactly: `64 * 40 * 800`, `2 * 1024 / 3600`.

Numbers, + - * / **, brackets and ln. Everything is a `Fraction`; a logarithm has 40 digits.
"""

import ast
import operator
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

_DIGITS: Final = Context(prec=40)
_OPERATIONS: Final[dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def worked_out(expression: str) -> Fraction:
    """What an expression gives. `64 * 40 * 10**-3` gives 2.56.

    Raises:
        ValueError: it is no such expression.
    """
    try:
        return _of(ast.parse(expression, mode="eval").body, expression)
    except (SyntaxError, ZeroDivisionError) as error:
        message = f"{expression!r} is no arithmetic"
        raise ValueError(message) from error


def _of(node: ast.expr, text: str) -> Fraction:
    match node:
        case ast.Constant(value=int() | float()):
            return Fraction(Decimal(ast.get_source_segment(text, node) or ""))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_of(operand, text)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            exponent = _of(right, text)
            if exponent.denominator == 1:
                return _of(left, text) ** exponent.numerator
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_of(left, text), _of(right, text))
        case ast.Call(func=ast.Name(id="ln"), args=[argument], keywords=[]):
            value = _of(argument, text)
            if value > 0:
                exact = _DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
                return Fraction(_DIGITS.ln(exact))
    message = f"{text!r} has something else than numbers, + - * / ** ( ) and ln"
    raise ValueError(message)
