"""A driver's work with nothing but grpcio and the proto: what any language can do.

Usage: driver.py HOST:PORT HOST:PORT HOST:PORT
"""

import struct
import sys

import grpc
from quorate.v1 import admin_pb2, admin_pb2_grpc
from quorate.v1 import quorate_pb2 as quorate
from quorate.v1 import quorate_pb2_grpc

QUORUM = quorate.CONSISTENCY_QUORUM
ROWS = 250
PAGE = 40


class Refused(Exception):
    """A typed error of the node, read from the status details."""

    def __init__(self, call):
        super().__init__(call.details())
        self.status = call.code()
        self.error = None
        for key, value in call.trailing_metadata():
            if key == "grpc-status-details-bin":
                details = quorate.StatusDetails.FromString(value)
                self.error = quorate.Error()
                assert details.details[0].Unpack(self.error), details


def value(thing):
    """A Python value as the proto has it."""
    match thing:
        case None:
            return quorate.Value()
        case bool():
            return quorate.Value(boolean=thing)
        case int():
            return quorate.Value(integer=thing)
        case float():
            return quorate.Value(floating=thing)
        case str():
            return quorate.Value(text=thing)
        case bytes():
            return quorate.Value(wire=thing)
    raise TypeError(f"no value: {thing!r}")


def thing(value):
    """What Python makes of a value."""
    kind = value.WhichOneof("kind")
    return None if kind is None else getattr(value, kind)


class Node:
    def __init__(self, address):
        channel = grpc.insecure_channel(address)
        self.service = quorate_pb2_grpc.QuorateStub(channel)
        self.admin = admin_pb2_grpc.AdminStub(channel)

    def request(self, statement, values=(), names=(), **options):
        options.setdefault("consistency", QUORUM)
        request = quorate.ExecuteRequest(
            values=[value(one) for one in values],
            names=names,
            options=quorate.Options(**options),
        )
        if isinstance(statement, bytes):
            request.prepared_id = statement
        else:
            request.cql = statement
        return request

    def execute(self, statement, values=(), names=(), **options):
        request = self.request(statement, values, names, **options)
        try:
            return self.service.Execute(request, timeout=20)
        except grpc.RpcError as call:
            raise Refused(call) from None

    def rows(self, statement, values=(), **options):
        rows = self.execute(statement, values, **options).rows
        return [tuple(thing(one) for one in row.values) for row in rows.rows]


def expect(got, wanted, what):
    if got != wanted:
        raise SystemExit(f"{what}: expected {wanted!r}, got {got!r}")


def refused(node, statement, values=(), **options):
    try:
        node.execute(statement, values, **options)
    except Refused as refusal:
        return refusal
    raise SystemExit(f"{statement} was not refused")


def schema(nodes):
    change = nodes[0].execute(
        "CREATE KEYSPACE shop WITH replication = "
        "{'class': 'SimpleStrategy', 'replication_factor': 3}"
    ).schema_change
    expect((change.change, change.keyspace, change.table), ("CREATED", "shop", ""), "keyspace")
    change = nodes[1].execute(
        "CREATE TABLE shop.carts (user text, item int, price double, gift boolean, "
        "code blob, added timestamp, id uuid, PRIMARY KEY (user, item))"
    ).schema_change
    expect((change.change, change.table), ("CREATED", "carts"), "table")
    snapshot = next(iter(nodes[2].service.Watch(quorate.WatchRequest(), timeout=20)))
    expect(snapshot.epoch >= change.epoch, True, "the third node's epoch")
    expect(len(snapshot.nodes), 3, "nodes in the snapshot")
    shop = [keyspace for keyspace in snapshot.keyspaces if keyspace.name == "shop"][0]
    expect([table.name for table in shop.tables], ["carts"], "tables in the snapshot")
    print("schema: created, and known on every node")


