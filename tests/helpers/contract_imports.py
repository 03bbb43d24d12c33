"""What the processes of ``contract_lives`` are forked with: all that a submit imports late."""

from __future__ import annotations

import keyring

import asyncdest_nb as ad
import contract_lives
from contract_partners import CONTRACTS

LOADED = [contract_lives, keyring.get_keyring(), *(ad.destinations()[e.slug] for e in CONTRACTS)]
