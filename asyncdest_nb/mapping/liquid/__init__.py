"""Liquid templates as Segment renders them: a library's blocks, with the values of JavaScript.

    outline     the parts of a template: texts, outputs, tags
    reader      expressions, read as in the original, with its words for mistakes
    formulas    the expressions of a template by number, and the rest of it for the library
    expressions what an expression is once it is read, and its value for a row
    operators   ==, contains, and, …; nil, empty and blank
    engine      templates, whose blocks the library parses and renders
    values      text, numbers and comparisons as in the original
    filters     the filters by name; number_filters, text_filters, array_filters, dates

Only ``engine`` imports the library, which the extra ``liquid`` installs.
"""
