from typing import Optional

import attr


@attr.s(frozen=True, slots=True, auto_attribs=True)
class ThumbnailInfo:
    width: int
    height: int
    method: str
    type: str
    length: int = 0


@attr.s(frozen=True, slots=True, auto_attribs=True)
class FileInfo:
    """What a file is; `server_name` is None for media of this server."""

    server_name: Optional[str]
    file_id: str
    url_cache: bool = False
    thumbnail: Optional[ThumbnailInfo] = None

    @property
    def thumbnail_width(self):
        return self.thumbnail and self.thumbnail.width

    @property
    def thumbnail_height(self):
        return self.thumbnail and self.thumbnail.height

    @property
    def thumbnail_method(self):
        return self.thumbnail and self.thumbnail.method

    @property
    def thumbnail_type(self):
        return self.thumbnail and self.thumbnail.type
