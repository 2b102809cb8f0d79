from typing import Any, Dict, Mapping, Optional

import attr

from synapse.api.errors import Codes, SynapseError

JsonDict = Dict[str, Any]
JsonMapping = Mapping[str, Any]


@attr.s(frozen=True, slots=True, auto_attribs=True)
class UserID:
    """`@localpart:domain`"""

    localpart: str
    domain: str
    SIGIL = "@"

    @classmethod
    def from_string(cls, text):
        localpart, colon, domain = text[1:].partition(":")
        if not text.startswith(cls.SIGIL) or not colon or not domain:
            raise SynapseError(400, f"Expected UserID string to start with '@' and have a domain: {text}",
                               Codes.INVALID_PARAM)
        return cls(localpart, domain)

    @classmethod
    def is_valid(cls, text):
        try:
            cls.from_string(text)
            return True
        except Exception:
            return False

    def to_string(self):
        return f"{self.SIGIL}{self.localpart}:{self.domain}"

    __str__ = to_string


@attr.s(frozen=True, slots=True, auto_attribs=True)
class Requester:
    user: UserID
    access_token_id: Optional[int]
    is_guest: bool
    scope: frozenset
    shadow_banned: bool
    device_id: Optional[str]
    app_service: Any
    authenticated_entity: str


def create_requester(user_id, access_token_id=None, is_guest=False, scope=(), shadow_banned=False, device_id=None,
                     app_service=None, authenticated_entity=None):
    user = user_id if isinstance(user_id, UserID) else UserID.from_string(user_id)
    return Requester(user, access_token_id, is_guest, frozenset(scope), shadow_banned, device_id, app_service,
                     authenticated_entity or user.to_string())


@attr.s(frozen=True, slots=True, auto_attribs=True)
class UserInfo:
    """A row of the homeserver's `users`."""

    user_id: UserID
    appservice_id: Optional[str]
    consent_server_notice_sent: Optional[str]
    consent_version: Optional[str]
    consent_ts: Optional[int]
    creation_ts: int
    is_admin: bool
    is_deactivated: bool
    is_guest: bool
    is_shadow_banned: bool
    user_type: Optional[str]
    approved: bool
    locked: bool
