"""Liquid templates as Segment renders them: a library's parser, with the values of JavaScript.

    outline     the errors of a template before it is parsed, in the words of the original
    engine      templates, parsed by the library
    conditions  what stands after if, elsif and unless
    values      text, numbers and comparisons as in the original
    filters     the filters by name; number_filters, text_filters, array_filters, dates

Only ``engine`` and ``conditions`` import the library, which the extra ``liquid`` installs.
"""
