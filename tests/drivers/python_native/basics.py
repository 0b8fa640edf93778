"""What an application does with the Python driver, against three nodes, in one protocol version.

Usage: basics.py HOST HOST HOST VERSION COMPRESSION
VERSION is 3, 4, 5 or `any`, COMPRESSION is lz4, snappy or none.
"""

import sys

from cassandra import AlreadyExists, ConsistencyLevel, InvalidRequest, Unavailable
from cassandra.cluster import NoHostAvailable
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.metadata import Murmur3Token
from cassandra.protocol import SyntaxException
from cassandra.query import BatchStatement, BatchType, SimpleStatement

from common import connected, expect, keyspace, say, until
from scalars import scalars

ROWS = 10_000
PAGES = (7, 5_000)


def connecting(session, hosts, version, compression):
    cluster = session.cluster
    expect(cluster.protocol_version, version, "the protocol version")
    known = sorted(host.address for host in cluster.metadata.all_hosts())
    expect(known, sorted(hosts), "the nodes that one contact point told of")
    expect([host.is_up for host in cluster.metadata.all_hosts()], [True] * 3, "who is up")
    expect(len({host.host_id for host in cluster.metadata.all_hosts()}), 3, "host ids")
    expect({host.datacenter for host in cluster.metadata.all_hosts()}, {"dc1"}, "datacenters")
    racks = {host.rack for host in cluster.metadata.all_hosts()}
    expect(racks, {"rack1", "rack2", "rack3"}, "racks")
    expect(cluster.metadata.partitioner, "org.apache.cassandra.dht.Murmur3Partitioner", "hashing")
    connection = cluster.control_connection._connection
    expect(connection._compression_type, compression, "the compression in use")
    say(f"connected: protocol {version}, {compression or 'no'} compression, {known}")


def schema(session):
    keyspace(session, "shop", 3)
    try:
        keyspace(session, "shop", 3)
    except AlreadyExists as refusal:
        expect((refusal.keyspace, refusal.table), ("shop", ""), "what exists")
    else:
        raise SystemExit("a second keyspace of one name was not refused")
    session.execute("CREATE TABLE shop.carts (user text, item int, note text, PRIMARY KEY (user, item))")
    table = session.cluster.metadata.keyspaces["shop"].tables["carts"]
    expect([column.name for column in table.partition_key], ["user"], "the partition key")
    expect([column.name for column in table.clustering_key], ["item"], "the clustering key")
    say(f"schema: {table.as_cql_query()}")


def routing(session, hosts):
    """Requests of a key go to the node that has it: with one replica there is no choice."""
    keyspace(session, "single", 1)
    session.execute("CREATE TABLE single.t (a text, b int, v int, PRIMARY KEY ((a, b)))")
    insert = session.prepare("INSERT INTO single.t (b, v, a) VALUES (?, ?, ?)")
    select = session.prepare("SELECT v, token(a, b) AS t FROM single.t WHERE a = ? AND b = ?")
    metadata = session.cluster.metadata
    seen = set()
    for number in range(60):
        key = f"key {number}"
        for statement in (insert.bind([number, number, key]), select.bind([key, number])):
            future = session.execute_async(statement)
            row = future.result().one()
            # The driver reads keyspaces in the background.
            replicas = until("replicas", lambda: metadata.get_replicas("single", statement.routing_key))
            expect([host.address for host in replicas], [future.coordinator_host.address], key)
            seen.add(future.coordinator_host.address)
        expect(row.t, Murmur3Token.from_key(statement.routing_key).value, f"the token of {key}")
        expect(row.v, number, f"the value of {key}")
    expect(seen, set(hosts), "nodes that were asked")
    say("routing: each request went to the replica of its key")


