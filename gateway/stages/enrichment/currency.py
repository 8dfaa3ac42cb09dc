"""`currency`: `value_converted` and `currency_converted`, by the rates in a file."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from destinations.amounts import decimals_of
from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment, NamedFile, PartSettings
from gateway.stages.enrichment.numbers import as_number
from gateway.stages.enrichment.table_mistake import TableMistake
from gateway.stages.enrichment.table_rows import read_json, read_rows
from gateway.stages.enrichment.tables import Tables

_MOST = 2**53

CurrencyCode = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")]


class CurrencySettings(PartSettings):
    rates: Path = Field(
        description=(
            "File of exchange rates: the price of one unit of a common currency in each other "
            'currency. JSON `{"base": "EUR", "rates": {"USD": 1.08}}`, or CSV with the columns '
            "`currency` and `rate`. Relative to the configuration file; reloaded when it changes."
        ),
    )
    to: CurrencyCode = Field(description="Currency (ISO 4217) to convert values to.")

    def files(self) -> Iterable[NamedFile]:
        yield NamedFile("rates", self.rates, ReadFactors(self.to))


@dataclass(frozen=True, slots=True)
class ReadFactors:
    """Reads a file of rates: the value of one unit of each currency in the currency `to`."""

    to: str

    def __call__(self, path: Path) -> Mapping[str, float]:
        rates = dict(_rates(path))
        if self.to not in rates:
            raise TableMistake(f"has no rate of {self.to}")
        return {currency: rates[self.to] / rate for currency, rate in rates.items()}


def load(settings: CurrencySettings, tables: Tables) -> Enrichment:
    """Raises `TableMistake`."""
    to, file = settings.to, tables.file(settings.rates, ReadFactors(settings.to))
    decimals = decimals_of(to)

    def find_converted(event: Event, _: Received) -> Additions:
        """The value in the currency `to`; nothing if there is no rate for the event's currency."""
        value, factor = event.get("value"), file.value.get(event.get("currency", ""))
        if value is None or factor is None or "value_converted" in event:
            return {}
        converted = value * factor
        if not abs(converted) <= _MOST:
            return {}
        return {"value_converted": round(converted, decimals), "currency_converted": to}

    return find_converted


def _rates(path: Path) -> Iterable[tuple[str, float]]:
    for where, currency, rate in _written(path):
        if not (currency.isascii() and currency.isalpha() and len(currency) == 3):
            raise TableMistake(f"has no currency code in {where}")
        number = as_number(rate) if isinstance(rate, str) else rate
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise TableMistake(f"has no rate in {where}")
        if not (math.isfinite(number) and number > 0):
            raise TableMistake(f"has a rate in {where} that is not above 0")
        yield currency.upper(), float(number)


def _written(path: Path) -> Iterable[tuple[str, str, Any]]:
    """The place in the file, the currency and the rate, as written there."""
    if path.suffix.lower() != ".json":
        for where, currency, columns in read_rows(path, "currency", ("rate",)):
            yield where, currency, columns["rate"]
        return
    data = read_json(path)
    rates = data.get("rates") if isinstance(data, dict) else None
    if not isinstance(rates, dict):
        raise TableMistake("has no object `rates`")
    if isinstance(data.get("base"), str):
        yield "`base`", data["base"], 1
    for number, (currency, rate) in enumerate(rates.items(), 1):
        yield f"entry {number}", currency, rate
