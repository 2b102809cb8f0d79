#!/usr/bin/env python3
"""Behind Caddy with the shipped snippet: what nginx_test.py asks of nginx."""
from behind_proxy import (SETTINGS, curl_round_trip, limits_are_refused_with_a_page,
                          old_media_is_asked_at_the_homeserver, refusals_reach_a_sending_client, skip_without)
from harness import Mxcd
from proxy import Caddy, StubHomeserver


def main():
    skip_without("caddy", "caddy")
    homeserver = StubHomeserver()
    with Mxcd(SETTINGS) as server:
        caddy = Caddy(server.folder / "mxcd.sock", homeserver.port)
        try:
            curl_round_trip(f"http://127.0.0.1:{caddy.port}")
            old_media_is_asked_at_the_homeserver(caddy.address, homeserver)
            refusals_reach_a_sending_client(caddy.address)
            limits_are_refused_with_a_page(caddy.address)
        finally:
            caddy.stop()
            homeserver.stop()
    print("behind Caddy: round trip, hand-over of old media, 413 and 403 bodies")


if __name__ == "__main__":
    main()
