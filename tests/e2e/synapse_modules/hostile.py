"""A module that does what the first line of a file says, for as long as it says so."""
import os
import sys
import threading
import time

from synapse.module_api import ModuleApi


class Hostile:
    def __init__(self, config: dict, api: ModuleApi):
        self.order = config["order"]
        self.api = api
        api.register_media_repository_callbacks(is_user_allowed_to_upload_media_of_size=self.is_allowed)

    async def is_allowed(self, user_id: str, size: int) -> bool:
        with open(self.order) as file:
            deed = file.read().strip()
        return True if deed == "behave" else await getattr(self, deed)()

    async def crash(self):
        import ctypes
        ctypes.string_at(0)

    async def abort(self):
        os.abort()

    async def exit(self):
        os._exit(0)

    async def hang(self):
        time.sleep(3600)

    async def hang_softly(self):
        await self.api.sleep(3600)
        return True

    async def allocate(self):
        return len(bytearray(2 << 30)) < 0

    async def recurse(self):
        sys.setrecursionlimit(1 << 30)
        return self.deeper()

    def deeper(self):
        return [self.deeper()]

    async def fork(self):
        for _ in range(20):
            os.fork()
            break
        return True

    async def flood(self):
        def write():
            while open(self.order).read().strip() == "flood":
                for _ in range(1000):
                    os.write(1, b"x" * 99 + b"\n")
        threading.Thread(target=write, daemon=True).start()
        return True

    async def garbage(self):
        os.write(3, b"\x00\x00\x00\x07garbage")
        return True

    async def huge(self):
        os.write(3, b"\x7f\xff\xff\xff")
        return True

    async def fail(self):
        raise ValueError("it is like that")

    async def late(self):
        time.sleep(1.2)
        return True

    async def reply_twice(self):
        frame = b'{"call":1,"result":true}'
        for call in range(1, 2000):
            frame = b'{"call":%d,"result":true}' % call
            os.write(3, len(frame).to_bytes(4, "big") + frame)
        return True
