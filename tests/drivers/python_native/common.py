"""What the scripts share: a cluster object as an application makes it, waiting, and saying what is wrong."""

import contextlib
import os
import ssl
import time

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.policies import DCAwareRoundRobinPolicy, ExponentialReconnectionPolicy, TokenAwarePolicy

WITHIN = 10


@contextlib.contextmanager
def connected(host, keyspace=None, consistency=ConsistencyLevel.QUORUM, **options):
    """A session that knows one contact point; the retry policy is the driver's own."""
    policy = TokenAwarePolicy(DCAwareRoundRobinPolicy(local_dc="dc1"), shuffle_replicas=False)
    profile = ExecutionProfile(load_balancing_policy=policy, consistency_level=consistency)
    cluster = Cluster(
        [host],
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        # The driver waits up to that long before it looks at what an event told it of.
        schema_event_refresh_window=0.05,
        topology_event_refresh_window=0.05,
        status_event_refresh_window=0.05,
        # An idle driver sees only by its heartbeat that what it listens on was closed.
        idle_heartbeat_interval=0.5,
        reconnection_policy=ExponentialReconnectionPolicy(0.1, 1.0),
        **options,
    )
    try:
        yield cluster.connect(keyspace, wait_for_all_pools=True)
    finally:
        cluster.shutdown()


def tls(authority="QTEST_AUTHORITY", newest=ssl.TLSVersion.TLSv1_3):
    """What checks certificates and the hosts they name."""
    context = ssl.create_default_context(cafile=os.environ[authority])
    context.maximum_version = newest
    return context


def superuser(password=None):
    return PlainTextAuthProvider(os.environ["QTEST_USER"], password or os.environ["QTEST_PASSWORD"])


def refusal(host, **options):
    """Why the driver does not get in; nothing if it does."""
    try:
        with connected(host, **options):
            return None
    except NoHostAvailable as refusal:
        return str(refusal)


def refused(host, what, why, **options):
    got = refusal(host, **options) or "got in"
    expect(why in got, True, f"whether {what} is refused because of {why!r}: {got}")
    say(f"refused: {what}: {why}")


def expect(got, wanted, what):
    if got != wanted:
        raise SystemExit(f"{what}: expected {wanted!r:.400}, got {got!r:.400}")


def until(what, check, within=WITHIN):
    """Looks again and again until the check gives something."""
    end = time.monotonic() + within
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"not within {within} s: {what}")
        time.sleep(0.02)


def ask(wish):
    """Has the test do something to a node, as `stop 2`."""
    print(f"! {wish}", flush=True)
    expect(input(), "ok", wish)


def say(text):
    print(text, flush=True)


def keyspace(session, name, replicas):
    session.execute(
        f"CREATE KEYSPACE {name} WITH replication = "
        f"{{'class': 'NetworkTopologyStrategy', 'dc1': {replicas}}}"
    )
