"""`pathlit snapshot`: generations of a cluster to its snapshot repository, and back."""

from __future__ import annotations

from typing import Annotated

import typer

from pathlit.commands.options import AsJson, Home
from pathlit.console import err, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import ConfigurationError
from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
from retrieval.index.elasticsearch.snapshots import Snapshots

snapshot = typer.Typer(
    name="snapshot",
    no_args_is_help=True,
    help="Keep generations of a cluster in its snapshot repository, and bring them back.\n\n"
    "Register the repository in the cluster first (a shared folder or an object store) and name it in the setting "
    "elasticsearch.snapshots. One snapshot holds one generation. Without a cluster, copy the home folder instead.",
)
Generation = Annotated[str | None, typer.Argument(help="Such as 000041. [default: the published one]")]


@snapshot.command()
def take(generation: Generation = None, home: Home = None, as_json: AsJson = False) -> None:
    """Copy a generation to the repository, and wait until it is there."""
    place = HomeFolder(read_settings(home))
    snapshots = _snapshots(place)
    name = generation or place.store.current()
    with WorkProgress(err).shown() as progress:
        taken = snapshots.take(name, lambda done, total: progress.stage("snapshot", done, total))
    if as_json:
        print_json({"snapshot": taken})
    else:
        out.print(f"Generation [bold]{taken.generation}[/] is in the repository.")


@snapshot.command("list")
def list_snapshots(home: Home = None, as_json: AsJson = False) -> None:
    """List the generations in the repository, oldest first."""
    found = _snapshots(HomeFolder(read_settings(home))).all()
    if as_json:
        print_json({"snapshots": found})
    elif not found:
        out.print("None yet; `pathlit snapshot take` makes one.")
    else:
        for kept in found:
            out.print(f"[bold]{kept.generation}[/]  {kept.state.lower():<12}{kept.taken}")


@snapshot.command()
def restore(
    generation: Annotated[str, typer.Argument(help="Such as 000041.")], home: Home = None, as_json: AsJson = False
) -> None:
    """Bring a generation back into the cluster, whole; `pathlit rollback GENERATION` then publishes it."""
    snapshots = _snapshots(HomeFolder(read_settings(home)))
    with WorkProgress(err).shown() as progress:
        snapshots.restore(generation, lambda done, total: progress.stage("restore", done, total))
    if as_json:
        print_json({"restored": generation})
    else:
        out.print(f"Generation [bold]{generation}[/] is back; publish it with `pathlit rollback {generation}`.")


def _snapshots(place: HomeFolder) -> Snapshots:
    store, repository = place.store, place.settings.elasticsearch.snapshots
    if not isinstance(store, ElasticsearchGenerations):
        raise ConfigurationError(
            "snapshots are of a cluster's generations, and none is set (PATHLIT_ELASTICSEARCH__HOSTS); copy the home "
            "folder instead"
        )
    if not repository:
        raise ConfigurationError(
            "no snapshot repository is named: register one in the cluster, and name it "
            "(PATHLIT_ELASTICSEARCH__SNAPSHOTS)"
        )
    return Snapshots(store.client, store.layout, repository)
