"""What databases write differently: placeholders (modules write `?` or `%s`), and PostgreSQL's casts."""
import functools
import re

_QUOTES = "'\""
_CAST = re.compile(r"""('(?:[^']|'')*'|"[^"]*")|::\s*(?:double\s+precision|\w+)(?:\s*\(\s*\d+(?:\s*,\s*\d+)?\s*\))?(?:\[\])?""", re.IGNORECASE)


@functools.lru_cache(maxsize=1000)
def with_placeholders(sql, wanted):
    """The statement with every placeholder as `wanted`; texts in quotes are left alone."""
    pieces = []
    quote = None
    position = 0
    while position < len(sql):
        character = sql[position]
        pair = sql[position:position + 2]
        if quote is not None:
            quote = None if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif pair == "%s" or character == "?":
            pieces.append(wanted)
            position += len(pair) if pair == "%s" else 1
            continue
        if pair == "%%" and wanted == "?":
            position += 1  # only psycopg2 wants it doubled
        pieces.append(character)
        position += 1
    return "".join(pieces)


def without_casts(sql):
    """The statement for SQLite, whose values need no `::BIGINT`; texts in quotes are left alone."""
    return _CAST.sub(lambda match: match.group(1) or "", sql)
