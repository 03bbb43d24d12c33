"""Code for a process of its own: a connection ``crm``, whose "act" looks at each row for long."""

SLOW_ROWS = """
import time
import pandas as pd
from pydantic import field_validator
import asyncdest_nb as ad

class Payload(ad.Payload):
    user_id: str = ad.field("User ID")

    @field_validator("user_id")
    @classmethod
    def slow(cls, value):
        time.sleep(0.2)
        return value

async def perform(request, data): ...

act = ad.Action(title="Act", payload=Payload, perform=perform)
crm = ad.connect(ad.Destination(name="T", slug="t", settings=ad.Settings, actions={"act": act}))
users = pd.DataFrame({"user_id": [f"user-{i}" for i in range(1000)]})
"""
