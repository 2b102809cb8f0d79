#!/usr/bin/env python3
"""Behind HAProxy with the shipped snippet: what nginx_test.py asks of nginx, but for the hand-over of old media, which
HAProxy cannot do."""
from behind_proxy import (SETTINGS, curl_round_trip, limits_are_refused_with_a_page, refusals_reach_a_sending_client,
                          skip_without)
from harness import Connection, Mxcd, authorization
from proxy import Haproxy, StubHomeserver


def everything_else_is_the_homeservers(address, homeserver):
    for path in ("/_matrix/client/v3/sync", "/_matrix/client/v1/mediator"):
        connection = Connection(address)
        answer = connection.request("GET", path, authorization())
        connection.close()
        assert answer.status == 200 and homeserver.requests[-1] == path, (path, answer.status)


def main():
    skip_without("haproxy", "haproxy")
    homeserver = StubHomeserver()
    with Mxcd(SETTINGS) as server:
        haproxy = Haproxy(server.address[1], homeserver.port)
        try:
            curl_round_trip(f"https://localhost:{haproxy.tls_port}", "--cacert", str(haproxy.certificate))
            curl_round_trip(f"http://127.0.0.1:{haproxy.port}")
            everything_else_is_the_homeservers(haproxy.address, homeserver)
            refusals_reach_a_sending_client(haproxy.address)
            limits_are_refused_with_a_page(haproxy.address)
        finally:
            haproxy.stop()
            homeserver.stop()
    print("behind HAProxy: round trip over TLS and without, 413 and 403 bodies")


if __name__ == "__main__":
    main()
