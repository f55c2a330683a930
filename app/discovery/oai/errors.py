"""What OAI-PMH answers when it cannot do what is asked: inside a document, with HTTP 200."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """The protocol's codes, but for the two of repositories without sets or formats."""

    BAD_ARGUMENT = "badArgument"
    BAD_RESUMPTION_TOKEN = "badResumptionToken"  # noqa: S105 - the protocol's word
    BAD_VERB = "badVerb"
    CANNOT_DISSEMINATE_FORMAT = "cannotDisseminateFormat"
    ID_DOES_NOT_EXIST = "idDoesNotExist"
    NO_RECORDS_MATCH = "noRecordsMatch"


class OaiError(Exception):
    """Ends a request with a code and words for whoever runs the harvester."""

    def __init__(self, code: ErrorCode, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
