"""Whatever is sent, the answer is Stripe's: never a 500, and nothing changed by a refusal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from stripe_sandbox.app import create_sandbox
from stripe_sandbox.calls import CALLS, Call
from stripe_sandbox.config import DEFAULT_KEY, SandboxConfig

pytestmark = pytest.mark.once(on="postgresql")

NAMES = sorted({name for call in CALLS for name in call.rules} | {"nonsense", "line_items[", ""})
KEYS = st.sampled_from(["", "[0]", "[]", "[x]", "[price_data]", "[unit_amount]", "[quantity]"])
FORMS = st.lists(
    st.tuples(
        st.builds(lambda name, keys: name + "".join(keys), st.sampled_from(NAMES),
                  st.lists(KEYS, max_size=4)),
        st.one_of(st.text(max_size=8), st.sampled_from(["1", "-1", "true", "usd", "payment"]),
                  st.integers().map(str)),
    ),
    max_size=6,
)  # fmt: skip
IDS = st.sampled_from(["cs_x", "%00", "..", "a b", "x" * 300])


@contextmanager
def _client(folder: Path) -> Iterator[TestClient]:
    config = SandboxConfig(database=folder / "s.db", public_url="http://127.0.0.1:8010")
    app = create_sandbox(config)
    with TestClient(
        app,
        base_url=config.public_url,
        client=("127.0.0.1", 5000),
        headers={"Authorization": f"Bearer {DEFAULT_KEY}"},
    ) as client:
        yield client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with _client(tmp_path_factory.mktemp("sandbox")) as client:
        yield client


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(call=st.sampled_from(CALLS), id_=IDS, form=FORMS)
@example(call=CALLS[0], id_="", form=[("metadata", "x")])
@example(call=CALLS[0], id_="", form=[("line_items[0]", "x"), ("line_items[0][price]", "y")])
def test_any_form_gets_a_response_in_stripes_shape(
    client: TestClient, call: Call, id_: str, form: list[tuple[str, str]]
) -> None:
    path = "/v1" + call.path.replace("{id}", id_)
    content = urlencode(form)
    if call.method == "GET":
        answer = client.get(f"{path}?{content}")
    else:
        answer = client.request(call.method, path, content=content)

    assert answer.status_code in {200, 400, 404}, answer.text
    body = answer.json()
    if answer.status_code == 200:
        assert "object" in body
    else:
        assert body["error"]["type"] == "invalid_request_error"
        assert body["error"]["message"]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"\xff\xfe=\xff", 400), (b"a=1&" * 20_000, 400), (b"x" * 1_000_001, 413), (b"%zz=%", 400)],
)
def test_invalid_bodies_are_refused(client: TestClient, content: bytes, status: int) -> None:
    assert client.post("/v1/customers", content=content).status_code == status


@pytest.mark.parametrize("path", ["/sandbox/sessions/x/pay", "/sandbox/faults"])
@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'"x"', b"3"])
def test_control_api_refuses_other_json_than_objects(
    client: TestClient, path: str, content: bytes
) -> None:
    assert client.post(path, content=content).status_code == 400


@pytest.mark.parametrize("id_", ["x", "cs_test_x", "%00", "a%20b"])
def test_control_actions_on_unknown_objects_are_404(client: TestClient, id_: str) -> None:
    for path in ("payments/{}/settle", "charges/{}/dispute", "refunds/{}/fail", "events/{}/resend"):
        assert client.post(f"/sandbox/{path.format(id_)}").status_code == 404
