"""The module API, as far as media modules use it (mxcd's docs/modules.md lists what is there)."""
import enum
import logging
import time

from mxcd_host.background import make_deferred_yieldable, run_as_background_process, run_in_background
from mxcd_host.caching import cached
from synapse.api import errors
from synapse.config.repository import MediaUploadLimit
from synapse.module_api.callbacks.ratelimit_callbacks import RatelimitOverride
from synapse.types import JsonDict, JsonMapping, Requester, UserID, UserInfo

__all__ = [
    "JsonDict", "JsonMapping", "MediaUploadLimit", "ModuleApi", "NOT_SPAM", "RatelimitOverride", "Requester", "UserID",
    "UserInfo", "cached", "errors", "make_deferred_yieldable", "parse_json_object_from_request",
    "run_as_background_process", "run_in_background",
]

logger = logging.getLogger("mxcd")


class NotSpam(enum.Enum):
    NOT_SPAM = "NOT_SPAM"


NOT_SPAM = NotSpam.NOT_SPAM


class NotOffered(NotImplementedError, AttributeError):
    """What a module asks for is not there outside Synapse."""


def parse_json_object_from_request(request, allow_empty_body=False):
    raise NotOffered("synapse.module_api.parse_json_object_from_request is not offered by mxcd")


class ModuleApi:
    """What a module gets. Names that are not here raise NotOffered when they are asked for."""

    def __init__(self, load, callbacks, questions):
        self._load = load
        self._callbacks = callbacks
        self._questions = questions
        self._database = None
        self._http_client = None
        self._ignored = set()
        self.server_name = load["server_name"]
        self.public_baseurl = load["public_baseurl"]
        self.worker_name = None
        self.worker_app = None
        self.errors = errors

    def __getattr__(self, name):
        if name.startswith("register_") and name.endswith("_callbacks"):
            return lambda **callbacks: self._ignore(callbacks)
        raise NotOffered(f"ModuleApi.{name} is not offered by mxcd")

    # Callbacks

    def register_media_repository_callbacks(self, *, get_media_config_for_user=None,
                                            is_user_allowed_to_upload_media_of_size=None,
                                            get_media_upload_limits_for_user=None, on_media_upload_limit_exceeded=None,
                                            on_media_uploaded=None, on_media_deleted=None, check_media_file=None):
        """The last three are not Synapse's own."""
        registered = {name: callback for name, callback in locals().items() if name != "self"}
        for name, callback in registered.items():
            self._callbacks.register(name, callback)

    def register_spam_checker_callbacks(self, *, check_media_file_for_spam=None, **others):
        self._callbacks.register("check_media_file_for_spam", check_media_file_for_spam)
        self._ignore(others)

    def _ignore(self, callbacks):
        """Warns once: in Synapse, where they belong, the same module may well be loaded too."""
        names = sorted(name for name, callback in callbacks.items() if callback is not None and name not in self._ignored)
        self._ignored.update(names)
        if names:
            logger.warning("not run by the media repository: %s", ", ".join(names))

    # Users

    def is_mine(self, user_id):
        domain = user_id.domain if isinstance(user_id, UserID) else user_id.partition(":")[2]
        return domain == self.server_name

    def get_qualified_user_id(self, username):
        return username if username.startswith("@") else UserID(username, self.server_name).to_string()

    async def get_userinfo_by_id(self, user_id):
        row = await self.run_db_interaction("get_userinfo_by_id", _select_user, user_id)
        return None if row is None else _user_info(row)

    async def is_user_admin(self, user_id):
        row = await self.run_db_interaction("is_user_admin", _select_user, user_id)
        return row is not None and bool(row.get("admin"))

    # The homeserver's database, and our media

    def run_db_interaction(self, desc, func, *args, **kwargs):
        """Runs `func(transaction, ...)` on a thread; a Deferred of its result."""
        if self._database is None:
            from mxcd_host.database import Database
            from mxcd_host.our_media import OurMedia

            self._database = Database(self._load["synapse_database"], self._load["synapse_database_writable"],
                                      OurMedia(self._questions.ask))
        return self._database.run(desc, func, *args, **kwargs)

    # HTTP

    @property
    def http_client(self):
        if self._http_client is None:
            from mxcd_host.http_client import SimpleHttpClient

            self._http_client = SimpleHttpClient()
        return self._http_client

    # Time and threads

    def get_current_time_msec(self):
        return int(time.time() * 1000)

    def should_run_background_tasks(self):
        return True

    async def sleep(self, seconds):
        from twisted.internet import reactor
        from twisted.internet.task import deferLater

        await deferLater(reactor, seconds)

    def looping_background_call(self, f, msec, *args, desc=None, run_on_all_instances=False, **kwargs):
        from twisted.internet.task import LoopingCall

        description = desc or getattr(f, "__name__", "looping call")
        loop = LoopingCall(run_as_background_process, description, f, *args, **kwargs)
        loop.start(msec / 1000, now=False)

    def delayed_background_call(self, msec, f, *args, desc=None, **kwargs):
        from twisted.internet import reactor

        description = desc or getattr(f, "__name__", "delayed call")
        return reactor.callLater(msec / 1000, run_as_background_process, description, f, *args, **kwargs)

    def defer_to_thread(self, f, *args, **kwargs):
        from twisted.internet.threads import deferToThread

        return deferToThread(f, *args, **kwargs)

    def defer_to_threadpool(self, threadpool, f, *args, **kwargs):
        from twisted.internet import reactor
        from twisted.internet.threads import deferToThreadPool

        return deferToThreadPool(reactor, threadpool, f, *args, **kwargs)

    # Caches

    def register_cached_function(self, cached_func):
        """There is one process of the module, so nobody else has to hear of invalidations."""

    async def invalidate_cache(self, cached_func, keys):
        cached_func.invalidate(keys)


def _select_user(transaction, user_id):
    transaction.execute("SELECT * FROM users WHERE name = ?", (user_id,))
    row = transaction.fetchone()
    return None if row is None else dict(zip((column[0] for column in transaction.description), row))


def _user_info(row):
    return UserInfo(
        user_id=UserID.from_string(row["name"]),
        appservice_id=row.get("appservice_id"),
        consent_server_notice_sent=row.get("consent_server_notice_sent"),
        consent_version=row.get("consent_version"),
        consent_ts=row.get("consent_ts"),
        creation_ts=row.get("creation_ts") or 0,
        is_admin=bool(row.get("admin")),
        is_deactivated=bool(row.get("deactivated")),
        is_guest=bool(row.get("is_guest")),
        is_shadow_banned=bool(row.get("shadow_banned")),
        user_type=row.get("user_type"),
        approved=bool(row.get("approved", True)),
        locked=bool(row.get("locked", False)),
    )
