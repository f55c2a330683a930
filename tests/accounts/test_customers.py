from fastapi.testclient import TestClient

from app.accounts.customers import CLASSES, CustomerClass, SizeMeasure

CODES = [
    "college",
    "community_college",
    "k12_school",
    "k12_district",
    "public_library",
    "government",
    "hospital",
    "corporation",
    "nonprofit",
]


def test_every_class_is_described_once() -> None:
    assert list(CLASSES) == list(CustomerClass)
    assert len({facts.label for facts in CLASSES.values()}) == len(CODES)
    assert all(facts.size_question.endswith("?") for facts in CLASSES.values())
    k12 = (CLASSES[CustomerClass.K12_SCHOOL], CLASSES[CustomerClass.K12_DISTRICT])
    assert {facts.size_measure for facts in k12} == {SizeMeasure.STUDENTS}


def test_api_lists_the_nine_classes_in_the_order_of_the_forms(client: TestClient) -> None:
    answer = client.get("/api/v1/customer-classes")

    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["code"] for item in items] == CODES
    assert items[0] == {
        "code": "college",
        "label": "College or university",
        "plural_label": "Colleges and universities",
        "size_measure": SizeMeasure.FTE,
        "size_question": "How many full-time-equivalent students are enrolled?",
        "examples": (
            "Four-year colleges, universities, seminaries, law schools, and medical schools"
        ),
    }


def test_unknown_query_parameters_are_refused(client: TestClient) -> None:
    answer = client.get("/api/v1/customer-classes?code=college")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?/code"
