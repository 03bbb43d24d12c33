"""The account at an API: base URL, headers, and tokens."""

from __future__ import annotations

from typing import Any

from ..destination import ActionData, OAuthToken, Request, client_credentials
from ..errors import HTTPError, InvalidAuthenticationError, ProtocolError, TokenError
from ..request import Response, basic_auth, bearer_auth
from .exchange import reason_of
from .filters import ABSENT, text_of
from .look_up import looker
from .model import ApiDescription, OAuth2
from .parts import ApiRequest
from .plans import TOKEN, Plans
from .scope import plain_settings
from .template import Scope, compiled, placeholders_in, url_of

Given = ActionData[Any, None]


class Account:
    """The functions of a destination that all of its actions share."""

    def __init__(self, description: ApiDescription) -> None:
        self._description = description
        self._auth = description.auth
        self._headers = compiled(description.headers)
        action = next(iter(description.actions.values()))
        self._plans = Plans(description, action)

    @property
    def has_oauth2(self) -> bool:
        """Whether tokens are fetched."""
        return self._auth is not None and self._auth.oauth2 is not None

    def extend_request(self, data: Given) -> dict[str, Any]:
        """Return what every request has."""
        scope = self._plans.base(data)
        return {
            "base_url": self._base_url(scope),
            "headers": {**self._headers(scope), **self._authorization(data, scope)},
        }

    def _base_url(self, scope: Scope) -> str:
        try:
            return url_of(self._description.base_url, scope)
        except ProtocolError:
            # The reply to the first token request has it.
            if self._auth is None or self._auth.oauth2 is None:
                raise
            return url_of(self._auth.oauth2.token_url, scope)

    def _authorization(self, data: Given, scope: Scope) -> dict[str, str]:
        auth = self._auth
        if auth is None:
            return {}
        if auth.oauth2 is not None:
            return bearer_auth(data.access_token) if data.access_token else {}
        if auth.headers is not None:
            return {
                name: text_of(each) for name, each in compiled(auth.headers)(scope).items() if each
            }
        if auth.basic is not None:
            login = compiled(vars(auth.basic))(scope)
            return basic_auth(text_of(login.get("username")), text_of(login.get("password")))
        token = compiled(auth.bearer)(scope)
        return bearer_auth(text_of(token)) if token else {}

    async def refresh(self, request: Request, data: Given) -> OAuthToken:
        """Get a token by the client credentials flow, and keep what else is used of its reply."""
        rule = self._auth.oauth2 if self._auth else None
        assert rule is not None
        scope = plain_settings(data.settings)
        token = await _token(request, rule, scope)
        kept = {name: looker(path)(token.answer) for name, path in rule.keep.items()}
        missing = [rule.keep[name] for name, each in kept.items() if each in (ABSENT, None, "")]
        if missing:
            raise TokenError(
                f"auth.oauth2.keep: the token reply has nothing at {', '.join(missing)}"
            )
        data.state_context.set_response_context(TOKEN, kept)
        return token

    async def test(self, request: Request, data: Given) -> None:
        """Send the request that the description has for this purpose."""
        rule = self._description.test
        assert rule is not None
        try:
            await self._plans.plan(rule, "test").send(request, self._plans.base(data))
        except HTTPError as error:
            if error.status in (401, 403):
                raise InvalidAuthenticationError(self._refusal(rule, data, error)) from None
            raise

    def _refusal(self, rule: ApiRequest, data: Given, error: HTTPError) -> str:
        """Return which settings are refused, or are missing, and what the API says of it."""
        used = {each.name for _, each in placeholders_in(self._auth)}
        names = [name for name in self._description.settings if f"settings.{name}" in used]
        missing = [name for name in names if getattr(data.settings, name) in (None, "")]
        labels = [
            self._description.settings[name].get("label") or name for name in missing or names
        ]
        article = "an" if labels and labels[0][0] in "AEIOUaeiou" else "a"
        who = " and ".join(labels) or "credentials"
        are = "are" if len(labels) != 1 else "is"
        text = f"{article} {who} {are} needed" if missing else f"the {who} {are} not accepted"
        answer = getattr(error.response, "data", None)
        rules = (rule.error, self._description.answers.error)
        stated = next(filter(None, (reason_of(each, answer)[0] for each in rules)), error.excerpt)
        return f"{text} ({error.status}): {stated}".removesuffix(": ")


async def _token(request: Request, rule: OAuth2, scope: Scope) -> OAuthToken:
    url, client = url_of(rule.token_url, scope), compiled(vars(rule))(scope)
    given = {"scope": client.get("scope"), **client["params"]}
    fields = {name: each for name, each in given.items() if each not in (None, "")}
    login = {name: text_of(client[name]) for name in ("client_id", "client_secret")}
    if rule.send != "query":
        return await client_credentials(
            request,
            url,
            client_id=login["client_id"],
            client_secret=login["client_secret"],
            as_json=rule.send == "json",
            as_login=rule.send == "basic",
            fields=fields,
        )
    params = {"grant_type": "client_credentials", **login, **fields}
    # A token that has expired is no credential for the next one.
    response: Response = await request(url, params=params, headers={"authorization": None})
    return OAuthToken.of(None if response.problem else response.data)
