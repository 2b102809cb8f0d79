"""Frames to and from mxcd: a length of four bytes, big-endian, and one JSON object (descriptor 3)."""
import array
import json
import os
import socket
import threading

DESCRIPTOR = 3
LONGEST_FRAME = 64 * 1024
_ROOM_FOR_DESCRIPTORS = socket.CMSG_SPACE(16 * array.array("i").itemsize)


class Wire:
    """Writes block, from any thread; reads never do."""

    def __init__(self):
        self._socket = socket.socket(fileno=DESCRIPTOR)
        self._socket.setblocking(True)
        self._lock = threading.Lock()
        self._received = bytearray()
        self._descriptors = []
        os.register_at_fork(after_in_child=self._leave)

    def fileno(self):
        return DESCRIPTOR

    def send(self, frame):
        self.send_text(json.dumps(frame, separators=(",", ":")).encode())

    def send_text(self, text):
        with self._lock:
            if self._socket is None:
                os._exit(0)  # a fork of the child has nothing to say to mxcd
            self._socket.sendall(len(text).to_bytes(4, "big") + text)

    def receive(self):
        """The frames that have come by now, each with the descriptor of its file, or None."""
        try:
            flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
            data, ancillary, _, _ = self._socket.recvmsg(65536, _ROOM_FOR_DESCRIPTORS, flags)
        except BlockingIOError:
            return []
        if not data:
            os._exit(0)  # mxcd has gone
        for _, kind, content in ancillary:
            if kind == socket.SCM_RIGHTS:
                self._descriptors.extend(array.array("i", content))
        self._received += data
        return self._complete_frames()

    def _complete_frames(self):
        frames = []
        received = self._received
        while len(received) >= 4:
            end = 4 + int.from_bytes(received[:4], "big")
            if len(received) < end:
                break
            frame = json.loads(received[4:end])
            del received[:end]
            frames.append((frame, self._descriptors.pop(0) if frame.get("has_file") else None))
        return frames

    def _leave(self):
        self._lock = threading.Lock()
        self._socket.detach()
        self._socket = None
        os.close(DESCRIPTOR)
