"""TLS connections for Twisted by Python's own ssl.

Twisted's are pyOpenSSL's, whose callbacks want memory that is writable and executable: a hardened service
(MemoryDenyWriteExecute of systemd) has none.
"""
import asyncio
import ssl

from twisted.internet import defer, interfaces
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(interfaces.IStreamClientEndpoint)
class TlsEndpoint:
    """Connects to a host whose certificate must be good for its name."""

    def __init__(self, loop, host, port, timeout):
        self._loop = loop
        self._host = host
        self._port = port
        self._timeout = timeout

    def connect(self, factory):
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._connect(factory), loop=self._loop))

    async def _connect(self, factory):
        opening = self._loop.create_connection(lambda: _Bridge(factory), self._host, self._port,
                                               ssl=ssl.create_default_context(), server_hostname=self._host)
        try:
            _, bridge = await asyncio.wait_for(opening, self._timeout)
        except (OSError, asyncio.TimeoutError) as error:
            raise ConnectError(string=str(error) or "timed out") from error
        return bridge.protocol


class _Bridge(asyncio.Protocol):
    """Hands what comes to a protocol of Twisted."""

    def __init__(self, factory):
        self.protocol = factory.buildProtocol(IPv4Address("TCP", "0.0.0.0", 0))

    def connection_made(self, transport):
        self._transport = _Transport(transport)
        self.protocol.makeConnection(self._transport)

    def data_received(self, data):
        self.protocol.dataReceived(data)

    def pause_writing(self):
        self._transport.tell_producer("pauseProducing")

    def resume_writing(self):
        self._transport.tell_producer("resumeProducing")

    def connection_lost(self, error):
        self.protocol.connectionLost(Failure(ConnectionDone() if error is None else ConnectionLost(str(error))))


@implementer(interfaces.ITransport, interfaces.IPushProducer, interfaces.IConsumer)
class _Transport:
    """A transport of asyncio, as Twisted's protocols use theirs."""

    disconnecting = False

    def __init__(self, transport):
        self._transport = transport
        self._producer = None

    def write(self, data):
        self._transport.write(data)

    def writeSequence(self, pieces):
        self._transport.write(b"".join(pieces))

    def loseConnection(self):
        self.disconnecting = True
        self._transport.close()

    def abortConnection(self):
        self.disconnecting = True
        self._transport.abort()

    def getPeer(self):
        return IPv4Address("TCP", *self._transport.get_extra_info("peername")[:2])

    def getHost(self):
        return IPv4Address("TCP", *self._transport.get_extra_info("sockname")[:2])

    def pauseProducing(self):
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resumeProducing(self):
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def stopProducing(self):
        self.loseConnection()

    def registerProducer(self, producer, streaming):
        self._producer = producer
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self):
        self._producer = None

    def tell_producer(self, word):
        if self._producer is not None:
            getattr(self._producer, word)()
