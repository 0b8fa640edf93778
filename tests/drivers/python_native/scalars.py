"""The values of every scalar type that the driver can bind: the least, the greatest, empty, null."""

import math
import random
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cassandra import InvalidRequest
from cassandra.util import Date, Duration, Time

from common import expect, say

INT_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
# More than one segment of protocol version 5, whether it can be compressed or not.
RANDOM = random.Random(9042).randbytes(300_000)
# The greatest and the least numbers a float has, and the least above zero.
FLOATS = [3.4028234663852886e38, -3.4028234663852886e38, 1.401298464324817e-45]
DOUBLES = [1.7976931348623157e308, -1.7976931348623157e308, 5e-324]
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan]

VALUES = {
    "ascii": ["", "\x00", "\x7f" * 300],
    "blob": [b"", b"\x00", bytes(range(256)), RANDOM, bytes(300_000)],
    "boolean": [True, False],
    "date": [Date(-(2**31)), Date(2**31 - 1), Date(0)],
    "decimal": [
        Decimal("0"),
        Decimal("-12345678901234567890.0987654321"),
        Decimal("1E+2147483647"),
        Decimal("-1E-2147483647"),
    ],
    "double": DOUBLES + SPECIAL,
    "duration": [
        Duration(0, 0, 0),
        Duration(2**31 - 1, 2**31 - 1, 2**63 - 1),
        Duration(-(2**31), -(2**31), -(2**63)),
    ],
    "float": FLOATS + SPECIAL,
    "inet": ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    "text": ["", "\x00", "naïve 日本語 \U0010ffff", "x" * 300_000],
    "time": [Time(0), Time(86_399_999_999_999)],
    # The driver makes a float of seconds of them, which has no milliseconds so far away.
    "timestamp": [
        datetime(1, 1, 1),
        datetime(1970, 1, 1),
        datetime(2026, 11, 21, 12, 0, 0, 125_000),
        datetime(9999, 12, 31, 23, 59, 59),
    ],
    "timeuuid": [
        UUID("00000000-0000-1000-8080-808080808080"),
        UUID("ffffffff-ffff-1fff-bf7f-7f7f7f7f7f7f"),
    ],
    "uuid": [UUID(int=0), UUID(int=2**128 - 1)],
    "varchar": ["", "é"],
    "varint": [0, -1, 127, 128, -128, -129, 2**63, -(2**63) - 1, 10**600, -(10**600)],
}
for name, bits in INT_BITS.items():
    VALUES[name] = [0, -1, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1]

# Types of which no bytes at all are no value.
NEVER_EMPTY = {"tinyint", "smallint", "date", "time", "duration"}


def column(name):
    return f"v_{name}"


def same(got, wanted):
    if isinstance(wanted, float):
        if math.isnan(wanted):
            return isinstance(got, float) and math.isnan(got)
        return got == wanted and math.copysign(1, got) == math.copysign(1, wanted)
    return type(got) is type(wanted) and got == wanted


def show(value):
    return f"{value!r:.80}"


def scalars(session):
    columns = ", ".join(f"{column(name)} {name}" for name in VALUES)
    session.execute(f"CREATE TABLE shop.scalars (k text PRIMARY KEY, {columns})")
    bound = 0
    for name, values in VALUES.items():
        cql = f"INSERT INTO shop.scalars (k, {column(name)}) VALUES (?, ?)"
        insert = session.prepare(cql)
        select = session.prepare(f"SELECT {column(name)} AS v FROM shop.scalars WHERE k = ?")
        for wanted in [*values, None]:
            session.execute(insert, [name, wanted])
            got = session.execute(select, [name]).one().v
            if not same(got, wanted):
                raise SystemExit(f"{name}: wrote {show(wanted)}, read {show(got)}")
            bound += 1
        empty(session, name, insert)
    say(f"types: {bound} values of {len(VALUES)} types bound and read back")
    everything(session)


def empty(session, name, insert):
    """The value of no bytes, which the driver itself would not bind for most types."""
    statement = insert.bind([name, None])
    statement.values[1] = b""
    if name in NEVER_EMPTY:
        try:
            session.execute(statement)
        except InvalidRequest:
            return
        raise SystemExit(f"{name}: an empty value was not refused")
    session.execute(statement)
    cql = f"SELECT {column(name)} AS v, writetime({column(name)}) AS w FROM shop.scalars WHERE k = %s"
    row = session.execute(cql, [name]).one()
    # What the driver makes of no bytes of a type that has no such value.
    wanted = {"ascii": "", "text": "", "varchar": "", "blob": b""}.get(name)
    expect(row.v, wanted, f"an empty {name}")
    expect(row.w is None, False, f"whether an empty {name} is null")


def everything(session):
    """All types in one row: once bound, once written into the statement by the driver."""
    names = [name for name in VALUES if name not in ("float", "double")]
    row = {name: VALUES[name][-1] for name in names if name not in ("decimal", "duration")}
    row["blob"] = row["text"] = None
    columns = ", ".join(column(name) for name in row)
    markers = ", ".join("?" for _ in row)
    insert = session.prepare(f"INSERT INTO shop.scalars (k, {columns}) VALUES (?, {markers})")
    session.execute(insert, ["bound", *row.values()])
    cql = insert.query_string.replace("?", "%s")
    literal = {**row, "timestamp": row["timestamp"]}
    session.execute(cql, ["literal", *literal.values()])
    select = f"SELECT {columns} FROM shop.scalars WHERE k = %s"
    for key in ("bound", "literal"):
        got = tuple(session.execute(select, [key]).one())
        expect(got, tuple(row.values()), f"the {key} row")