def paging(session, hosts, options):
    insert = session.prepare("INSERT INTO shop.carts (user, item, note) VALUES (?, ?, ?)")
    values = [("ada", item, f"note {item}") for item in range(ROWS)]
    execute_concurrent_with_args(session, insert, values, concurrency=64, raise_on_first_error=True)
    select = session.prepare("SELECT item, note FROM shop.carts WHERE user = 'ada'")
    for size in PAGES:
        statement = select.bind([])
        statement.fetch_size = size
        result = session.execute(statement)
        pages, items = 0, []
        while True:
            pages += 1
            page = result.current_rows
            expect(len(page) <= size, True, f"rows of page {pages} of size {size}")
            items += [row.item for row in page]
            if not result.has_more_pages:
                break
            result.fetch_next_page()
        expect(items, list(range(ROWS)), f"items in pages of {size}")
        expect(pages in (-(-ROWS // size), ROWS // size + 1), True, f"{pages} pages of {size}")
    simple = SimpleStatement("SELECT item FROM shop.carts", fetch_size=999)
    expect(sum(1 for _ in session.execute(simple)), ROWS, "rows of the whole table")
    # Where an application goes on with a state that it kept.
    simple = SimpleStatement("SELECT item FROM shop.carts WHERE user = 'ada'", fetch_size=10)
    state = session.execute(simple).paging_state
    with connected(hosts[0], **options) as other:
        second = other.execute(simple, paging_state=state)
        expect(second.one().item, 10, "the first row after a page of 10, in another session")
    say(f"paging: {ROWS} rows in pages of {PAGES}")


def batches(session):
    insert = session.prepare("INSERT INTO shop.carts (user, item, note) VALUES (?, ?, ?)")
    for kind, user in ((BatchType.LOGGED, "bob"), (BatchType.UNLOGGED, "eve")):
        batch = BatchStatement(kind)
        for item in range(20):
            batch.add(insert, [user, item, "prepared"])
        batch.add("INSERT INTO shop.carts (user, item) VALUES (%s, %s)", [f"{user} too", 1])
        batch.add("DELETE FROM shop.carts WHERE user = 'ada' AND item = 0")
        session.execute(batch)
        rows = session.execute("SELECT * FROM shop.carts WHERE user = %s", [user]).all()
        wanted = [(user, item, "prepared") for item in range(20)]
        expect([tuple(row) for row in rows], wanted, "what the batch wrote")
        rows = session.execute("SELECT * FROM shop.carts WHERE user = %s", [f"{user} too"]).all()
        expect([tuple(row) for row in rows], [(f"{user} too", 1, None)], "its other partition")
    rows = session.execute("SELECT item FROM shop.carts WHERE user = 'ada' AND item < 2").all()
    expect([row.item for row in rows], [1], "what the batches deleted")
    timed = BatchStatement(consistency_level=ConsistencyLevel.ALL)
    timed.add(SimpleStatement("INSERT INTO shop.carts (user, item, note) VALUES ('tim', 1, 'old')"))
    session.execute(timed)
    session.execute("UPDATE shop.carts USING TIMESTAMP 1 SET note = 'older' WHERE user = 'tim' AND item = 1")
    note = session.execute("SELECT note FROM shop.carts WHERE user = 'tim'").one().note
    expect(note, "old", "the note with the greater timestamp")
    say("batches: logged and unlogged")


def events(session, hosts, options):
    """A session of its own, elsewhere, sees what this one makes."""
    with connected(hosts[2], **options) as other:
        metadata = other.cluster.metadata
        known = lambda: metadata.keyspaces.get("elsewhere")
        keyspace(session, "elsewhere", 2)
        until("the other session sees the keyspace", known)
        session.execute("CREATE TABLE elsewhere.things (k int PRIMARY KEY, v text)")
        table = until("the other session sees the table", lambda: known().tables.get("things"))
        expect(sorted(table.columns), ["k", "v"], "the table's columns as the other session sees them")
        session.execute("ALTER TABLE elsewhere.things ADD added int")
        until("the other session sees the column", lambda: "added" in known().tables["things"].columns)
        session.execute("DROP TABLE elsewhere.things")
        until("the other session sees it gone", lambda: "things" not in known().tables)
        session.execute("DROP KEYSPACE elsewhere")
        until("the other session sees the keyspace gone", lambda: not known())
    say("events: another session's metadata followed")


def altered(session):
    """A prepared `SELECT *` gives the columns there are, those too that came after it was prepared."""
    session.execute("CREATE TABLE shop.growing (k int PRIMARY KEY, v text)")
    session.execute("INSERT INTO shop.growing (k, v) VALUES (1, 'one')")
    select = session.prepare("SELECT * FROM shop.growing WHERE k = ?")
    expect(tuple(session.execute(select, [1]).one()), (1, "one"), "the row before")
    session.execute("ALTER TABLE shop.growing ADD u int")
    session.execute("UPDATE shop.growing SET u = 7 WHERE k = 1")
    # Each node prepared it before, and learns of the column by itself.
    for host in session.cluster.metadata.all_hosts():
        row = session.execute(select, [1], host=host).one()
        expect(row._asdict(), {"k": 1, "u": 7, "v": "one"}, "the row after")
    say("altered: a prepared statement gives a new column")


def warnings(session):
    insert = session.prepare("INSERT INTO shop.carts (user, item, note) VALUES (?, ?, ?)")
    batch = BatchStatement(BatchType.UNLOGGED)
    for item in range(20):
        batch.add(insert, [f"user {item}", item, "x" * 1000])
    future = session.execute_async(batch)
    future.result()
    if session.cluster.protocol_version >= 4:
        told = " ".join(future.warnings or [])
        expect("exceeding specified threshold of 5120" in told, True, f"a warning: {told}")
    say("warnings: a batch that is too big is told of")


def errors(session):
    for cql, kind in (
        ("SELEC * FROM shop.carts", SyntaxException),
        ("SELECT nothing FROM shop.carts", InvalidRequest),
        ("SELECT * FROM shop.nowhere", InvalidRequest),
    ):
        for attempt in (session.execute, session.prepare):
            try:
                attempt(cql)
            except kind:
                continue
            raise SystemExit(f"{cql}: not refused")
    keyspace(session, "wide", 5)
    session.execute("CREATE TABLE wide.t (k int PRIMARY KEY)")
    statement = SimpleStatement(
        "INSERT INTO wide.t (k) VALUES (1)", consistency_level=ConsistencyLevel.ALL
    )
    try:
        session.execute(statement)
    except NoHostAvailable as refusals:
        # The policy asked another node, which said the same.
        refusal = list(refusals.errors.values())[0]
    except Unavailable as refusal_itself:
        refusal = refusal_itself
    else:
        raise SystemExit("five replicas on three nodes")
    expect((refusal.required_replicas, refusal.alive_replicas), (5, 3), "the numbers of the refusal")
    say(f"errors: typed, as {refusal}")


def keyspaces(session, hosts, options):
    """USE, and a session's own keyspace."""
    session.execute("USE shop")
    expect(session.keyspace, "shop", "the session's keyspace")
    prepared = session.prepare("SELECT count(*) FROM carts WHERE user = ?")
    expect(session.execute(prepared, ["bob"]).one()[0], 20, "bob's items")
    with connected(hosts[1], keyspace="shop", **options) as other:
        expect(other.execute("SELECT count(*) FROM carts WHERE user = 'eve'").one()[0], 20, "eve's")
    if session.cluster.protocol_version >= 5:
        cql = "SELECT v FROM t WHERE a = 'key 1' AND b = 1"
        prepared = session.prepare(cql, keyspace="single")
        expect(session.execute(prepared).one().v, 1, "in the keyspace that PREPARE names")
        simple = SimpleStatement(cql, keyspace="single")
        expect(session.execute(simple).one().v, 1, "in the keyspace that QUERY names")
    named = session.prepare("SELECT note FROM shop.carts WHERE user = :u AND item = :i")
    expect(session.execute(named, {"i": 3, "u": "bob"}).one().note, "prepared", "by names")
    simple = session.execute("SELECT note FROM shop.carts WHERE user = %(u)s AND item = 3", {"u": "bob"})
    expect(simple.one().note, "prepared", "by names, simple")
    say("keyspaces: USE, and names of values")


def main():
    *hosts, version, compression = sys.argv[1:]
    options = {"compression": False if compression == "none" else compression}
    if version != "any":
        options["protocol_version"] = int(version)
    with connected(hosts[1], **options) as session:
        wanted = 5 if version == "any" else int(version)
        connecting(session, hosts, wanted, None if compression == "none" else compression)
        schema(session)
        routing(session, hosts)
        paging(session, hosts, options)
        batches(session)
        events(session, hosts, options)
        altered(session)
        warnings(session)
        errors(session)
        keyspaces(session, hosts, options)
        scalars(session)
    say("done")


if __name__ == "__main__":
    main()
