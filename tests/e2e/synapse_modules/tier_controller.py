"""Only verified users upload: `users.user_type`, asked with SQL. Written as for Synapse."""
import logging
from typing import Any, Union

import attr
from synapse.module_api import NOT_SPAM, ModuleApi
from synapse.module_api.errors import Codes, ConfigError

logger = logging.getLogger(__name__)


@attr.s(auto_attribs=True, frozen=True)
class TierConfig:
    verified_type: str
    max_size: int


class TierController:
    def __init__(self, config: TierConfig, api: ModuleApi):
        self._config = config
        self._api = api
        api.register_media_repository_callbacks(
            is_user_allowed_to_upload_media_of_size=self.is_user_allowed_to_upload_media_of_size,
        )
        api.register_spam_checker_callbacks(
            user_may_create_room=self.user_may_create_room,
            check_event_for_spam=self.check_event_for_spam,
            check_media_file_for_spam=self.check_media_file_for_spam,
        )
        logger.info("the tier controller is ready")

    @staticmethod
    def parse_config(config: dict) -> TierConfig:
        if "verified_type" not in config:
            raise ConfigError("verified_type is required", ("verified_type",))
        return TierConfig(config["verified_type"], int(config.get("max_size", 1 << 40)))

    async def is_user_allowed_to_upload_media_of_size(self, user_id: str, size: int) -> bool:
        try:
            tier = await self._api.run_db_interaction("tier_of_user", self._tier_of_user, user_id)
        except Exception:
            logger.exception("cannot tell the tier of %s", user_id)
            return False  # nobody uploads when the database is away
        return tier == self._config.verified_type and size <= self._config.max_size

    @staticmethod
    def _tier_of_user(txn, user_id: str) -> Any:
        txn.execute("SELECT user_type FROM users WHERE name = %s AND deactivated = 0", (user_id,))
        row = txn.fetchone()
        return row[0] if row else None

    async def user_may_create_room(self, user_id: str) -> Union[str, Codes]:
        return NOT_SPAM

    async def check_event_for_spam(self, event: Any) -> Union[str, Codes]:
        return NOT_SPAM

    async def check_media_file_for_spam(self, file_wrapper, file_info) -> Union[str, Codes]:
        beginning = []

        def look(chunk: bytes) -> None:
            if not beginning:
                beginning.append(chunk[:4])

        await file_wrapper.write_chunks_to(look)
        return Codes.FORBIDDEN if beginning == [b"\x7fELF"] else NOT_SPAM
