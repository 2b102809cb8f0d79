"""The callbacks that a module has registered, and how their answers become those of mxcd's."""
import inspect
import os

CONFIG = "get_media_config_for_user"
ALLOWED = "is_user_allowed_to_upload_media_of_size"
LIMITS = "get_media_upload_limits_for_user"
EXCEEDED = "on_media_upload_limit_exceeded"
UPLOADED = "on_media_uploaded"
DELETED = "on_media_deleted"
CHECK_FILE = "check_media_file"
CHECK_FOR_SPAM = "check_media_file_for_spam"  # of spam checkers; a part of check_media_file


async def _result_of(answer):
    """What a callback returned: a value, or something to await (also when a coroutine gives what it should have awaited)."""
    while inspect.isawaitable(answer):
        answer = await answer
    return answer


def _with_size(callback):
    """A limits callback that can be given the size: some have a second parameter for it, as was documented once."""
    try:
        second = list(inspect.signature(callback).parameters.values())[1:2]
    except ValueError:  # nothing is known of it
        second = []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    for parameter in second:
        # Others with a default are the module's own affair.
        if parameter.kind in positional and (parameter.default is parameter.empty or parameter.name == "size"):
            return callback
    return lambda user_id, size: callback(user_id)


def _limit_json(limit):
    if isinstance(limit, dict):
        return limit
    answer = {"max_bytes": limit.max_bytes, "time_period_ms": limit.time_period_ms}
    for optional in ("info_uri", "can_upgrade"):
        if getattr(limit, optional, None):
            answer[optional] = getattr(limit, optional)
    return answer


class Callbacks:
    def __init__(self):
        self.module = None
        self.functions = []  # as the module gave them
        self._registered = {}
        self._askers = {CONFIG: self._ask_config, ALLOWED: self._ask_allowed, LIMITS: self._ask_limits,
                        EXCEEDED: self._tell_exceeded, UPLOADED: self._tell_uploaded, DELETED: self._tell_deleted}

    def register(self, name, callback):
        if callback is not None:
            self.functions.append(callback)
            callback = _with_size(callback) if name == LIMITS else callback
            self._registered.setdefault(name, []).append(callback)

    def names(self):
        return sorted({CHECK_FILE if name == CHECK_FOR_SPAM else name for name in self._registered})

    async def ask(self, name, arguments, file):
        try:
            if file is not None:
                return await self._check_file(arguments, file)
            return await self._askers[name](**arguments)
        finally:
            if file is not None:
                os.close(file)

    async def _ask_config(self, user_id):
        for callback in self._registered[CONFIG]:
            answer = await _result_of(callback(user_id))
            if answer is not None:
                return answer
        return None

    async def _ask_allowed(self, user_id, size):
        for callback in self._registered[ALLOWED]:
            if not await _result_of(callback(user_id, size)):
                return False
        return True

    async def _ask_limits(self, user_id, size):
        for callback in self._registered[LIMITS]:
            answer = await _result_of(callback(user_id, size))
            if isinstance(answer, (list, tuple)):
                return [_limit_json(limit) for limit in answer]
            if answer is not None:
                return answer
        return None

    async def _tell_exceeded(self, user_id, limit, sent_bytes, attempted_bytes):
        from synapse.config.repository import MediaUploadLimit

        await self._tell(EXCEEDED, lambda: (user_id, MediaUploadLimit(**limit), sent_bytes, attempted_bytes))

    async def _tell_uploaded(self, user_id, media_id, size):
        await self._tell(UPLOADED, lambda: (user_id, media_id, size))

    async def _tell_deleted(self, media_id):
        await self._tell(DELETED, lambda: (media_id,))

    async def _tell(self, name, make_arguments):
        """Everybody is told, each with arguments of its own; the first failure is that of the call."""
        failure = None
        for callback in self._registered[name]:
            try:
                await _result_of(callback(*make_arguments()))
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure

    async def _check_file(self, arguments, file):
        from mxcd_host.files import verdict_of
        from synapse.media._base import FileInfo
        from synapse.media.media_storage import ReadableFileWrapper

        for callback in self._registered.get(CHECK_FILE, ()):
            verdict = await _result_of(callback(file=ReadableFileWrapper(file), **arguments))
            if verdict not in ("allow", None):
                return verdict
        for callback in self._registered.get(CHECK_FOR_SPAM, ()):
            info = FileInfo(server_name=None, file_id=arguments["media_id"])
            verdict = verdict_of(await _result_of(callback(ReadableFileWrapper(file), info)))
            if verdict != "allow":
                return verdict
        return "allow"
