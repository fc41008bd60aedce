"""What of encoding over Ray can be set."""

from __future__ import annotations

from pydantic import BaseModel, Field


class RaySettings(BaseModel, extra="forbid"):
    """Encoding over a cluster of Ray; needs `pathlit[ray]`, in the same version on every machine."""

    address: str = Field(
        "",
        description='Where: "local" starts Ray on this machine, HOST:PORT (or "auto") joins a cluster from one of its '
        "machines, ray://HOST:10001 from elsewhere; empty: one process encodes, without Ray. A cluster that wants a "
        "token gets it by RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH, as Ray's manual says.",
    )
    exchange: str = Field(
        "",
        description="Folder that all machines share, where texts go and vectors come back: a path, or "
        "s3://bucket/folder and the like (fsspec; credentials from the environment); in the home folder where unset.",
    )
    workers: int | None = Field(
        None, ge=1, description="Encoders at work at once; as many as the cluster has room for where unset."
    )
    cpus_per_worker: int = Field(1, ge=1, description="Processors, and so threads, of each.")
    gpus_per_worker: float = Field(
        0.0, ge=0, description="GPUs of each; a fraction such as 0.5 lets two share one. 0 encodes on processors."
    )
