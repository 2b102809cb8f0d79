"""local_media_repository, as Synapse has it, over the media that mxcd holds.

mxcd's database takes no second connection. So statements run here, in a table in memory that holds the media of those
whom statements have asked about; mxcd is asked for what has come since, each time.
"""
import re
import sqlite3
import threading
import time

from mxcd_host.sql import with_placeholders, without_casts

_MOST_ROWS = 500_000  # about 120 MiB
_MOST_ATTEMPTS = 20
_LONGEST_RUN = 5  # seconds, of a statement that has its rows
_BEGINNING = [0, 0]
_EVERYBODY = None
_NOBODY = ""
_SCHEMA = """
CREATE TABLE local_media_repository (
    media_id TEXT PRIMARY KEY, media_type TEXT, media_length BIGINT, created_ts BIGINT, upload_name TEXT, user_id TEXT,
    quarantined_by TEXT, safe_from_quarantine BOOLEAN NOT NULL, authenticated BOOLEAN NOT NULL, sha256 TEXT,
    url_cache TEXT, last_access_ts BIGINT, user_agent TEXT);
CREATE INDEX by_user ON local_media_repository (user_id, created_ts, media_length, url_cache);
"""
_INSERT = "INSERT OR REPLACE INTO local_media_repository VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)"
_VALUE = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\?""")
_WHERE = re.compile(r"\bWHERE\b", re.IGNORECASE)
_ORDERING = re.compile(r"\b(?:GROUP|ORDER)\s+BY\s[\w\s,.]*", re.IGNORECASE)
_COLUMN = re.compile(r"\b(?:user_id|media_id)\b", re.IGNORECASE)
# A parameter or a text, or a list of them.
_KEY = re.compile(r"\b(user_id|media_id)(?:\s*=\s*|\s+IN\s*)(:\d+\b|\(\s*:\d+(?:\s*,\s*:\d+)*\s*\))", re.IGNORECASE)
_BY_KEY = re.compile(r"SEARCH \S+ .*\((user_id|media_id)=\?")


class Rows:
    """The answer to a statement, as a cursor gives it."""

    def __init__(self, description, rows):
        self.description = description
        self.rowcount = len(rows)
        self._rows = iter(rows)

    def fetchone(self):
        return next(self._rows, None)

    def fetchmany(self, size=1):
        return [row for _, row in zip(range(size), self._rows)]

    def fetchall(self):
        return list(self._rows)

    def __iter__(self):
        return self._rows


class OurMedia:
    """For many threads."""

    def __init__(self, ask):
        self._ask = ask
        self._lock = threading.Lock()
        self._copy = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._copy.executescript(_SCHEMA)
        self._read_until = {}  # of each user whose media is here, or of _EVERYBODY
        self._rows = 0  # those that came twice count twice
        self._changes = None  # those that are known here
        self._generation = 0  # grows when what was here is forgotten

    def execute(self, sql, parameters=()):
        statement = without_casts(sql)
        if parameters:
            statement = with_placeholders(statement, "?")
        try:
            return self._look(self._whose(statement, parameters), statement, parameters)
        except sqlite3.Error as error:
            raise NotImplementedError(
                "local_media_repository is read with SQLite's SQL, and apart from the homeserver's tables: "
                f"mxcd's media are in its own database ({error})") from error

    def _look(self, users, statement, parameters):
        for _ in range(_MOST_ATTEMPTS):
            generation = self._generation
            for user in users:
                self._bring_up_to_date(user)
            with self._lock:
                if generation == self._generation:
                    return self._run(statement, parameters)
        raise RuntimeError("local_media_repository changes faster than it can be read")

    def _run(self, statement, parameters):
        end = time.monotonic() + _LONGEST_RUN
        self._copy.set_progress_handler(lambda: time.monotonic() > end, 100_000)
        self._copy.execute("PRAGMA query_only = ON")
        try:
            cursor = self._copy.execute(statement, parameters)
            return Rows(cursor.description, cursor.fetchall())
        finally:
            self._copy.set_progress_handler(None, 0)
            self._copy.execute("PRAGMA query_only = OFF")

    def _whose(self, statement, parameters):
        """The users whose media the statement looks at; _EVERYBODY where it does not say.

        It says so when SQLite finds the rows of its one look at the table by key, and all keys are values in plain sight.
        """
        keys = _keys_of(statement, parameters)
        with self._lock:
            plan = [row[3] for row in self._copy.execute("EXPLAIN QUERY PLAN " + statement, parameters)]
        looks = [line for line in plan if line.startswith(("SEARCH", "SCAN"))]
        if not keys or len(looks) != 1 or not _BY_KEY.match(looks[0]):
            return {_EVERYBODY}
        owners = {value if column == "user_id" else self._owner_of(value) for column, value in keys}
        return owners - {_NOBODY}

    def _owner_of(self, media_id):
        owner = self._ask(owner_of=media_id)["user_id"]
        if owner is not None:
            return owner
        with self._lock:
            self._copy.execute("DELETE FROM local_media_repository WHERE media_id = ?", (media_id,))
        return _NOBODY

    def _bring_up_to_date(self, user):
        """Asks until there is nothing new. What has come stays, so that a call that ran out of time helps the next one."""
        is_last = False
        while not is_last:
            with self._lock:
                reader = _EVERYBODY if _EVERYBODY in self._read_until else user
                after = self._read_until.get(reader, _BEGINNING)
                piece = self._ask(media_of=reader, after=after, changes=self._changes)
                is_last = self._take(piece, reader) and piece["is_last"]

    def _take(self, piece, reader):
        """False when everything had to be forgotten."""
        self._changes = piece["changes"]
        if piece["is_torn"]:
            self._forget()
            return False
        self._copy.execute("BEGIN")
        for media_id, row in piece["changed"]:
            is_here = self._copy.execute("DELETE FROM local_media_repository WHERE media_id = ?", (media_id,)).rowcount
            self._rows -= is_here
            if is_here and row is not None:
                self._insert([row])
        self._insert(piece["media"])
        self._copy.execute("COMMIT")
        self._read_until[reader] = piece["end"]
        return self._rows <= _MOST_ROWS or self._make_room()

    def _insert(self, rows):
        self._copy.executemany(_INSERT, rows)
        self._rows += len(rows)

    def _make_room(self):
        """Begins anew with those who are asked about now. Always False."""
        is_alone = len(self._read_until) == 1
        self._forget()
        if is_alone:
            raise NotImplementedError(f"a statement about local_media_repository may look at {_MOST_ROWS} media at most")
        return False

    def _forget(self):
        self._copy.execute("DELETE FROM local_media_repository")
        self._read_until.clear()
        self._rows = 0
        self._generation += 1


def _keys_of(statement, parameters):
    """The pairs (column, value) of `user_id = ?` and its like; none when a condition names these columns in any other way."""
    values = []
    rest = iter(parameters)

    def mark(match):
        text = match.group()
        if text[0] == '"':
            return text
        values.append(next(rest, None) if text == "?" else text[1:-1].replace("''", "'"))
        return f":{len(values) - 1}"

    marked = _VALUE.sub(mark, statement)
    conditions = _ORDERING.sub("", "".join(_WHERE.split(marked, 1)[1:]))
    if _COLUMN.search(_KEY.sub("", conditions)):
        return []
    keys = [(match.group(1).lower(), values[int(number)])
            for match in _KEY.finditer(conditions) for number in re.findall(r"\d+", match.group(2))]
    return [key for key in keys if isinstance(key[1], str)]
