"""Upload limits by group; an HTTP directory knows the groups. Written as for Synapse."""
import logging
import time
from typing import Dict, List, Optional, Tuple

from synapse.module_api import MediaUploadLimit, ModuleApi

logger = logging.getLogger(__name__)


class GroupLimits:
    def __init__(self, config: dict, api: ModuleApi):
        self._api = api
        self._directory = config["directory"]
        self._ttl = config.get("cache_ttl_seconds", 60)
        self._limits = {group: [MediaUploadLimit(**limit) for limit in limits] for group, limits in config["groups"].items()}
        self._cache: Dict[str, Tuple[float, Optional[str]]] = {}
        api.register_media_repository_callbacks(
            get_media_upload_limits_for_user=self.get_media_upload_limits_for_user,
        )

    async def get_media_upload_limits_for_user(self, user_id: str) -> Optional[List[MediaUploadLimit]]:
        group = await self._group_of(user_id)
        if group is None:
            return None
        return self._limits[group]

    async def _group_of(self, user_id: str) -> Optional[str]:
        known_until, group = self._cache.get(user_id, (0.0, None))
        if time.monotonic() < known_until:
            return group
        answer = await self._api.http_client.get_json(f"{self._directory}/groups", {"user": user_id})
        group = answer.get("group")
        self._cache[user_id] = (time.monotonic() + self._ttl, group)
        return group
