"""The directives, by kind; importing a module of this package registers its directives.

row        @path, @template, @literal: what reads a row
choice     @if, @excludeWhenNull: what is there or not
text       @case, @replace
shape      @arrayPath, @flatten, @merge, @transform: objects and arrays of another shape
encoded    @json
liquid     @liquid
"""

from __future__ import annotations

from . import choice, encoded, liquid, row, shape, text

__all__ = ["choice", "encoded", "liquid", "row", "shape", "text"]
