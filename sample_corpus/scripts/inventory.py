"""List the equipment of the observatory that is due for service, from the inventory table.

The inventory is a CSV file with one row per item and these columns:

    label        QS-YYYY-NNNN: the year of purchase and a running number, as on the silver sticker
    kind         one of the keys of SERVICE_INTERVAL_DAYS
    name         what people call it
    room         where it lives, e.g. "B04", "east dome", "guides' locker"
    bought       date of purchase, ISO format
    price        price in EUR, value-added tax included
    serviced     date of the last service, ISO format; empty if there never was one

Usage:

    python inventory.py inventory.csv                # everything overdue today
    python inventory.py inventory.csv --ahead 30     # and what falls due within 30 days
    python inventory.py inventory.csv --values       # book values for the treasurer

The exit code is 0 when nothing is overdue, 3 when something is, 4 when the table has a bad row.
The workshop's calendar runs it every Monday at 07:30 and prints the list on the workshop printer.
Questions: Tomasz Brekke, extension 302.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

LABEL = re.compile(r"QS-(19|20)\d\d-\d{4}")

# How long an item may go without service. The intervals were agreed with the insurer on
# 11 October 2023; a longer one needs a letter from them, a shorter one does not.
SERVICE_INTERVAL_DAYS = {
    # Mounts: grease and belts once a year, best in June when the nights are short.
    "mount": 365,
    # Domes: twice a year, before the frost and after it.
    "dome": 182,
    # Battery packs: 90 days, because a pack that stood flat for a winter swelled up in 2021.
    "battery": 90,
    # Eyepieces are only looked at. Cleaning is left to the optician in the valley.
    "eyepiece": 730,
    # Cameras: the desiccant behind the window has to be baked at 110 degrees for 12 hours.
    "camera": 270,
    # Ladders and steps: required by the accident insurance, with a dated sticker.
    "ladder": 365,
    # The sky brightness meters are compared with the reference meter in the basement.
    "meter": 545,
}

# Cheaper items are written off in the year of purchase and have no book value afterwards.
WRITE_OFF_LIMIT_EUR = 800

# Everything dearer loses the same amount every year. Optics live longer than electronics.
LIFETIME_YEARS = {"mount": 15, "dome": 25, "battery": 4, "eyepiece": 20, "camera": 7}
DEFAULT_LIFETIME_YEARS = 10


class BadRowError(ValueError):
    """A row of the table cannot be used; the message says which one and why."""


@dataclass(frozen=True)
class Item:
    """One thing with a silver sticker."""

    label: str
    kind: str
    name: str
    room: str
    bought: date
    price: float
    serviced: date | None

    @property
    def due(self) -> date:
        """The day of the next service. Never serviced: counted from the purchase."""
        last = self.serviced or self.bought
        return last + timedelta(days=SERVICE_INTERVAL_DAYS[self.kind])

    def book_value(self, today: date) -> float:
        """What the item is worth in the books, in EUR, never below zero."""
        if self.price < WRITE_OFF_LIMIT_EUR:
            return self.price if self.bought.year == today.year else 0.0
        lifetime = LIFETIME_YEARS.get(self.kind, DEFAULT_LIFETIME_YEARS)
        years = today.year - self.bought.year
        return max(0.0, round(self.price * (1 - years / lifetime), 2))


def read_items(path: Path) -> list[Item]:
    """The items of the table, in its order. Raises BadRowError at the first unusable row."""
    items: list[Item] = []
    # "utf-8-sig": the office saves the table with a byte order mark.
    with path.open(encoding="utf-8-sig", newline="") as table:
        for number, row in enumerate(csv.DictReader(table), start=2):
            try:
                items.append(_item(row))
            except (KeyError, ValueError) as error:
                raise BadRowError(f"{path}, line {number}: {error}") from error
    return items


def _item(row: dict[str, str]) -> Item:
    if not LABEL.fullmatch(row["label"]):
        raise ValueError(f"label {row['label']!r} is not of the form QS-YYYY-NNNN")
    if row["kind"] not in SERVICE_INTERVAL_DAYS:
        raise ValueError(f"unknown kind {row['kind']!r}")
    return Item(
        label=row["label"],
        kind=row["kind"],
        name=row["name"],
        room=row["room"],
        bought=date.fromisoformat(row["bought"]),
        # The office writes 1.249,00 and the workshop 1249.00; the first has a comma.
        price=float(row["price"].replace(".", "").replace(",", "."))
        if "," in row["price"]
        else float(row["price"]),
        serviced=date.fromisoformat(row["serviced"]) if row["serviced"] else None,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--ahead", type=int, default=0, metavar="DAYS")
    parser.add_argument("--values", action="store_true")
    options = parser.parse_args()
    today = date.today()
    try:
        items = read_items(options.table)
    except BadRowError as error:
        print(error, file=sys.stderr)
        return 4
    if options.values:
        for item in items:
            print(f"{item.label}  {item.book_value(today):>10.2f}  {item.name}")
        print(f"total  {sum(item.book_value(today) for item in items):.2f} EUR")
        return 0
    horizon = today + timedelta(days=options.ahead)
    for item in sorted(items, key=lambda item: item.due):
        if item.due <= horizon:
            mark = "OVERDUE" if item.due < today else "due"
            print(f"{mark:<8} {item.due}  {item.label}  {item.name} ({item.room})")
    return 3 if any(item.due < today for item in items) else 0


if __name__ == "__main__":
    sys.exit(main())
