"""The cursor that functions of run_db_interaction are given."""
import re

from mxcd_host.sql import with_placeholders

_OUR_TABLES = re.compile(r"\blocal_media_repository\b", re.IGNORECASE)


class Transaction:
    def __init__(self, cursor, name, placeholder):
        self._cursor = cursor
        self._placeholder = placeholder
        self.name = name
        self.after_callbacks = []
        self.exception_callbacks = []

    def execute(self, sql, parameters=()):
        if parameters:
            self._cursor.execute(self._statement(sql), tuple(parameters))
        else:
            self._cursor.execute(self._statement(sql, has_parameters=False))

    def executemany(self, sql, sequence):
        self._cursor.executemany(self._statement(sql), [tuple(parameters) for parameters in sequence])

    execute_batch = executemany

    def _statement(self, sql, has_parameters=True):
        if _OUR_TABLES.search(sql):
            # The homeserver's table of that name is there, but it does not know what mxcd stores.
            raise NotImplementedError("local_media_repository is not offered by mxcd: its media are in its own database")
        return with_placeholders(sql, self._placeholder) if has_parameters else sql

    def fetchone(self):
        return self._cursor.fetchone()

    def fetchall(self):
        return self._cursor.fetchall()

    def fetchmany(self, size=None):
        return self._cursor.fetchmany(*(() if size is None else (size,)))

    def __iter__(self):
        return iter(self._cursor)

    @property
    def rowcount(self):
        return self._cursor.rowcount

    @property
    def description(self):
        return self._cursor.description

    def close(self):
        self._cursor.close()

    def call_after(self, callback, *args, **kwargs):
        self.after_callbacks.append((callback, args, kwargs))

    def call_on_exception(self, callback, *args, **kwargs):
        self.exception_callbacks.append((callback, args, kwargs))
