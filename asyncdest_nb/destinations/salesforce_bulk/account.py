"""The organisation: its settings, its access tokens, and one request to it."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import HttpUrl, SecretStr, model_validator

from ... import destination as ad
from ...errors import HTTPError, InvalidAuthenticationError, ProtocolError, RetryableError
from ...request import Response, bearer_auth


class SalesforceSettings(ad.Settings):
    """The URL of the organisation, and a token or the credentials that get one."""

    instance_url: HttpUrl = ad.field(
        "Instance URL", description="https://my-domain.my.salesforce.com"
    )
    api_version: str = ad.field("API version", default="59.0")
    access_token: SecretStr | None = ad.field(
        "Access token", description="A session id, or an OAuth token"
    )
    client_id: str | None = ad.field(
        "Client ID",
        description="Of an app with the client credentials flow: tokens are then fetched as needed",
    )
    client_secret: SecretStr | None = ad.field(
        "Client secret", description="The secret of that app"
    )

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        if not re.fullmatch(r"\d+\.\d", self.api_version):
            raise ValueError("the API version has the form 59.0")
        if self.access_token is None and not (self.client_id and self.client_secret):
            raise ValueError("give access_token, or client_id and client_secret")
        return self


def extend_request(data: ad.ActionData[SalesforceSettings, None]) -> dict[str, Any]:
    """Send every request to the API of the chosen version, with the current token."""
    settings = data.settings
    token = data.access_token or settings.access_token
    return {
        "base_url": f"{_instance(settings)}/services/data/v{settings.api_version}",
        "headers": bearer_auth(token) if token is not None else {},
        "secrets": [
            *filter(None, [settings.client_secret]),
            *map(_secret_part, filter(None, [settings.access_token, data.access_token])),
        ],
    }


def _secret_part(token: SecretStr) -> str:
    # A token is "organisation!secret". Record Ids look like the first half, so masking it
    # would garble the Ids in Salesforce's messages.
    organisation, _, secret = token.get_secret_value().partition("!")
    return secret or organisation


async def refresh_access_token(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, None]
) -> ad.OAuthToken:
    """Get a token by the OAuth client credentials flow."""
    settings = data.settings
    if settings.client_id is None or settings.client_secret is None:
        raise InvalidAuthenticationError(
            "the access token is not accepted; give a new one, or client_id and client_secret"
        )
    return await ad.client_credentials(
        request,
        f"{_instance(settings)}/services/oauth2/token",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
    )


async def test_authentication(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, None]
) -> None:
    """Request the list of resources, which every user of the API may see.

    The limits are not for every user: Salesforce shows them to those who may view its setup.
    """
    await ask(request, "/")


def _instance(settings: SalesforceSettings) -> str:
    return str(settings.instance_url).rstrip("/")


async def ask(request: ad.Request, path: str, **options: Any) -> Response:
    """Return the answer to one request to the API."""
    try:
        response: Response = await request(path, **options)
    except HTTPError as error:
        # More requests than allowed in 24 hours are answered 403 here: it can be tried again later.
        if "REQUEST_LIMIT_EXCEEDED" in content_of(error):
            raise RetryableError(str(error), error.status, error.retry_after) from None
        raise
    if response.problem:
        raise ProtocolError(response.problem)
    return response


def content_of(error: HTTPError) -> str:
    """Return the body of an error as it arrived; the error's excerpt is masked."""
    return str(error.response.text) if error.response is not None else error.excerpt
