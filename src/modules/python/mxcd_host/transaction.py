"""The cursor that functions of run_db_interaction are given."""
import re

from mxcd_host.sql import with_placeholders

_OUR_TABLE = re.compile(r"\blocal_media_repository\b", re.IGNORECASE)


class Transaction:
    """`connect` gives the homeserver's database, `our_media` answers statements about our own media."""

    def __init__(self, connect, our_media, name, placeholder):
        self._connect = connect
        self._our_media = our_media
        self._homeserver = None  # a cursor, once it is asked
        self._cursor = None  # or rows: of the latest statement
        self._placeholder = placeholder
        self.name = name
        self.after_callbacks = []
        self.exception_callbacks = []

    def execute(self, sql, parameters=()):
        parameters = tuple(parameters)
        if _OUR_TABLE.search(sql):
            # The homeserver has a table of that name, too, but it does not know what mxcd stores.
            self._cursor = self._our_media.execute(sql, parameters)
            return
        cursor = self._cursor = self._homeserver_cursor()
        if parameters:
            cursor.execute(with_placeholders(sql, self._placeholder), parameters)
        else:
            cursor.execute(sql)

    def executemany(self, sql, sequence):
        if _OUR_TABLE.search(sql):
            raise NotImplementedError("local_media_repository is only read: mxcd's media are in its own database")
        cursor = self._cursor = self._homeserver_cursor()
        statement = with_placeholders(sql, self._placeholder)
        cursor.executemany(statement, [tuple(parameters) for parameters in sequence])

    execute_batch = executemany

    def _homeserver_cursor(self):
        if self._homeserver is None:
            self._homeserver = self._connect().cursor()
        return self._homeserver

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
        if self._homeserver is not None:
            self._homeserver.close()

    def call_after(self, callback, *args, **kwargs):
        self.after_callbacks.append((callback, args, kwargs))

    def call_on_exception(self, callback, *args, **kwargs):
        self.exception_callbacks.append((callback, args, kwargs))
