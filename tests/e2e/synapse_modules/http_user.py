"""Uses every method of the HTTP client, and tells what came of it as a media config."""
from io import BytesIO

from synapse.api.errors import HttpResponseException, SynapseError
from synapse.module_api import JsonDict, ModuleApi


class HttpUser:
    def __init__(self, config: JsonDict, api: ModuleApi):
        self._url = config["url"]
        self._api = api
        api.register_media_repository_callbacks(get_media_config_for_user=self.get_media_config_for_user)

    async def get_media_config_for_user(self, user: str) -> JsonDict:
        client = self._api.http_client
        told = {
            "get_json": await client.get_json(self._url + "/a", {"x": ["1", "2"]}, headers={b"X-Test": [b"yes"]}),
            "post_json": await client.post_json_get_json(self._url + "/b", {"y": 1}),
            "put_json": await client.put_json(self._url + "/c", {"z": None}, {"q": "ä"}),
            "post_form": await client.post_urlencoded_get_json(self._url + "/d", {"k": "v w"}),
            "get_raw": len(await client.get_raw(self._url + "/e")),
        }
        stream = BytesIO()
        length, headers, uri, code = await client.get_file(self._url + "/f", stream)
        told["get_file"] = [length == len(stream.getvalue()), headers[b"X-Answer"][0].decode(), uri.endswith("/f"), code]
        try:
            await client.get_file(self._url + "/f", BytesIO(), max_size=3)
        except SynapseError as error:
            told["too_large"] = error.code
        try:
            await client.get_json(self._url + "/missing")
        except HttpResponseException as error:
            told["missing"] = [error.code, error.response.decode()]
        return told
