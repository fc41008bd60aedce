"""What tests do to the nodes of a cluster beside stopping them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from tests.cluster.searching import eventually
from tests.servers.elasticsearch import Cluster


def made_whole(cluster: Cluster) -> None:
    """Starts the nodes that are down, all at once, and waits until every shard has its copies."""
    down = [node for node in cluster.nodes if not node.running]
    for node in down:
        node.start()
    cluster.wait("green", nodes=len(cluster.nodes))


def without_delay(cluster: Cluster, node: int) -> None:
    """Copies that a lost node held are made anew at once, not after a minute in which it might come back."""
    body = json.dumps({"index.unassigned.node_left.delayed_timeout": "0s"}).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{cluster.urls[node]}/contract*/_settings?expand_wildcards=all",
        data=body,
        method="PUT",
        headers={"content-type": "application/json"},
    )

    def taken() -> bool:
        try:
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
        except urllib.error.HTTPError:
            return False
        return True

    # While the nodes that are left agree on a new master, none of them changes settings.
    eventually(taken)
