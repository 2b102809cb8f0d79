"""Tells admins of a larger upload size than others. Written as for Synapse."""
from typing import Optional

from synapse.module_api import JsonDict, ModuleApi


class ConfigPerUser:
    def __init__(self, config: JsonDict, api: ModuleApi):
        self._sizes = config["sizes"]
        self._api = api
        api.register_media_repository_callbacks(get_media_config_for_user=self.get_media_config_for_user)

    @staticmethod
    def parse_config(config: JsonDict) -> JsonDict:
        return {"sizes": {kind: int(size) for kind, size in config["sizes"].items()}}

    async def get_media_config_for_user(self, user: str) -> Optional[JsonDict]:
        info = await self._api.get_userinfo_by_id(user)
        if info is None:
            return None
        kind = "admin" if info.is_admin else "user"
        return {"m.upload.size": self._sizes[kind], "org.example.kind": kind}
