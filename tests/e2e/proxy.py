"""Reverse proxies with the snippets that docs/ ships, and a homeserver that holds old media. Standard library only."""
import http.server
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class StubHomeserver:
    """Answers everything, as a homeserver would answer for media from before mxcd; `requests` has the targets."""

    def __init__(self):
        stub = self
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stub.requests.append(self.path)
                body = b"from the homeserver"
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET
            do_DELETE = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy:
    """A reverse proxy in a folder of its own, in the foreground, with a certificate for localhost."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-proxy-"))
        self.port = free_port()
        self.tls_port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.certificate = self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", str(self.folder / "key.pem"), "-out", str(self.certificate)],
                       check=True, capture_output=True)

    def start(self, command):
        self.process = subprocess.Popen(command)
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(self.address).close()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Proxy):
    """The shipped upstreams with mxcd's socket and the homeserver's port put in; the shipped locations as they are, in
    a server block as homeservers' manuals have it."""

    def __init__(self, mxcd_socket, homeserver_port):
        super().__init__()
        upstreams = (ROOT / "docs/nginx/upstreams.conf").read_text()
        upstreams = upstreams.replace("/run/mxcd/mxcd.sock", str(mxcd_socket)) \
                             .replace("127.0.0.1:8008", f"127.0.0.1:{homeserver_port}")
        (self.folder / "upstreams.conf").write_text(upstreams)
        (self.folder / "nginx.conf").write_text(f"""
daemon off;
user root;
worker_processes 1;
pid {self.folder}/nginx.pid;
error_log {self.folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {self.folder}/body;
    proxy_temp_path {self.folder}/proxy;
    fastcgi_temp_path {self.folder}/fastcgi;
    uwsgi_temp_path {self.folder}/uwsgi;
    scgi_temp_path {self.folder}/scgi;
    include {self.folder}/upstreams.conf;
    server {{
        listen 127.0.0.1:{self.port};
        listen 127.0.0.1:{self.tls_port} ssl http2;
        ssl_certificate {self.certificate};
        ssl_certificate_key {self.folder}/key.pem;
        # As Synapse's manual has it; first, where it would win over another regular expression.
        location ~ ^(/_matrix|/_synapse/client) {{
            proxy_pass http://homeserver;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Host $host:$server_port;
            client_max_body_size 20M;
            proxy_http_version 1.1;
        }}
        client_max_body_size 10M;
        include {ROOT}/docs/nginx/locations.conf;
    }}
}}
""")
        self.start(["nginx", "-c", str(self.folder / "nginx.conf"), "-e", str(self.folder / "start.log")])


class Caddy(Proxy):
    """The shipped snippet with mxcd's socket and the homeserver's port put in."""

    def __init__(self, mxcd_socket, homeserver_port):
        super().__init__()
        snippet = (ROOT / "docs/Caddyfile").read_text()
        snippet = snippet.replace("unix//run/mxcd/mxcd.sock", f"unix/{mxcd_socket}") \
                         .replace("127.0.0.1:8008", f"127.0.0.1:{homeserver_port}")
        (self.folder / "Caddyfile").write_text(f"""{{
	admin off
	auto_https off
	grace_period 1s
	log {{
		level ERROR
	}}
}}
http://:{self.port} {{
	bind 127.0.0.1
{snippet}
}}
""")
        self.start(["env", f"HOME={self.folder}", "caddy", "run", "--adapter", "caddyfile", "--config",
                    str(self.folder / "Caddyfile")])


class Haproxy(Proxy):
    """The shipped file with the certificate and both ports put in."""

    def __init__(self, mxcd_port, homeserver_port):
        super().__init__()
        config = (ROOT / "docs/haproxy.cfg").read_text()
        # HAProxy wants the key in the certificate's file.
        (self.folder / "both.pem").write_text(self.certificate.read_text() + (self.folder / "key.pem").read_text())
        config = config.replace("bind :443 ssl crt /etc/haproxy/certs/",
                                f"bind 127.0.0.1:{self.tls_port} ssl crt {self.folder}/both.pem alpn h2,http/1.1\n"
                                f"    bind 127.0.0.1:{self.port}") \
                       .replace("127.0.0.1:8090", f"127.0.0.1:{mxcd_port}") \
                       .replace("127.0.0.1:8008", f"127.0.0.1:{homeserver_port}")
        (self.folder / "haproxy.cfg").write_text(config)
        # -dW: a warning about the file is an error.
        self.start(["haproxy", "-db", "-dW", "-f", str(self.folder / "haproxy.cfg")])
