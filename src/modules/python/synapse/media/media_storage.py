import os

from twisted.internet import reactor
from twisted.internet.task import deferLater

_CHUNK = 16 * 1024
_CHUNKS_IN_A_ROW = 64


class ReadableFileWrapper:
    """A file that is being uploaded; it can be read while the callback runs."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        # For those who want to open it themselves, or name it to a program that they run.
        self.path = f"/proc/{os.getpid()}/fd/{descriptor}"

    async def write_chunks_to(self, callback):
        """Gives all of the bytes to `callback`, piece by piece."""
        offset = 0
        while True:
            chunk = os.pread(self._descriptor, _CHUNK, offset)
            if not chunk:
                return
            callback(chunk)
            offset += len(chunk)
            if offset // _CHUNK % _CHUNKS_IN_A_ROW == 0:
                await deferLater(reactor, 0)  # other calls have their turn
