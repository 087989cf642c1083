"""Characters that show nothing although Unicode counts them among letters, marks and symbols.

They are Unicode's default ignorable characters outside the category Cf (DerivedCoreProperties.txt), the blank Braille
pattern and the object replacement character. Python has no table of the property.
"""

from __future__ import annotations

INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc"
    # Variation selectors.
    + "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
)
