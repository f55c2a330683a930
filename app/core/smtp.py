"""Sending one message over SMTP, as the address of the mail server says."""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

# Seconds to wait for each answer of the mail server.
TIMEOUT = 20.0
PORTS = {"smtp": 587, "smtps": 465}
# What a server may say for good of a recipient or of a message. Anything else that it says, at any
# time, is about the server, our account there or our sender: staff put that right, and the email
# is sent then.
REFUSALS = frozenset((550, 551, 552, 553, 554, 556, 571))
TOO_LARGE = frozenset((552,))
# Enhanced codes (RFC 3463) that tell more than the three digits: of the server itself, of
# what it lets us do (relaying, its policy), and of logging in.
ABOUT_SERVER = re.compile(r"5\.3\.(?!4\b)\d")
ABOUT_POLICY = re.compile(r"5\.7\.\d|\brelay", re.IGNORECASE)
ABOUT_LOGIN = re.compile(r"5\.7\.(0|3|8|9|11|57)\b|authenticat", re.IGNORECASE)


class EmailRejectedError(Exception):
    """The message is rejected for good."""


class EmailDeferredError(Exception):
    """The message cannot be sent now; it may be later."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where email goes out.

    ``smtp://`` upgrades to TLS, and sends nothing to another host that does not offer it, unless
    ``allow_plaintext``; a password is never sent without. ``smtps://`` is TLS from the first byte.
    """

    host: str
    port: int
    is_tls: bool
    user: str
    password: str
    allow_plaintext: bool = False

    @classmethod
    def parse(cls, url: str, *, allow_plaintext: bool = False) -> "MailServer":
        """Read an address such as ``smtp://user:password@mail.example.org:587``.

        Raises:
            ValueError: it is not such an address; the message never shows the password.
        """
        msg = "the email server URL must look like smtp://user:password@host:587"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            # Its own words show what stands there, which may be a part of the password.
            raise ValueError(msg) from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(msg)
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            allow_plaintext=allow_plaintext,
        )

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Hand ``message`` over, as it is.

        Raises:
            EmailRejectedError: trying again will not help.
            EmailDeferredError: trying again later may.
        """
        is_ascii = sender.isascii() and recipient.isascii()
        options = () if is_ascii else ("SMTPUTF8", "BODY=8BITMIME")
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise EmailDeferredError(_words(error)) from error
        try:
            connection.sendmail(sender, recipient, message, mail_options=options)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _error(code, said, not_about=ABOUT_POLICY) from error
        except smtplib.SMTPSenderRefused as error:
            raise _error(error.smtp_code, error.smtp_error, among=TOO_LARGE) from error
        except smtplib.SMTPNotSupportedError as error:
            # An address from before they were checked: this server takes only ASCII.
            raise EmailRejectedError(str(error)) from error
        except smtplib.SMTPResponseException as error:
            raise _error(error.smtp_code, error.smtp_error, not_about=ABOUT_LOGIN) from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise EmailDeferredError(_words(error)) from error
        else:
            # The server has taken it. How the goodbye goes must not have it sent once more.
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
        finally:
            connection.close()

    @property
    def _is_this_machine(self) -> bool:
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def _connect(self) -> smtplib.SMTP:
        if self.is_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT, context=_trust()
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        try:
            is_safe = self.is_tls or _upgrade(connection)
            if not (is_safe or self.allow_plaintext or self._is_this_machine):
                msg = (
                    f"{self.host} offers no TLS, so nothing is sent; "
                    "REELRIGHT_SMTP_ALLOW_PLAINTEXT=true allows it"
                )
                raise smtplib.SMTPException(msg)  # noqa: TRY301 - the connection is closed below
            if self.user:
                _log_in(connection, self.user, self.password, is_safe=is_safe)
        except BaseException:
            connection.close()
            raise
        return connection


@cache
def _trust() -> ssl.SSLContext:
    """Return what this machine trusts, read once: reading it takes longer than sending an email."""
    return ssl.create_default_context()


def _upgrade(connection: smtplib.SMTP) -> bool:
    """Switch to TLS if the server offers it; return whether it did."""
    connection.ehlo()
    if not connection.has_extn("starttls"):
        return False
    connection.starttls(context=_trust())
    connection.ehlo()
    return True


def _log_in(connection: smtplib.SMTP, user: str, password: str, *, is_safe: bool) -> None:
    if not is_safe:
        msg = "the email server does not offer TLS, so the password is not sent"
        raise smtplib.SMTPException(msg)
    connection.login(user, password)


def _error(
    code: int,
    said: bytes | str,
    *,
    among: frozenset[int] = REFUSALS,
    not_about: re.Pattern[str] = ABOUT_SERVER,
) -> EmailRejectedError | EmailDeferredError:
    """Return what an answer means: a rejection of this email for good, or anything else."""
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    detail = f"{code} {words}"
    is_refusal = code in among and not ABOUT_SERVER.match(words) and not not_about.search(words)
    return EmailRejectedError(detail) if is_refusal else EmailDeferredError(detail)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {words}"
    return f"{type(error).__name__}: {error}"
