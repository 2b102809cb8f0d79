"""Tells a billing service when somebody hits a limit, and what is stored. Written as for Synapse (and a fork of it)."""
import json
import logging

from synapse.module_api import MediaUploadLimit, ModuleApi, make_deferred_yieldable, run_as_background_process
from twisted.web.client import readBody
from twisted.web.http_headers import Headers

logger = logging.getLogger(__name__)


class LimitReporter:
    def __init__(self, config: dict, api: ModuleApi):
        self.url = config["url"]
        self.api = api
        api.register_media_repository_callbacks(
            on_media_upload_limit_exceeded=self.on_media_upload_limit_exceeded,
            on_media_uploaded=self.on_media_uploaded,
            on_media_deleted=self.on_media_deleted,
        )
        api.register_ratelimit_callbacks(get_ratelimit_override_for_user=self.no_override)

    async def no_override(self, user, limiter_name):
        return None

    async def on_media_upload_limit_exceeded(
        self, user_id: str, limit: MediaUploadLimit, sent_bytes: int, attempted_bytes: int
    ) -> None:
        await self.api.http_client.post_json_get_json(
            self.url,
            {
                "user": user_id,
                "max_bytes": limit.max_bytes,
                "time_period_ms": limit.time_period_ms,
                "sent": sent_bytes,
                "attempted": attempted_bytes,
            },
        )

    async def on_media_uploaded(self, user_id: str, media_id: str, size: int) -> None:
        run_as_background_process("report_upload", self._post, {"uploaded": media_id, "user": user_id, "size": size})

    async def on_media_deleted(self, media_id: str) -> None:
        await self._post({"deleted": media_id})

    async def _post(self, report: dict) -> None:
        response = await self.api.http_client.request(
            "POST", self.url, data=json.dumps(report).encode("utf-8"),
            headers=Headers({b"Content-Type": [b"application/json"]}),
        )
        body = await make_deferred_yieldable(readBody(response))
        if response.code != 200:
            logger.warning("the billing service answered %d: %r", response.code, body)
