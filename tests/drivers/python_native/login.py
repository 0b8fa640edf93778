"""Roles, passwords and permissions, through Cassandra's driver.

Arguments: the three nodes, and the password of the superuser ada.
"""

import sys
import time

from cassandra import Unauthorized
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, NoHostAvailable
from common import ask

*NODES, PASSWORD = sys.argv[1:]
BOB_PASSWORD = "canary-of-bob"


def connect(user=None, password=None, version=5, node=0):
    provider = PlainTextAuthProvider(user, password) if user else None
    cluster = Cluster(
        [NODES[node]], protocol_version=version, auth_provider=provider, connect_timeout=10
    )
    return cluster, cluster.connect()


def wait_for_superuser():
    """The founding node makes the superuser a moment after it serves."""
    for _ in range(100):
        try:
            return connect("ada", PASSWORD)
        except NoHostAvailable:
            time.sleep(0.2)
    raise AssertionError("the first superuser cannot log in")


def refused_login(*arguments, **options):
    try:
        connect(*arguments, **options)
    except NoHostAvailable as refusal:
        assert "canary" not in str(refusal), "an error shows a password"
        return
    raise AssertionError(f"{arguments[:1]} got in")


def refused(session, statement):
    try:
        session.execute(statement)
    except Unauthorized as refusal:
        # Of roles Cassandra speaks otherwise than of data.
        wordings = ("User bob has no", "User bob does not have sufficient privileges")
        assert any(wording in str(refusal) for wording in wordings), refusal
        return
    raise AssertionError(f"allowed: {statement}")


def eventually(session, statement):
    """Permissions reach the other nodes with the metadata log, a moment later."""
    for _ in range(50):
        try:
            return session.execute(statement)
        except Unauthorized:
            time.sleep(0.1)
    raise AssertionError(f"still refused: {statement}")


def eventually_refused(session, statement):
    for _ in range(50):
        try:
            session.execute(statement)
        except Unauthorized:
            return
        time.sleep(0.1)
    raise AssertionError(f"still allowed: {statement}")


superuser, ada = wait_for_superuser()
for version in (3, 4, 5):
    refused_login(version=version)
    refused_login("ada", "wrong-canary", version=version)
    refused_login("nobody", "canary", version=version)
    connect("ada", PASSWORD, version, node=version % 3)[0].shutdown()

ada.execute(
    "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}"
)
ada.execute("CREATE TABLE shop.carts (user int PRIMARY KEY, item text)")
ada.execute(f"CREATE ROLE bob WITH PASSWORD = '{BOB_PASSWORD}' AND LOGIN = true")
ada.execute("CREATE ROLE clerk")
time.sleep(0.5)

_, bob = connect("bob", BOB_PASSWORD, node=1)
READ, WRITE = "SELECT * FROM shop.carts", "INSERT INTO shop.carts (user) VALUES (1)"
for statement in [
    READ,
    WRITE,
    "UPDATE shop.carts SET item = 'x' WHERE user = 1",
    "DELETE FROM shop.carts WHERE user = 1",
    f"BEGIN BATCH {WRITE} APPLY BATCH",
    "TRUNCATE shop.carts",
    "ALTER TABLE shop.carts ADD more int",
    "DROP TABLE shop.carts",
    "DROP KEYSPACE shop",
    "CREATE TABLE shop.other (k int PRIMARY KEY)",
    "CREATE ROLE eve",
    "GRANT clerk TO bob",
    "GRANT SELECT ON shop.carts TO bob",
    "DROP ROLE clerk",
    "SELECT * FROM system_auth.roles",
]:
    refused(bob, statement)
bob.execute("SELECT key FROM system.local")
bob.execute("SELECT * FROM system_schema.tables")

ada.execute("GRANT SELECT ON KEYSPACE shop TO clerk")
ada.execute("GRANT clerk TO bob")
eventually(bob, READ)
refused(bob, WRITE)
ada.execute("GRANT MODIFY ON shop.carts TO bob")
eventually(bob, WRITE)
listed = {(row.role, row.permission) for row in ada.execute("LIST ALL PERMISSIONS OF bob")}
assert ("bob", "MODIFY") in listed and ("clerk", "SELECT") in listed, listed
ada.execute("REVOKE clerk FROM bob")
eventually_refused(bob, READ)

ada.execute(f"ALTER ROLE bob WITH PASSWORD = 'new-{BOB_PASSWORD}'")
time.sleep(0.5)
refused_login("bob", BOB_PASSWORD)
connect("bob", f"new-{BOB_PASSWORD}", node=2)[0].shutdown()
for row in ada.execute("SELECT query_string FROM system.prepared_statements"):
    assert "canary" not in row.query_string, "a password is shown"

# Every node knows every role: logging in needs no other one.
ask("stop 2")
ask("stop 3")
for version in (3, 4, 5):
    connect("bob", f"new-{BOB_PASSWORD}", version)[0].shutdown()
    refused_login("bob", BOB_PASSWORD, version=version)
print("done")
