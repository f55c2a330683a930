"""Sessions that read beside a writer, as those of requests do."""

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session, sessionmaker


@pytest.fixture
def readers(app: FastAPI) -> sessionmaker[Session]:
    """The application's own reading sessions."""
    made: sessionmaker[Session] = app.state.readers
    return made
