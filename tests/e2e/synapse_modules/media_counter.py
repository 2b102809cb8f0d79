"""Tells what local_media_repository holds: of the user who asks, the latest, and of everybody."""
from synapse.module_api import JsonDict, ModuleApi


class MediaCounter:
    def __init__(self, config: dict, api: ModuleApi):
        self.api = api
        api.register_media_repository_callbacks(get_media_config_for_user=self.get_media_config_for_user)

    async def get_media_config_for_user(self, user: str) -> JsonDict:
        return await self.api.run_db_interaction("count", self.count, user)

    @staticmethod
    def count(txn, user: str) -> JsonDict:
        txn.execute("SELECT COUNT(*), SUM(media_length) FROM local_media_repository WHERE user_id = ?", (user,))
        alice = list(txn.fetchone())
        txn.execute("SELECT media_id FROM local_media_repository WHERE user_id = ? ORDER BY created_ts DESC, media_length DESC LIMIT 1", (user,))
        (latest,) = txn.fetchone()
        txn.execute("SELECT media_id, media_length FROM local_media_repository WHERE media_id = %s", (latest,))
        assert txn.rowcount == 1 and [column[0] for column in txn.description] == ["media_id", "media_length"]
        rows = txn.fetchall()
        txn.execute("SELECT COUNT(*) FROM local_media_repository")
        return {"alice": alice, "latest": list(rows[0]), "everybody": txn.fetchone()[0]}
