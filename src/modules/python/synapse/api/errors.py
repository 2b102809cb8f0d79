from enum import Enum


class Codes(str, Enum):
    """Error codes of the Matrix specification."""

    UNRECOGNIZED = "M_UNRECOGNIZED"
    UNAUTHORIZED = "M_UNAUTHORIZED"
    FORBIDDEN = "M_FORBIDDEN"
    BAD_JSON = "M_BAD_JSON"
    NOT_JSON = "M_NOT_JSON"
    USER_IN_USE = "M_USER_IN_USE"
    ROOM_IN_USE = "M_ROOM_IN_USE"
    BAD_STATE = "M_BAD_STATE"
    UNKNOWN = "M_UNKNOWN"
    NOT_FOUND = "M_NOT_FOUND"
    MISSING_TOKEN = "M_MISSING_TOKEN"
    UNKNOWN_TOKEN = "M_UNKNOWN_TOKEN"
    GUEST_ACCESS_FORBIDDEN = "M_GUEST_ACCESS_FORBIDDEN"
    LIMIT_EXCEEDED = "M_LIMIT_EXCEEDED"
    CAPTCHA_NEEDED = "M_CAPTCHA_NEEDED"
    CAPTCHA_INVALID = "M_CAPTCHA_INVALID"
    MISSING_PARAM = "M_MISSING_PARAM"
    INVALID_PARAM = "M_INVALID_PARAM"
    TOO_LARGE = "M_TOO_LARGE"
    EXCLUSIVE = "M_EXCLUSIVE"
    THREEPID_AUTH_FAILED = "M_THREEPID_AUTH_FAILED"
    THREEPID_IN_USE = "M_THREEPID_IN_USE"
    THREEPID_NOT_FOUND = "M_THREEPID_NOT_FOUND"
    THREEPID_DENIED = "M_THREEPID_DENIED"
    INVALID_USERNAME = "M_INVALID_USERNAME"
    SERVER_NOT_TRUSTED = "M_SERVER_NOT_TRUSTED"
    CONSENT_NOT_GIVEN = "M_CONSENT_NOT_GIVEN"
    CANNOT_LEAVE_SERVER_NOTICE_ROOM = "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM"
    RESOURCE_LIMIT_EXCEEDED = "M_RESOURCE_LIMIT_EXCEEDED"
    USER_LIMIT_EXCEEDED = "M_USER_LIMIT_EXCEEDED"
    UNSUPPORTED_ROOM_VERSION = "M_UNSUPPORTED_ROOM_VERSION"
    INCOMPATIBLE_ROOM_VERSION = "M_INCOMPATIBLE_ROOM_VERSION"
    WRONG_ROOM_KEYS_VERSION = "M_WRONG_ROOM_KEYS_VERSION"
    USER_DEACTIVATED = "M_USER_DEACTIVATED"
    USER_LOCKED = "M_USER_LOCKED"
    USER_SUSPENDED = "M_USER_SUSPENDED"
    WEAK_PASSWORD = "M_WEAK_PASSWORD"
    NOT_YET_UPLOADED = "M_NOT_YET_UPLOADED"
    CANNOT_OVERWRITE_MEDIA = "M_CANNOT_OVERWRITE_MEDIA"

    __str__ = str.__str__


class CodeMessageException(RuntimeError):
    def __init__(self, code, msg, headers=None):
        super().__init__(f"{code}: {msg}")
        self.code = int(code)
        self.msg = msg
        self.headers = headers


class SynapseError(CodeMessageException):
    """Ends the request with a Matrix error."""

    def __init__(self, code, msg, errcode=Codes.UNKNOWN, additional_fields=None, headers=None):
        super().__init__(code, msg, headers)
        self.errcode = errcode
        self.additional_fields = dict(additional_fields or {})

    def error_dict(self, config=None):
        return {"errcode": str(self.errcode), "error": self.msg, **self.additional_fields}


class InvalidClientCredentialsError(SynapseError):
    def __init__(self, msg, errcode=Codes.UNKNOWN):
        super().__init__(401, msg, errcode)


class AuthError(SynapseError):
    def __init__(self, code, msg, errcode=Codes.FORBIDDEN, additional_fields=None):
        super().__init__(code, msg, errcode, additional_fields)


class NotFoundError(SynapseError):
    def __init__(self, msg="Not found", errcode=Codes.NOT_FOUND):
        super().__init__(404, msg, errcode)


class RedirectException(CodeMessageException):
    def __init__(self, location, http_code=302):
        super().__init__(http_code, f"Redirect to {location.decode()}")
        self.location = location
        self.cookies = []


class HttpResponseException(CodeMessageException):
    """A server answered with a status that is no success; `response` is its body."""

    def __init__(self, code, msg, response):
        super().__init__(code, msg)
        self.response = response


class RequestTimedOutError(SynapseError):
    def __init__(self, msg):
        super().__init__(504, msg)
