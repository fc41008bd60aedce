"""How requests reach nodes of which some may be dead or hang. Only `connect` imports this: it needs the client."""

from __future__ import annotations

from typing import Any

from elastic_transport import ConnectionError as NoConnection
from elastic_transport import (
    ConnectionTimeout,
    HttpHeaders,
    NodeConfig,
    Transport,
    TransportApiResponse,
    TransportError,
    Urllib3HttpNode,
)
from elastic_transport._node import NodeApiResponse
from elastic_transport.client_utils import DEFAULT, DefaultType
from urllib3 import HTTPSConnectionPool, Timeout
from urllib3.exceptions import ConnectTimeoutError

_CONNECT_S = 3.0
"""A machine that is switched off answers nothing at all: this long until the next node is asked."""
CONNECTIONS = 32
"""To one node at a time: more than a server has threads."""


class Node(Urllib3HttpNode):
    """Gives up connecting long before it gives up reading, and notes its address on every failure."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        if config.ssl_context is not None:
            # The parent's pool adds the public authorities to a context that is given.
            self.pool = HTTPSConnectionPool(
                config.host,
                port=config.port,
                maxsize=CONNECTIONS,
                block=True,
                ssl_context=config.ssl_context,
                assert_hostname=None if config.ssl_context.check_hostname else False,
            )

    def _log_request(self, *_: Any, **__: Any) -> None:
        """Nothing, at no level: it would be the query and what was found."""

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        read = self.config.request_timeout if isinstance(request_timeout, DefaultType) else request_timeout
        limit: Any = Timeout(connect=_CONNECT_S if read is None else min(_CONNECT_S, read), read=read)
        try:
            return super().perform_request(method, target, body, headers, limit)
        except ConnectionTimeout as exc:
            if isinstance(exc.errors[0], ConnectTimeoutError):
                # Nothing was sent, so that another node can be asked at once, as where a connection is refused.
                refused = NoConnection("no connection in time", errors=exc.errors)
                refused.add_note(self.base_url)
                raise refused from exc
            exc.add_note(self.base_url)
            raise
        except TransportError as exc:
            exc.add_note(self.base_url)
            raise


class FailoverTransport(Transport):
    """After a request timed out, asks one other node, not all in turn: a call ends within two timeouts."""

    def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
        wanted = options.pop("retry_on_timeout", DEFAULT)
        again = (self.retry_on_timeout if isinstance(wanted, DefaultType) else wanted) and len(self.node_pool) > 1
        try:
            return super().perform_request(method, target, retry_on_timeout=False, **options)
        except ConnectionTimeout:
            if not again:
                raise
        return super().perform_request(method, target, retry_on_timeout=False, **options)
