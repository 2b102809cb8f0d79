"""Writes into the homeserver's database."""
from synapse.module_api import ModuleApi


class Writer:
    def __init__(self, config: dict, api: ModuleApi):
        self.api = api
        api.register_media_repository_callbacks(is_user_allowed_to_upload_media_of_size=self.is_allowed)

    async def is_allowed(self, user_id: str, size: int) -> bool:
        await self.api.run_db_interaction("write", self.write, user_id)
        return True

    @staticmethod
    def write(txn, user_id):
        txn.execute("UPDATE users SET creation_ts = creation_ts + 1 WHERE name = ?", (user_id,))
        assert txn.rowcount == 1
