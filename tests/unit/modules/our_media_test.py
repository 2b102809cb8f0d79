#!/usr/bin/env python3
"""The copy behind local_media_repository under many threads: no reader ever misses media that was there all the time.

usage: our_media_test.py FOLDER_OF_THE_SCRIPTS
"""
import random
import sys
import threading
import time

sys.path.insert(0, sys.argv[1])

from mxcd_host import our_media  # noqa: E402


class Mxcd:
    """Media that comes, changes and goes, and the answers about it in short pieces (media_questions.hpp)."""

    LONGEST_PIECE = 7
    MOST_CHANGES = 60  # that it remembers

    def __init__(self):
        self.lock = threading.Lock()
        self.media = []
        self.changes = []
        self.count = 0

    def live(self):
        with self.lock:
            self.count += 1
            self.media.append([f"m{self.count}", "image/png", 1, self.count, None, random.choice("abc"), None, 0, 1, "00"])
            if len(self.media) > 80:
                self.changes.append(self.media.pop(random.randrange(80))[0])
            changed = random.choice(self.media)
            changed[6] = "root"
            self.changes.append(changed[0])

    def ids_of(self, user):
        with self.lock:
            return {row[0] for row in self.media if user in (None, row[5])}

    def ask(self, media_of, after, changes):
        time.sleep(random.random() * 0.001)
        with self.lock:
            seen = len(self.changes) if changes is None else changes
            is_torn = len(self.changes) - seen > self.MOST_CHANGES
            changed = [] if is_torn else self.changes[seen:seen + self.LONGEST_PIECE]
            now = {row[0]: list(row) for row in self.media}
            rows = [list(row) for row in self.media if row[3] > after[0] and media_of in (None, row[5])]
            piece = rows[:self.LONGEST_PIECE]
            return {"media": piece, "end": [piece[-1][3], 0] if piece else after, "is_torn": is_torn,
                    "changed": [[each, now.get(each)] for each in changed],
                    "changes": len(self.changes) if is_torn else seen + len(changed),
                    "is_last": len(piece) == len(rows) and seen + len(changed) == len(self.changes)}


def main():
    our_media._MOST_ROWS = 120  # it has to begin anew now and then
    mxcd = Mxcd()
    copy = our_media.OurMedia(mxcd.ask)
    until = time.monotonic() + 3
    mistakes = []
    statements = []

    def write():
        while time.monotonic() < until:
            mxcd.live()
            time.sleep(0.002)

    def read(user):
        try:
            while time.monotonic() < until:
                before = mxcd.ids_of(user)
                if user is None:
                    rows = copy.execute("SELECT media_id FROM local_media_repository")
                else:
                    rows = copy.execute("SELECT media_id FROM local_media_repository WHERE user_id = ?", (user,))
                lost = (before & mxcd.ids_of(user)) - {row[0] for row in rows}
                statements.append(user)
                if lost:
                    mistakes.append((user, lost))
        except Exception as error:
            mistakes.append((user, error))

    threads = [threading.Thread(target=write)] + [threading.Thread(target=read, args=(user,)) for user in ("a", "b", "c", None)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mistakes, mistakes[:3]
    assert {"a", "b", "c", None} <= set(statements)
    print(f"{len(statements)} statements of four readers over {mxcd.count} media with {len(mxcd.changes)} changes: nothing was missed")


if __name__ == "__main__":
    main()
