"""The HTTP client of the module API, on Twisted's agent."""
import json
import urllib.parse
from io import BytesIO

from twisted.internet import defer, reactor
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Protocol
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from mxcd_host.tls import TlsEndpoint
from synapse.api.errors import Codes, HttpResponseException, RequestTimedOutError, SynapseError

_TIMEOUT = 60
_CONNECT_TIMEOUT = 15
_LONGEST_BODY = 50 * 1024 * 1024
_USER_AGENT = b"mxcd"


def encode_query_args(args):
    """`args` maps names to a text or to a list of texts."""
    return urllib.parse.urlencode(args or {}, doseq=True).encode()


class _BodyCollector(Protocol):
    def __init__(self, stream, most, done):
        self._stream = stream
        self._left = most
        self._size = 0
        self._done = done

    def dataReceived(self, data):
        self._size += len(data)
        self._left -= len(data)
        if self._left < 0 and not self._done.called:
            self._done.errback(SynapseError(502, "The answer is too large", Codes.TOO_LARGE))
            self.transport.abortConnection()
        elif self._left >= 0:
            self._stream.write(data)

    def connectionLost(self, reason):
        if self._done.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self._done.callback(self._size)
        else:
            self._done.errback(reason)


def _read_into(response, stream, most):
    done = defer.Deferred()
    response.deliverBody(_BodyCollector(stream, most, done))
    return done.addTimeout(_TIMEOUT, reactor)


@implementer(IAgentEndpointFactory)
class _Endpoints:
    def endpointForURI(self, uri):
        host = uri.host.decode()
        if uri.scheme == b"https":
            return TlsEndpoint(reactor._asyncioEventloop, host, uri.port, _CONNECT_TIMEOUT)
        return HostnameEndpoint(reactor, host, uri.port, timeout=_CONNECT_TIMEOUT)


class SimpleHttpClient:
    def __init__(self):
        pool = HTTPConnectionPool(reactor)
        pool.maxPersistentPerHost = 5
        pool.cachedConnectionTimeout = 60
        self.agent = Agent.usingEndpointFactory(reactor, _Endpoints(), pool)

    async def request(self, method, uri, data=None, headers=None):
        """The answer of whatever status, its body unread."""
        headers = headers.copy() if headers is not None else Headers()
        if not headers.hasHeader(b"User-Agent"):
            headers.addRawHeader(b"User-Agent", _USER_AGENT)
        body = None if data is None else FileBodyProducer(BytesIO(data))
        answer = self.agent.request(method.encode(), uri.encode(), headers, body)
        try:
            return await answer.addTimeout(_TIMEOUT, reactor)
        except defer.TimeoutError as error:
            raise RequestTimedOutError("Timed out") from error

    async def get_json(self, uri, args=None, headers=None):
        return json.loads(await self.get_raw(uri, args, {b"Accept": [b"application/json"], **_by_bytes(headers)}))

    async def get_raw(self, uri, args=None, headers=None):
        if args:
            uri = f"{uri}{'&' if '?' in uri else '?'}{encode_query_args(args).decode()}"
        return await self._exchange("GET", uri, None, headers)

    async def post_json_get_json(self, uri, post_json, headers=None):
        return await self._send_json("POST", uri, post_json, headers)

    async def put_json(self, uri, json_body, args=None, headers=None):
        if args:
            uri = f"{uri}?{encode_query_args(args).decode()}"
        return await self._send_json("PUT", uri, json_body, headers)

    async def post_urlencoded_get_json(self, uri, args=None, headers=None):
        fields = {b"Content-Type": [b"application/x-www-form-urlencoded"], b"Accept": [b"application/json"]}
        return json.loads(await self._exchange("POST", uri, encode_query_args(args), {**fields, **_by_bytes(headers)}))

    async def get_file(self, url, output_stream, max_size=None, headers=None, is_allowed_content_type=None):
        response = await self.request("GET", url, headers=Headers(_by_bytes(headers)))
        if response.code > 299:
            raise SynapseError(502, f"Got error {response.code}", Codes.UNKNOWN)
        found = {name: values for name, values in response.headers.getAllRawHeaders()}
        content_type = (found.get(b"Content-Type") or [b"application/octet-stream"])[0].decode("latin-1")
        if is_allowed_content_type is not None and not is_allowed_content_type(content_type):
            raise SynapseError(502, f"Requested file's content type not allowed: {content_type}")
        length = await _read_into(response, output_stream, max_size or _LONGEST_BODY)
        return length, found, response.request.absoluteURI.decode(), response.code

    async def _send_json(self, method, uri, content, headers):
        fields = {b"Content-Type": [b"application/json"], b"Accept": [b"application/json"]}
        return json.loads(await self._exchange(method, uri, json.dumps(content).encode(), {**fields, **_by_bytes(headers)}))

    async def _exchange(self, method, uri, data, headers):
        """The body of an answer that is a success."""
        response = await self.request(method, uri, data, Headers(_by_bytes(headers)))
        stream = BytesIO()
        await _read_into(response, stream, _LONGEST_BODY)
        if not 200 <= response.code < 300:
            raise HttpResponseException(response.code, response.phrase.decode("latin-1"), stream.getvalue())
        return stream.getvalue()


def _by_bytes(headers):
    if isinstance(headers, Headers):
        return dict(headers.getAllRawHeaders())
    return {(name if isinstance(name, bytes) else name.encode()): values for name, values in (headers or {}).items()}
