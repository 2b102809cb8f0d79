#!/usr/bin/env python3
"""Limits hold exactly under concurrency, against the running binary.

64 clients at once on one user with room for exactly N uploads: N are accepted and the rest refused, round after
round; and with aborted clients and mixed sizes what is charged equals what was acknowledged.
MXCD_ROUNDS sets the rounds (default 200).
"""
import os
import random
import threading

from harness import Mxcd, authorization

ROUNDS = int(os.environ.get("MXCD_ROUNDS", "200"))
CLIENTS = 64
SIZE = 1000


def tokens(count):
    return "".join(f'    - {{token: "t{i}", user_id: "@u{i}:hs.test"}}\n' for i in range(count))


def one_round(server, connections, token, room):
    """All connections upload at the same moment; gives the list of statuses."""
    statuses = [None] * len(connections)
    start = threading.Barrier(len(connections))

    def client(index):
        start.wait()
        statuses[index] = server.upload(os.urandom(SIZE), token, connections[index]).status

    threads = [threading.Thread(target=client, args=(i,)) for i in range(len(connections))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def exactly_as_many_as_fit():
    generator = random.Random(1)
    rooms = [generator.randrange(1, CLIENTS) for _ in range(ROUNDS)]
    # Every round is another user, and a module gives each the room of that round.
    rules = "".join(
        f'        - {{user: "@u{i}:hs.test", media_upload_limits: [{{time_period: 1w, max_size: {room * SIZE}}}]}}\n'
        for i, room in enumerate(rooms))
    settings = (f"auth:\n  static_tokens:\n{tokens(ROUNDS)}"
                f"modules:\n  - builtin: user_tiers\n    config:\n      rules:\n{rules}")
    with Mxcd(settings) as server:
        connections = [server.connect() for _ in range(CLIENTS)]
        for index, room in enumerate(rooms):
            statuses = one_round(server, connections, f"t{index}", room)
            accepted = statuses.count(200)
            refused = statuses.count(403)
            assert (accepted, refused) == (room, CLIENTS - room), (index, room, statuses)
    print(f"{ROUNDS} rounds of {CLIENTS} clients: exactly as many uploads as fit, every time")


def charged_is_what_was_acknowledged():
    limit = 30_000_000
    with Mxcd(f"media_upload_limits:\n  - {{time_period: 1w, max_size: {limit}}}\n") as server:
        acknowledged = []
        lock = threading.Lock()

        def client(seed):
            generator = random.Random(seed)
            for _ in range(20):
                size = generator.choice([0, 1, 500, 32 * 1024, 32 * 1024 + 1, 100_000, 400_000])
                connection = server.connect()
                try:
                    if generator.random() < 0.4 and size > 1:
                        # Declares everything, sends a part and goes.
                        head = connection.head("POST", "/_matrix/media/v3/upload",
                                               {**authorization(), "Content-Length": str(size)})
                        connection.send(head + b"x" * generator.randrange(size))
                    elif server.upload(generator.randbytes(size), connection=connection).status == 200:
                        with lock:
                            acknowledged.append(size)
                finally:
                    connection.close()

        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = limit - sum(acknowledged)
        assert left > 0, "the test wants to end below the limit"
        fill_exactly(server, left)
    print(f"{len(acknowledged)} uploads acknowledged, {sum(acknowledged)} bytes: the rest of the limit fits to the byte")


def fill_exactly(server, left):
    """Uploads `left` bytes in pieces; all fit, and one byte more does not. Aborts settle within a second."""
    import time
    maximum = 1_000_000
    until = time.monotonic() + 5
    while left > 0:
        size = min(left, maximum)
        answer = server.upload(os.urandom(size))
        if answer.status == 200:
            left -= size
        else:
            # A reservation of a client that just hung up may still stand; it must end by itself.
            assert time.monotonic() < until, (answer.status, answer.body, left)
    assert server.upload(b"x").status == 403
    assert server.upload(b"").status == 200


if __name__ == "__main__":
    exactly_as_many_as_fit()
    charged_is_what_was_acknowledged()
