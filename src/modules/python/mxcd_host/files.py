"""What a spam checker says of a file, in mxcd's words."""
from synapse.api.errors import Codes
from synapse.module_api import NOT_SPAM


def verdict_of(answer):
    """NOT_SPAM, a code, a code with more fields of the error, or (the old way) whether it is spam."""
    if answer is NOT_SPAM or answer is False:
        return "allow"
    code = answer[0] if isinstance(answer, tuple) and answer else answer
    if code is True:
        code = Codes.FORBIDDEN
    if not isinstance(code, Codes):
        raise TypeError(f"check_media_file_for_spam returned {type(answer).__name__}")
    # As Synapse answers uploads of what its spam checkers refuse.
    return {"reject": {"status": 400, "errcode": str(code), "error": "Bad content"}}
