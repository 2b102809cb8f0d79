import attr


@attr.s(auto_attribs=True)
class RatelimitOverride:
    per_second: float
    burst_count: int
