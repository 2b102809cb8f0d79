from typing import Optional

import attr


@attr.s(frozen=True, slots=True, auto_attribs=True)
class MediaUploadLimit:
    """At most `max_bytes` in any `time_period_ms`; where a user reads about it, and whether more can be had."""

    max_bytes: int
    time_period_ms: int
    info_uri: Optional[str] = None
    can_upgrade: bool = False
