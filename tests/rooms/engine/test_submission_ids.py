"""The ids of submissions, which destinations use as idempotency keys."""

from __future__ import annotations

import uuid

from asyncdest_nb.engine.run.context import submission_id


def test_the_id_of_a_submission_is_the_uuid_that_earlier_versions_made_of_its_name():
    for batch in range(1_000):  # All variants of a UUID's digits are among them.
        name = f"asyncdest_nb:0123456789ab/{batch}"
        assert submission_id("0123456789ab", batch) == str(uuid.uuid5(uuid.NAMESPACE_URL, name))
