"""A webhook module for mxcd, complete: nobody uploads more than 10 MiB, and bots nothing. Arguments: PORT SECRET_FILE."""
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = open(sys.argv[2], "rb").read().removesuffix(b"\n")


def is_genuine(header, body):
    """Whether mxcd made this body, less than five minutes ago."""
    fields = {"t": "", "v1": ""} | dict(field.split("=", 1) for field in header.split(",") if "=" in field)
    wanted = hmac.new(SECRET, fields["t"].encode() + b"." + body, "sha256").hexdigest()
    is_recent = fields["t"].isdecimal() and abs(time.time() - int(fields["t"])) < 300
    return is_recent and hmac.compare_digest(wanted.encode(), fields["v1"].encode())


def decide(call):
    if call["callback"] != "is_user_allowed_to_upload_media_of_size":
        return {"result": None}
    if call["user_id"].startswith("@bot_"):
        return {"error": {"status": 403, "errcode": "M_FORBIDDEN", "error": "Bots do not upload here"}}
    return {"result": call["size"] <= 10 * 1024 * 1024}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        genuine = is_genuine(self.headers.get("X-Mxcd-Signature", ""), body)
        answer = json.dumps(decide(json.loads(body)) if genuine else {}).encode()
        self.send_response(200 if genuine else 401)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
