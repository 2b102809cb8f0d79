#!/usr/bin/env python3
"""Tokens are the homeserver's: asked once, cached, relayed; and a homeserver that is down never logs anybody out."""
import http.server
import json
import threading

from harness import Mxcd

CONFIG = "/_matrix/client/v1/media/config"


class Homeserver:
    """Answers whoami from a table token -> (status, body, headers), and counts."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.is_down = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if outer.is_down:
                    self.close_connection = True
                    return
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                outer.asked.append((token, self.path))
                status, body, headers = outer.answers.get(
                    token, (401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown", "soft_logout": False}, {}))
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def main():
    homeserver = Homeserver()
    homeserver.answers.update({
        "good": (200, {"user_id": "@alice:hs.test"}, {}),
        "guest": (200, {"user_id": "@g:hs.test", "is_guest": True}, {}),
        "locked": (401, {"errcode": "M_USER_LOCKED", "error": "locked", "soft_logout": True}, {}),
        "expired": (401, {"errcode": "M_UNKNOWN_TOKEN", "error": "expired", "soft_logout": True}, {}),
        "busy": (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 6500}, {"Retry-After": "7"}),
        "broken": (500, b"<html>oops</html>", {}),
        "proxy": (200, b"<html>hello</html>", {}),
    })
    settings = f"auth:\n  homeserver_url: http://127.0.0.1:{homeserver.port}\n  cache_ttl: 30s\n"

    def ask(server, token):
        return server.request("GET", CONFIG, {"Authorization": f"Bearer {token}"})

    with Mxcd(settings) as server:
        threads = [threading.Thread(target=ask, args=(server, "good")) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ask(server, "good").status == 200
        assert sum(1 for token, _ in homeserver.asked if token == "good") == 1, "50 at once are one question (row 36)"

        answer = ask(server, "expired")
        assert (answer.status, answer.json()["errcode"], answer.json()["soft_logout"]) == (401, "M_UNKNOWN_TOKEN", True)
        answer = ask(server, "locked")
        assert (answer.status, answer.json()["errcode"], answer.json()["soft_logout"]) == (401, "M_USER_LOCKED", True)
        assert ask(server, "nobody").json()["errcode"] == "M_UNKNOWN_TOKEN"
        answer = ask(server, "busy")
        assert (answer.status, answer.json()["errcode"], answer.headers["retry-after"]) == (429, "M_LIMIT_EXCEEDED", "7")
        assert ask(server, "guest").json()["errcode"] == "M_GUEST_ACCESS_FORBIDDEN"
        for token in ("broken", "proxy"):
            answer = ask(server, token)
            assert answer.status == 503 and "retry-after" in answer.headers, (token, answer.status)

        homeserver.is_down = True
        homeserver.stop()
        assert ask(server, "good").status == 200, "a cached token goes on"
        answer = ask(server, "new")
        assert answer.status == 503 and answer.json()["errcode"] == "M_UNKNOWN", ("never 401", answer.status, answer.body)
        assert server.request("GET", "/health/ready").status == 200, "a homeserver that is down degrades, no more"
        assert "good" not in (server.folder / "log").read_text(), "no token in the log"

        homeserver.is_down = False
        revived = http.server.ThreadingHTTPServer(("127.0.0.1", homeserver.port), homeserver.server.RequestHandlerClass)
        threading.Thread(target=revived.serve_forever, daemon=True).start()
        homeserver.answers["new"] = (200, {"user_id": "@n:hs.test"}, {})
        assert ask(server, "new").status == 200, "the next request asks again"
        revived.shutdown()
    print("whoami: one question for fifty, answers relayed, 503 and never 401 when it is down")


if __name__ == "__main__":
    main()
