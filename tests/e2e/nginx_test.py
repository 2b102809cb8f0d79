#!/usr/bin/env python3
"""Behind nginx with the shipped snippets: curl uploads, downloads and reads the config, with and without TLS; what mxcd
does not have is asked at the homeserver; refusals reach the client as JSON with CORS, also while it is still sending."""
from behind_proxy import (SETTINGS, curl_round_trip, limits_are_refused_with_a_page,
                          old_media_is_asked_at_the_homeserver, refusals_reach_a_sending_client)
from harness import ROOT, Connection, Mxcd, authorization
from proxy import Nginx, StubHomeserver


def admins_reach_media_wherever_it_is(address, server, homeserver):
    path = server.upload(b"here").json()["content_uri"].removeprefix("mxc://")
    for method, route in (("GET", "media"), ("POST", "media/quarantine"), ("POST", "media/unquarantine"), ("DELETE", "media")):
        for media, is_here in ((path, True), ("hs.test/oldoldold", False)):
            asked = len(homeserver.requests)
            connection = Connection(address)
            answer = connection.request(method, f"/_synapse/admin/v1/{route}/{media}", authorization(ROOT))
            connection.close()
            assert answer.status == 200, (method, route, media, answer.status)
            assert (answer.body == b"from the homeserver") != is_here, (method, route, media, answer.body)
            assert len(homeserver.requests) == asked + (0 if is_here else 1)


def main():
    homeserver = StubHomeserver()
    with Mxcd(SETTINGS.replace("resources: [media, health]", "resources: [media, health, admin]")) as server:
        nginx = Nginx(server.folder / "mxcd.sock", homeserver.port)
        try:
            curl_round_trip(f"http://127.0.0.1:{nginx.port}")
            curl_round_trip(f"https://localhost:{nginx.tls_port}", "--cacert", str(nginx.certificate))
            old_media_is_asked_at_the_homeserver(nginx.address, homeserver)
            admins_reach_media_wherever_it_is(nginx.address, server, homeserver)
            refusals_reach_a_sending_client(nginx.address, ((2_000_000, "mxcd"), (60_000_000, "nginx")))
            limits_are_refused_with_a_page(nginx.address)
        finally:
            nginx.stop()
            homeserver.stop()
    print("behind nginx: round trip, also over TLS, hand-over of old media, 413 and 403 bodies")


if __name__ == "__main__":
    main()
