"""A Synapse module that does what a script says (module_scenarios.hpp), and writes down what it hears."""
import json
import os

from synapse.module_api import MediaUploadLimit
from synapse.module_api.errors import SynapseError


def limit_of(value):
    known = {"max_bytes", "time_period_ms", "info_uri", "can_upgrade"}
    is_limit = isinstance(value, dict) and {"max_bytes", "time_period_ms"} <= set(value) <= known
    return MediaUploadLimit(**value) if is_limit else value


class ScriptedModule:
    def __init__(self, config, api):
        self.folder = config["folder"]
        self.api = api
        api.register_media_repository_callbacks(
            get_media_config_for_user=self.get_media_config_for_user,
            is_user_allowed_to_upload_media_of_size=self.is_user_allowed_to_upload_media_of_size,
            get_media_upload_limits_for_user=self.get_media_upload_limits_for_user,
            on_media_upload_limit_exceeded=self.on_media_upload_limit_exceeded,
            on_media_uploaded=self.on_media_uploaded,
            on_media_deleted=self.on_media_deleted,
            check_media_file=self.check_media_file)

    async def get_media_config_for_user(self, user_id):
        return await self.follow("get_media_config_for_user", user_id=user_id)

    async def is_user_allowed_to_upload_media_of_size(self, user_id, size):
        return await self.follow("is_user_allowed_to_upload_media_of_size", user_id=user_id, size=size)

    async def get_media_upload_limits_for_user(self, user_id):
        answer = await self.follow("get_media_upload_limits_for_user", user_id=user_id)
        return [limit_of(each) for each in answer] if isinstance(answer, list) else answer

    async def on_media_upload_limit_exceeded(self, user_id, limit, sent_bytes, attempted_bytes):
        fields = {"max_bytes": limit.max_bytes, "time_period_ms": limit.time_period_ms, "info_uri": limit.info_uri,
                  "can_upgrade": limit.can_upgrade}
        return await self.follow("on_media_upload_limit_exceeded", limit, user_id=user_id, limit=fields,
                                 sent_bytes=sent_bytes, attempted_bytes=attempted_bytes)

    async def on_media_uploaded(self, user_id, media_id, size):
        return await self.follow("on_media_uploaded", user_id=user_id, media_id=media_id, size=size)

    async def on_media_deleted(self, media_id):
        return await self.follow("on_media_deleted", media_id=media_id)

    async def check_media_file(self, file, **facts):
        pieces = []
        await file.write_chunks_to(pieces.append)
        assert len(b"".join(pieces)) == facts["size"]
        return await self.follow("check_media_file", **facts)

    async def follow(self, callback, spoilt=None, **arguments):
        with open(os.path.join(self.folder, "heard"), "a") as heard:
            heard.write(json.dumps({"callback": callback, **arguments}) + "\n")
        with open(os.path.join(self.folder, "script")) as script:
            behaviour = json.load(script).get(callback)
        if behaviour is None:
            return True if callback == "is_user_allowed_to_upload_media_of_size" else None
        kind, value = behaviour["kind"], behaviour["value"]
        if kind == "refuses":
            raise SynapseError(value["status"], value["error"], value["errcode"])
        if kind == "breaks":
            raise ValueError("as the script says")
        if kind == "hangs":
            await self.api.sleep(60)
        if kind == "spoils_input":
            object.__setattr__(spoilt, "max_bytes", 0)
        return value