def prepared(nodes):
    cql = (
        "INSERT INTO shop.carts (user, item, price, gift, code, added, id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    ids = {node.service.Prepare(quorate.PrepareRequest(cql=cql)).id for node in nodes}
    expect(len(ids), 1, "ids of one statement on three nodes")
    insert = ids.pop()
    answer = nodes[0].service.Prepare(quorate.PrepareRequest(cql=cql))
    types = [marker.type for marker in answer.markers]
    expect(
        types,
        ["text", "int", "double", "boolean", "blob", "timestamp", "uuid"],
        "types of the markers",
    )
    expect(list(answer.partition_key_markers), [0], "markers of the partition key")
    expect((answer.idempotent, answer.reads), (True, False), "what the statement is")
    calls = []
    for item in range(ROWS):
        values = ("ada", item, item / 4, item % 2 == 0, struct.pack(">I", item), item, bytes(16))
        node = nodes[item % 3]
        calls.append(node.service.Execute.future(node.request(insert, values), timeout=20))
    for call in calls:
        call.result()
    row = nodes[1].rows("SELECT * FROM shop.carts WHERE user = 'ada' AND item = 7")
    # As columns stand in `*`: the key, then the others by name.
    added, code = 7, struct.pack(">I", 7)
    expect(row, [("ada", 7, added, code, False, bytes(16), 1.75)], "the row")
    named = nodes[2].execute(
        "SELECT price FROM shop.carts WHERE user = :user AND item = :item",
        values=(9, "ada"),
        names=("item", "user"),
    )
    expect(named.rows.rows[0].values[0].floating, 2.25, "the row by named values")
    print(f"prepared: {ROWS} rows written through three nodes")


def paging(nodes):
    items, state, pages = [], b"", 0
    while True:
        # The next page comes from another node.
        page = nodes[pages % 3].execute(
            "SELECT item FROM shop.carts WHERE user = ?",
            ["ada"],
            page_size=PAGE,
            paging_state=state,
        ).rows
        pages += 1
        expect(len(page.rows) <= PAGE, True, "rows of a page")
        items += [row.values[0].integer for row in page.rows]
        state = page.paging_state
        if not state:
            break
    expect(items, list(range(ROWS)), "the items of all pages")
    expect(pages, -(-ROWS // PAGE), "pages")
    request = nodes[0].request(
        "SELECT item FROM shop.carts WHERE user = 'ada' ORDER BY item DESC", page_size=PAGE
    )
    streamed = [
        row.values[0].integer
        for answer in nodes[0].service.ExecuteStream(request, timeout=20)
        for row in answer.rows.rows
    ]
    expect(streamed, list(reversed(range(ROWS))), "the items of the stream")
    print(f"paging: {pages} pages through three nodes, and as a stream")


def batches(nodes):
    delete = nodes[0].service.Prepare(
        quorate.PrepareRequest(cql="DELETE FROM shop.carts WHERE user = ? AND item = ?")
    )
    Statement = quorate.BatchRequest.Statement
    for kind in (quorate.BatchRequest.KIND_LOGGED, quorate.BatchRequest.KIND_UNLOGGED):
        batch = quorate.BatchRequest(
            kind=kind,
            statements=[
                Statement(
                    cql="INSERT INTO shop.carts (user, item) VALUES (?, ?)",
                    values=[value("bob"), value(kind)],
                ),
                Statement(prepared_id=delete.id, values=[value("ada"), value(kind)]),
            ],
            options=quorate.Options(consistency=QUORUM),
        )
        nodes[0].service.ExecuteBatch(batch, timeout=20)
    items = nodes[1].rows("SELECT item FROM shop.carts WHERE user = 'bob'")
    expect(items, [(0,), (1,)], "what the batches wrote")
    left = nodes[2].rows("SELECT count(*) FROM shop.carts WHERE user = 'ada'")
    expect(left, [(ROWS - 2,)], "what the batches left")
    print("batches: logged and unlogged")


def errors(nodes):
    refusal = refused(nodes[0], "SELEC * FROM shop.carts")
    expect(refusal.status, grpc.StatusCode.INVALID_ARGUMENT, "status of a syntax error")
    expect(refusal.error.code, 0x2000, "code of a syntax error")
    refusal = refused(nodes[1], "CREATE TABLE shop.carts (k int PRIMARY KEY)")
    expect(refusal.status, grpc.StatusCode.ALREADY_EXISTS, "status of a second table")
    error = refusal.error
    expect((error.code, error.keyspace, error.table), (0x2400, "shop", "carts"), "detail")
    refusal = refused(nodes[2], b"\x00" * 16)
    expect(refusal.error.code, 0x2500, "code of an unknown statement")
    nodes[0].execute(
        "CREATE KEYSPACE wide WITH replication = "
        "{'class': 'SimpleStrategy', 'replication_factor': 5}"
    )
    nodes[0].execute("CREATE TABLE wide.t (k int PRIMARY KEY)")
    refusal = refused(
        nodes[0], "INSERT INTO wide.t (k) VALUES (1)", consistency=quorate.CONSISTENCY_ALL
    )
    error = refusal.error
    expect((error.code, error.required, error.received), (0x1000, 5, 3), "unavailable")
    print(f"errors: typed, as {refusal} ({error.code:#06x})")


def receipts(nodes):
    select = "SELECT price FROM shop.carts WHERE user = 'ada' AND item = 9"
    expect(nodes[0].execute(select).HasField("receipt"), False, "a receipt nobody asked for")
    receipt = nodes[0].execute(select, receipt=True).receipt
    expect(receipt.consistency, QUORUM, "the receipt's level")
    expect((receipt.replication_factor, receipt.block_for), (3, 2), "the receipt's numbers")
    expect(receipt.answered >= 2, True, "answers")
    expect(len(receipt.replicas), 3, "replicas in the receipt")
    expect(receipt.digests, "agreed", "what comparing the answers gave")
    insert = "INSERT INTO shop.carts (user, item) VALUES ('eve', 1)"
    written = nodes[1].execute(insert, receipt=True, timestamp=12_345).receipt
    expect(written.timestamp, 12_345, "the write's timestamp")
    expect(bool(receipt.guarantee and written.guarantee), True, "a guarantee in words")
    print(f"receipts: {receipt.guarantee}")


def session(nodes):
    """Many requests on one stream; answers by id."""
    requests = [
        quorate.SessionRequest(
            id=item + 1,
            execute=nodes[0].request(
                "SELECT item FROM shop.carts WHERE user = 'ada' AND item = ?", [item]
            ),
        )
        for item in range(10, 60)
    ]
    requests.append(quorate.SessionRequest(id=1_000, execute=nodes[0].request("nonsense")))
    answers = {}
    for answer in nodes[0].service.Session(iter(requests), timeout=20):
        answers[answer.id] = answer
        if len(answers) == len(requests):
            break
    expect(sorted(answers), sorted(request.id for request in requests), "ids of the answers")
    expect(answers[1_000].error.code, 0x2000, "code of a refused request of the session")
    for item in range(10, 60):
        rows = answers[item + 1].execute.rows.rows
        expect([row.values[0].integer for row in rows], [item], f"the answer for item {item}")
    print(f"session: {len(answers)} answers on one stream")


def operators(nodes):
    status = nodes[0].admin.Status(admin_pb2.StatusRequest(), timeout=20)
    expect([node.up for node in status.nodes], [True] * 3, "who is up")
    print("operators: status")


def main():
    nodes = [Node(address) for address in sys.argv[1:]]
    for part in (schema, prepared, paging, batches, errors, receipts, session, operators):
        part(nodes)
    print("done")


if __name__ == "__main__":
    main()
