"""Verified users have a quota over all their media, nobody else uploads; nobody does when the disk is full. Written as for Synapse."""
import logging
import os
from typing import Any, Dict, Optional, Tuple

import attr
from synapse.module_api import ModuleApi
from synapse.module_api.errors import ConfigError

logger = logging.getLogger(__name__)


@attr.s(auto_attribs=True, frozen=True)
class QuotaConfig:
    max_file_size: int
    max_total_size: int
    media_store_path: str
    min_free_bytes: int
    on_postgres: bool


class QuotaController:
    def __init__(self, config: QuotaConfig, api: ModuleApi):
        self._config = config
        self._api = api
        api.register_media_repository_callbacks(
            is_user_allowed_to_upload_media_of_size=self.is_user_allowed_to_upload_media_of_size,
            get_media_config_for_user=self.get_media_config_for_user,
        )

    @staticmethod
    def parse_config(config: Dict[str, Any]) -> QuotaConfig:
        path = config.get("media_store_path")
        if not path:
            raise ConfigError("media_store_path is required")
        return QuotaConfig(
            max_file_size=int(config["max_file_size"]),
            max_total_size=int(config["max_total_size"]),
            media_store_path=path,
            min_free_bytes=int(config.get("min_free_bytes", 0)),
            on_postgres=bool(config.get("on_postgres", True)),
        )

    async def is_user_allowed_to_upload_media_of_size(self, user_id: str, size: int) -> bool:
        if size > self._config.max_file_size:
            return False
        disk = os.statvfs(self._config.media_store_path)
        if disk.f_bavail * disk.f_frsize < self._config.min_free_bytes:
            return False
        try:
            user_type, used = await self._api.run_db_interaction("quota_check", self._look_up, user_id)
        except Exception:
            logger.exception("cannot tell the quota of %s", user_id)
            return False
        return user_type == "verified" and used + size <= self._config.max_total_size

    async def get_media_config_for_user(self, user_id: str) -> Optional[dict]:
        _, used = await self._api.run_db_interaction("quota_config", self._look_up, user_id)
        return {"m.upload.size": min(self._config.max_file_size, max(0, self._config.max_total_size - used))}

    def _look_up(self, txn: Any, user_id: str) -> Tuple[Optional[str], int]:
        txn.execute("SELECT user_type FROM users WHERE name = %s", (user_id,))
        row = txn.fetchone()
        txn.execute(
            "SELECT COALESCE(SUM(media_length), 0)::BIGINT FROM local_media_repository WHERE user_id = %s AND url_cache IS NULL"
            if self._config.on_postgres
            else "SELECT COALESCE(SUM(media_length), 0) FROM local_media_repository WHERE user_id = ? AND url_cache IS NULL",
            (user_id,),
        )
        return (row[0] if row else None), int(txn.fetchone()[0])
