"""Says something in every way there is, and fails in three: one is that the homeserver's profiles are not offered."""
import logging
import sys

from synapse.module_api import ModuleApi
from twisted.internet import defer

logger = logging.getLogger(__name__)


class Talker:
    def __init__(self, config: dict, api: ModuleApi):
        self._api = api
        print("printed at load")
        api.register_media_repository_callbacks(
            get_media_config_for_user=self.get_media_config_for_user,
            is_user_allowed_to_upload_media_of_size=self.is_user_allowed_to_upload_media_of_size,
        )

    async def get_media_config_for_user(self, user_id: str) -> dict:
        print("printed in a callback")
        print("printed to standard error", file=sys.stderr)
        logger.warning("logged by %s", user_id)
        defer.fail(LookupError("nobody waits for this"))
        return {"org.example.name": await self._name_of(user_id)}

    async def _name_of(self, user_id: str) -> str:
        try:
            return (await self._api.get_profile_for_user(user_id)).display_name
        except Exception:
            return user_id

    async def is_user_allowed_to_upload_media_of_size(self, user_id: str, size: int) -> bool:
        raise ValueError(f"nothing is allowed to {user_id}")
