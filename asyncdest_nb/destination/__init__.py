"""Destinations as values: what can be asked of a partner, and the functions that ask it.

The terms are Segment's: a destination has settings and actions; an action has
fields (its payload), ``perform``, ``perform_batch`` and ``poll``.

    destination  Destination: settings, actions, and how a request looks
    action       Action: fields, functions, batch sizes, recovery
    arguments    what the functions of both are given
    functions    in which forms these functions may be written
    texts        many payloads as JSON texts, field by field
    written      payloads that become values when they are read
    beside       what functions are given beside payloads: sync mode, audience membership
    models       Settings and Payload, the base classes
    input_field  how a field is declared, and read off a model
    checks       whether a value fits its field
    formats      formats of text fields
    conversions  values before pydantic reads them, by type
    scalars      the same for single values
    secrets      secrets and URLs among settings
    oauth        access tokens by OAuth 2
    short_results  whether results that lack rows may be whole soon
    keyed        attributes as keys
    translated   definitions in the form of Segment's framework
    presets      subscriptions with mappings that come with a destination
    segment_metadata  what Segment publishes of a destination as data
    data_payload payloads whose fields are given as data, and
    field_schema what such fields accept, by Segment's rules
"""

from .action import Action
from .arguments import ActionData, Function, Request, StateContext
from .beside import BESIDE, NAMES, SYNC_MODES, with_beside
from .destination import Destination
from .formats import FORMATS
from .functions import original
from .input_field import InputField, field, input_fields
from .models import Fields, Payload, Settings
from .oauth import OAuthToken, client_credentials
from .presets import Preset
from .secrets import named_secrets_of, secrets_of, urls_of
from .short_results import may_be_whole_soon
from .texts import PayloadWriter, joined
from .translated import labeled_payload
from .written import WrittenPayloads, payload_of, text_of

__all__ = [
    "BESIDE",
    "FORMATS",
    "NAMES",
    "SYNC_MODES",
    "Action",
    "ActionData",
    "Destination",
    "Fields",
    "Function",
    "InputField",
    "OAuthToken",
    "Payload",
    "PayloadWriter",
    "Preset",
    "Request",
    "Settings",
    "StateContext",
    "WrittenPayloads",
    "client_credentials",
    "field",
    "input_fields",
    "joined",
    "labeled_payload",
    "may_be_whole_soon",
    "named_secrets_of",
    "original",
    "payload_of",
    "secrets_of",
    "text_of",
    "urls_of",
    "with_beside",
]
