"""Writes into the homeserver's database, or looks for media in it."""
from synapse.module_api import ModuleApi


class Writer:
    def __init__(self, config: dict, api: ModuleApi):
        self.api = api
        api.register_media_repository_callbacks(is_user_allowed_to_upload_media_of_size=self.is_allowed)

    async def is_allowed(self, user_id: str, size: int) -> bool:
        await self.api.run_db_interaction("write", self.write if size == 1 else self.look, user_id)
        return True

    @staticmethod
    def write(txn, user_id):
        txn.execute("UPDATE users SET creation_ts = creation_ts + 1 WHERE name = ?", (user_id,))
        assert txn.rowcount == 1

    @staticmethod
    def look(txn, user_id):
        txn.execute("SELECT COALESCE(SUM(media_length), 0) FROM local_media_repository WHERE user_id = ?", (user_id,))
