"""The notice before licenses end."""

from datetime import date
from typing import ClassVar, Self

from app.core.email_content import EmailContent, EmailFacts, EmailLink, Facts, SenderFacts
from app.core.text import isolate
from app.offers.window_rules import format_day


class EndingLicense(Facts):
    """A license that ends soon."""

    number: str
    film_title: str
    offer_title: str
    ends_on: date

    @property
    def row(self) -> tuple[str, str]:
        """The license as the email lists it."""
        title = f"{isolate(self.film_title)}, {self.offer_title}"
        return self.number, f"{title}; through {format_day(self.ends_on)}"


class RenewalNoticeEmail(EmailFacts):
    """Licenses end soon. Nothing is renewed or charged by itself."""

    kind: ClassVar[str] = "renewal-notice"
    licensee: str
    licenses: tuple[EndingLicense, ...]
    url: str
    seller: SenderFacts

    @property
    def subject(self) -> str:
        """The subject."""
        first = self.licenses[0]
        if len(self.licenses) == 1:
            day = format_day(first.ends_on)
            return f"Your license for {isolate(first.film_title)} ends on {day}"
        return f"{len(self.licenses)} of your film licenses end soon"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        is_one = len(self.licenses) == 1
        what = "this license" if is_one else "these licenses"
        return EmailContent(
            headline="A license ends soon" if is_one else "Licenses end soon",
            paragraphs=[
                (
                    f"{isolate(self.licensee)} holds {what}. "
                    f"{'It ends' if is_one else 'They end'} on the date below."
                ),
                (
                    "If you want to keep using "
                    f"{'the film' if is_one else 'the films'}, get a renewal quote in one step. "
                    "You can let it end with your fiscal year. Nothing is renewed or charged by "
                    "itself."
                ),
            ],
            facts=[license_.row for license_ in self.licenses],
            action=EmailLink("See your renewal options", self.url),
            closing=[
                (
                    "After the last day, remove the "
                    f"{'film' if is_one else 'films'} from your servers and catalog, unless you "
                    "renew."
                )
            ],
            signature=self.seller.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example that is never sent."""
        return cls(
            licensee="Example College",
            licenses=tuple(
                EndingLicense(
                    number=f"RL-SPECIMEN-{number}",
                    film_title="Specimen",
                    offer_title="Digital site license",
                    ends_on=date(2026, 1, 31),
                )
                for number in (1, 2)
            ),
            url="https://example.org/renewals/specimen",
            seller=SenderFacts(
                name="Example Films", address="1 Example Street", email="films@example.org"
            ),
        )
