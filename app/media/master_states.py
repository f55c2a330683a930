"""The lives of a master, of the package made of it, and of each file of a package, as data."""

from collections.abc import Mapping
from enum import StrEnum


class MasterRole(StrEnum):
    """What a master brings: the film itself, or its audio description."""

    FILM = "film"
    AUDIO_DESCRIPTION = "audio_description"


class MasterState(StrEnum):
    """How far a master has come."""

    UPLOADING = "uploading"
    RECEIVED = "received"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


MASTER_TRANSITIONS: Mapping[MasterState, frozenset[MasterState]] = {
    MasterState.UPLOADING: frozenset({MasterState.RECEIVED, MasterState.WITHDRAWN}),
    MasterState.RECEIVED: frozenset({MasterState.CHECKING, MasterState.WITHDRAWN}),
    # A check that a crash cut short begins again.
    MasterState.CHECKING: frozenset(
        {MasterState.ACCEPTED, MasterState.REFUSED, MasterState.WITHDRAWN}
    ),
    MasterState.ACCEPTED: frozenset({MasterState.WITHDRAWN}),
    # Staff may change what the check compares with, such as the running time, and try again.
    MasterState.REFUSED: frozenset({MasterState.RECEIVED, MasterState.WITHDRAWN}),
    MasterState.WITHDRAWN: frozenset(),
}


class PackageState(StrEnum):
    """How far a package has come. Only a ready one is ever played."""

    WANTED = "wanted"
    WORKING = "working"
    READY = "ready"
    FAILED = "failed"
    SUPERSEDED = "superseded"


PACKAGE_TRANSITIONS: Mapping[PackageState, frozenset[PackageState]] = {
    PackageState.WANTED: frozenset({PackageState.WORKING, PackageState.SUPERSEDED}),
    PackageState.WORKING: frozenset(
        {
            PackageState.READY,
            PackageState.FAILED,
            # Stopped, or to be tried again later.
            PackageState.WANTED,
            PackageState.SUPERSEDED,
        }
    ),
    PackageState.READY: frozenset({PackageState.SUPERSEDED}),
    PackageState.FAILED: frozenset({PackageState.WANTED, PackageState.SUPERSEDED}),
    PackageState.SUPERSEDED: frozenset(),
}


class RenditionKind(StrEnum):
    """What a file of a package holds."""

    VIDEO = "video"
    AUDIO = "audio"
    AUDIO_DESCRIPTION = "audio_description"
    THUMBNAILS = "thumbnails"
    # Only of a package that brings its own: else the version's caption files are read.
    CAPTIONS = "captions"

    @property
    def is_stream(self) -> bool:
        """Whether it is played in segments."""
        return self in STREAMS


STREAMS = frozenset((RenditionKind.VIDEO, RenditionKind.AUDIO, RenditionKind.AUDIO_DESCRIPTION))


class RenditionState(StrEnum):
    """How far one file of a package has come."""

    WANTED = "wanted"
    ENCODING = "encoding"
    STORED = "stored"
    VERIFIED = "verified"
    FAILED = "failed"


RENDITION_TRANSITIONS: Mapping[RenditionState, frozenset[RenditionState]] = {
    RenditionState.WANTED: frozenset({RenditionState.ENCODING}),
    RenditionState.ENCODING: frozenset(
        {RenditionState.STORED, RenditionState.WANTED, RenditionState.FAILED}
    ),
    # What does not fit the others is made again.
    RenditionState.STORED: frozenset(
        {RenditionState.VERIFIED, RenditionState.WANTED, RenditionState.FAILED}
    ),
    RenditionState.VERIFIED: frozenset(),
    RenditionState.FAILED: frozenset({RenditionState.WANTED}),
}
