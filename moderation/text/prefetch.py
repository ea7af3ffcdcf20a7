"""Telling the processor what will soon be read from memory, which numba has no word for."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.extending import intrinsic

_READ, _KEEP, _DATA = 0, 3, 1
"""What the hint of LLVM asks for: to read, to keep as near as can be, and that it is no code."""


def _prefetch(typingctx: Any, array: Any, row: Any) -> Any:  # noqa: ANN401 - types of numba

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        numbers = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = builder.extract_value(numbers.strides, 0)
        byte = ir.IntType(8).as_pointer()
        place = builder.gep(builder.bitcast(numbers.data, byte), [builder.mul(arguments[1], stride)])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", (byte,), kind)
        builder.call(hint, [place, number(_READ), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return numba.types.void(array, row), generate


prefetch: Any = intrinsic(_prefetch)
"""``prefetch(array, row)`` in compiled code: begin to fetch a row of an array into the cache, and do not wait for it."""
