"""What run_db_interaction reaches: the homeserver's own database (SQLite or PostgreSQL, read-only unless told otherwise), and our media."""
import sqlite3
import threading
from urllib.parse import urlsplit

from twisted.internet import reactor
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from mxcd_host.transaction import Transaction

_MOST_THREADS = 4


class Sqlite:
    placeholder = "?"
    broken = ()

    def __init__(self, path, is_writable):
        self._uri = f"file:{path}?mode={'rw' if is_writable else 'ro'}"

    def connect(self):
        return sqlite3.connect(self._uri, uri=True, timeout=10)


class Postgres:
    placeholder = "%s"

    def __init__(self, url, is_writable):
        import psycopg2

        self._driver = psycopg2
        self.broken = (psycopg2.OperationalError, psycopg2.InterfaceError)
        self._url = url
        self._is_writable = is_writable

    def connect(self):
        connection = self._driver.connect(self._url, connect_timeout=5, application_name="mxcd module")
        connection.set_session(isolation_level="REPEATABLE READ", readonly=not self._is_writable)
        return connection


class NoHomeserver:
    placeholder = "?"
    broken = ()

    def connect(self):
        from synapse.module_api import NotOffered

        raise NotOffered("the homeserver's tables need the setting python.synapse_database")


def _engine_of(url, is_writable):
    if not url:
        return NoHomeserver()
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        # Percent signs stay as they are: SQLite's own URI wants them too.
        return Sqlite(parts.path, is_writable)
    return Postgres(url, is_writable)


class Database:
    """Runs functions on threads, each with a connection of its own."""

    def __init__(self, url, is_writable, our_media):
        self._engine = _engine_of(url, is_writable)
        self._our_media = our_media
        self._local = threading.local()
        self._pool = ThreadPool(minthreads=0, maxthreads=_MOST_THREADS, name="database")
        self._pool.start()

    def run(self, description, function, *args, **kwargs):
        return deferToThreadPool(reactor, self._pool, self._run, description, function, args, kwargs)

    def _run(self, description, function, args, kwargs):
        is_fresh = not self._is_connected()
        try:
            return self._run_once(description, function, args, kwargs)
        except self._engine.broken:
            self._disconnect()
            if is_fresh:
                raise
        return self._run_once(description, function, args, kwargs)  # the connection may have died long ago

    def _run_once(self, description, function, args, kwargs):
        transaction = Transaction(self._connection, self._our_media, description, self._engine.placeholder)
        try:
            result = function(transaction, *args, **kwargs)
            if self._is_connected():
                self._local.connection.commit()
            callbacks = transaction.after_callbacks
            return result
        except BaseException:
            callbacks = transaction.exception_callbacks
            self._roll_back()
            raise
        finally:
            for callback, callback_args, callback_kwargs in callbacks:
                reactor.callFromThread(callback, *callback_args, **callback_kwargs)

    def _is_connected(self):
        return getattr(self._local, "connection", None) is not None

    def _connection(self):
        if not self._is_connected():
            self._local.connection = self._engine.connect()
        return self._local.connection

    def _roll_back(self):
        try:
            if self._is_connected():
                self._local.connection.rollback()
        except Exception:
            self._disconnect()

    def _disconnect(self):
        connection, self._local.connection = getattr(self._local, "connection", None), None
        try:
            if connection is not None:
                connection.close()
        except Exception:
            pass
