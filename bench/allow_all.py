"""A Synapse module that lets everything pass, and has no config of its own: for measuring what asking costs."""


class AllowAll:
    def __init__(self, config, api):
        api.register_media_repository_callbacks(
            is_user_allowed_to_upload_media_of_size=self.is_allowed, get_media_config_for_user=self.config)

    async def is_allowed(self, user_id: str, size: int) -> bool:
        return True

    async def config(self, user_id: str):
        return None
