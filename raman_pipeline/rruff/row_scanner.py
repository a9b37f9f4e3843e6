"""Rows of plain numbers straight from bytes, compiled.

What belongs here: the one loop that has to run at the speed of the zip. What does
not: what a row may look like in general and what is wrong with one (see `rows`,
which is the reference: what this loop reads, `rows` reads to the same bits).

A number is plain where its digits fit a float64 and its power of ten is one that
float64 holds exactly, so that one multiplication or division rounds once, as `float`
does (Clinger 1990, How to read floating point numbers accurately). Digits are taken
eight bytes at a time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.jit import compiled

_U = np.uint64
_ZERO, _ONE, _SEVEN, _EIGHT = _U(0), _U(1), _U(7), _U(8)
_HIGH_BITS = _U(0x8080808080808080)
_ABOVE_NINE = _U(0x7676767676767676)
_ASCII_ZEROS = _U(0x3030303030303030)
_LOW_BITS = _U(0x0101010101010101)
_PAIRS = _U(0x000000FF000000FF)
_LARGEST_EXACT = _U(1 << 53)
_MAX_DIGITS = 18
_MAX_POWER = 22
_POWERS = 10.0 ** np.arange(_MAX_POWER + 1)
_INTEGER_POWERS = 10 ** np.arange(_SEVEN + _ONE, dtype=np.uint64)
_SLACK = 64
_NEWLINE, _RETURN, _BLANK, _TAB, _COMMA, _POINT = 10, 13, 32, 9, 44, 46
_PLUS, _MINUS, _LARGE_E, _SMALL_E, _DIGIT_0, _DIGIT_9 = 43, 45, 69, 101, 48, 57

Rows = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], int]


def scan_rows(data: bytes, start: int) -> Rows:
    """Reads rows from an offset on, up to the first line that is no plain row.

    Args:
        data: a member.
        start: offset of the first row.

    Returns:
        Raman shift and intensity, float32 [n], and the offset after the last row.
    """
    # Room after the end lets the loop look ahead without asking each time.
    padded = data[start:] + bytes(_SLACK + -(len(data) - start) % 8)
    capacity = (len(data) - start) // 4 + 1
    shift, intensity = np.empty(capacity, np.float32), np.empty(capacity, np.float32)
    count, end = _scan(
        _U(len(data) - start),
        np.frombuffer(padded, np.uint8),
        np.frombuffer(padded, np.uint64),
        shift,
        intensity,
        _POWERS,
        _INTEGER_POWERS,
    )
    return shift[:count].copy(), intensity[:count].copy(), start + end


@compiled()
def _digits(word):  # noqa: ANN001, ANN202
    """How many of eight bytes are leading digits, and their value.

    Eight digits are told by the first result being zero.
    """
    word = word ^ _ASCII_ZEROS
    others = ((word + _ABOVE_NINE) | word) & _HIGH_BITS
    lowest = others & (~others + _ONE)
    count = ((((lowest - _ONE) & _LOW_BITS) * _LOW_BITS) >> _U(56)) - _ONE
    # Two shifts, since one by all 64 bits is undefined.
    word = (word << (_EIGHT * (_SEVEN - count))) << _EIGHT
    word = word * _U(10) + (word >> _EIGHT)
    value = (
        (word & _PAIRS) * _U(0x000F424000000064)
        + ((word >> _U(16)) & _PAIRS) * _U(0x0000271000000001)
    ) >> _U(32)
    return others, count, value & _U(0xFFFFFFFF)


@compiled()
def _scan(end, data, words, shift, intensity, powers, integer_powers):  # noqa: ANN001, ANN202
    """Fills the arrays; returns the number of rows and the offset after them.

    One function on purpose: numba counts references when arrays go through a call,
    which costs more than the parsing.
    """
    position, row_start = _ZERO, _ZERO
    count = 0
    while position < end:
        for column in (0, 1):
            while data[position] == _BLANK or data[position] == _TAB:
                position += _ONE
            # Without branches: around zero the sign is a coin toss.
            negative = data[position] == _MINUS
            position += _U(negative | (data[position] == _PLUS))
            at, bits = position >> _U(3), (position & _SEVEN) << _U(3)
            word = (words[at] >> bits) | ((words[at + _ONE] << _ONE) << (_U(63) - bits))
            others, found, mantissa = _digits(word)
            if others == _ZERO:
                found = _ZERO
                mantissa = _ZERO
                while _DIGIT_0 <= data[position + found] <= _DIGIT_9 and found <= _MAX_DIGITS:
                    mantissa = mantissa * _U(10) + _U(data[position + found] - _DIGIT_0)
                    found += _ONE
            position += found
            digits, power = np.int64(found), np.int64(0)
            if data[position] == _POINT:
                position += _ONE
                at, bits = position >> _U(3), (position & _SEVEN) << _U(3)
                word = (words[at] >> bits) | ((words[at + _ONE] << _ONE) << (_U(63) - bits))
                others, found, value = _digits(word)
                if others != _ZERO:
                    mantissa = mantissa * integer_powers[found] + value
                else:
                    found = _ZERO
                    while _DIGIT_0 <= data[position + found] <= _DIGIT_9 and found <= _MAX_DIGITS:
                        mantissa = mantissa * _U(10) + _U(data[position + found] - _DIGIT_0)
                        found += _ONE
                position += found
                power = -np.int64(found)
                digits -= power
            if digits == 0 or digits > _MAX_DIGITS or mantissa > _LARGEST_EXACT:
                return count, np.int64(row_start)
            if data[position] == _SMALL_E or data[position] == _LARGE_E:
                position += _ONE
                down = data[position] == _MINUS
                if down or data[position] == _PLUS:
                    position += _ONE
                exponent, start = np.int64(0), position
                while _DIGIT_0 <= data[position] <= _DIGIT_9 and exponent < 1000:
                    exponent = exponent * 10 + np.int64(data[position]) - _DIGIT_0
                    position += _ONE
                if position == start:
                    return count, np.int64(row_start)
                power += -exponent if down else exponent
            if power > _MAX_POWER or power < -_MAX_POWER:
                return count, np.int64(row_start)
            number = np.float64(mantissa)
            if power < 0:
                number /= powers[-power]
            elif power > 0:
                number *= powers[power]
            number *= 1.0 - 2.0 * np.float64(negative)
            if column == 0:
                shift[count] = number
                before = position
                while data[position] == _BLANK or data[position] == _TAB:
                    position += _ONE
                if data[position] == _COMMA:
                    position += _ONE
                elif position == before:
                    return count, np.int64(row_start)
            else:
                intensity[count] = number
        while data[position] == _BLANK or data[position] == _TAB:
            position += _ONE
        if data[position] == _RETURN:
            position += _ONE
        if position < end:
            if data[position] != _NEWLINE:
                return count, np.int64(row_start)
            position += _ONE
        count += 1
        row_start = position
    return count, np.int64(row_start)
