"""Rows of shop orders, the same in every language: 100,000 of them have a known SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

SHA_256 = "9617240b266816a40c103d3f191d0af2b0a5e93d68a935eeb221d8a3a2212954"  # Of 100,000 rows.
CITIES = ("Lugo", "Turku", "Gdynia", "Bergen", "Porto", "Aarhus", "Riga")
PLANS = ("free", "basic", "pro")


class ParkMiller:
    """The random numbers of Park and Miller."""

    def __init__(self, seed: int = 42) -> None:
        self._state = seed

    def below(self, limit: int) -> int:
        """Return the next number, below *limit*."""
        self._state = self._state * 16807 % 2147483647
        return self._state % limit


def orders(count: int) -> Iterator[dict[str, Any]]:
    """Yield the first *count* rows."""
    draws = ParkMiller()
    for number in range(count):
        yield _order(number, draws)


def sha_256(rows: Iterable[dict[str, Any]]) -> str:
    """Return the SHA-256 of *rows* as JSON lines."""
    found = hashlib.sha256()
    for row in rows:
        text = json.dumps(row, separators=(",", ":"), ensure_ascii=False)
        found.update(f"{text}\n".encode())
    return found.hexdigest()


def _order(number: int, draws: ParkMiller) -> dict[str, Any]:
    items = [_item(draws) for _ in range(1 + draws.below(4))]
    city, plan = CITIES[draws.below(7)], PLANS[draws.below(3)]
    age, total = 18 + draws.below(60), _hundredths(draws.below(1_000_000))
    is_mobile, day = draws.below(2) == 1, 1 + draws.below(28)
    coupon = f"C{draws.below(100)}" if number % 5 == 0 else None
    postcode, last = str(10_000 + draws.below(89_999)), draws.below(256)
    return {
        "type": "track",
        "event": "Order Placed",
        "messageId": f"m-{number}",
        "userId": f"user-{number}",
        "anonymousId": f"anon-{number % 977}",
        "timestamp": f"2024-02-{day:02}T10:00:00Z",
        "properties": {
            "orderId": f"o-{number}",
            "total": total,
            "currency": "EUR",
            "epoch": 1_700_000_000 + number,
            "items": items,
            "coupon": coupon,
            "channel": "mobile" if is_mobile else "web",
        },
        "traits": {
            "email": f"user{number}@example.org",
            "first": f"First{number % 101}",
            "last": f"Last{number % 307}",
            "age": age,
            "plan": plan,
            "address": {"city": city, "zip": postcode, "country": "XX"},
        },
        "context": {
            "ip": f"10.0.{number % 256}.{last}",
            "page": {"url": f"https://shop.example/o/{number}", "title": "Thanks"},
            "device": {"mobile": is_mobile},
        },
    }


def _item(draws: ParkMiller) -> dict[str, Any]:
    sku, quantity = f"SKU-{draws.below(5000)}", 1 + draws.below(9)
    return {"sku": sku, "qty": quantity, "price": _hundredths(draws.below(100_000))}


def _hundredths(number: int) -> float:
    # JavaScript writes 5, and not 5.0.
    return number // 100 if number % 100 == 0 else number / 100
