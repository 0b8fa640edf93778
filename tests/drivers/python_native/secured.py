"""TLS and a password, through Cassandra's driver: who gets in, and what those are told who do not.

Usage: secured.py HOST HOST HOST, with what the test tells of the cluster in the environment
"""

import socket
import ssl
import sys

from common import ask, connected, expect, keyspace, refusal, refused, say, superuser, tls, until

PORT = 9042
# How long a node may take to notice another certificate; other tests run beside.
NOTICED = 20


def everywhere(session, hosts, user):
    """Writes and reads with prepared statements through each node."""
    insert = session.prepare("INSERT INTO shop.carts (user, item, note) VALUES (?, ?, ?)")
    select = session.prepare("SELECT item, note FROM shop.carts WHERE user = ?")
    known = {host.address: host for host in session.cluster.metadata.all_hosts()}
    expect(sorted(known), sorted(hosts), "the nodes that one contact point told of")
    for item, address in enumerate(hosts):
        session.execute(insert, [user, item, address * 100], host=known[address])
    for address in hosts:
        future = session.execute_async(select.bind([user]), host=known[address])
        wanted = [(item, address * 100) for item, address in enumerate(hosts)]
        expect([tuple(row) for row in future.result()], wanted, f"what {address} reads")
        expect(future.coordinator_host.address, address, "who answered")


def listed(session, version, newest):
    """The node lists this connection for its operators."""
    connection = session.cluster.control_connection._connection
    address, port = connection._socket.getsockname()[:2]
    hosts = session.cluster.metadata.all_hosts()
    node = next(host for host in hosts if host.address == connection.endpoint.address)
    query = "SELECT * FROM system_views.clients WHERE address = %s AND port = %s"
    row = session.execute(query, (address, port), host=node).one()
    expect("Python Driver" in row.driver_name, True, f"the driver's name {row.driver_name}")
    expect(row.client_options["DRIVER_NAME"], row.driver_name, "what STARTUP said")
    expect((row.connection_stage, row.username), ("READY", "ada"), "how far it has come, and who")
    expect((row.protocol_version, row.request_count > 0), (version, True), "what it speaks")
    expect((row.ssl_enabled, row.ssl_protocol), (True, newest.name.replace("_", ".")), "its TLS")
    expect(row.ssl_cipher_suite.startswith("TLS_"), True, f"the cipher suite {row.ssl_cipher_suite}")


def versions(hosts):
    for version, newest in (
        (3, ssl.TLSVersion.TLSv1_2),
        (4, ssl.TLSVersion.TLSv1_3),
        (5, ssl.TLSVersion.TLSv1_2),
        (5, ssl.TLSVersion.TLSv1_3),
    ):
        options = {"protocol_version": version, "compression": "lz4", "ssl_context": tls(newest=newest)}
        with connected(hosts[1], auth_provider=superuser(), **options) as session:
            if version == 3:
                keyspace(session, "shop", 3)
                session.execute(
                    "CREATE TABLE shop.carts (user text, item int, note text, PRIMARY KEY (user, item))"
                )
            everywhere(session, hosts, f"version {version}")
            connection = session.cluster.control_connection._connection
            expect(connection._compression_type, "lz4", "the compression in use")
            expect(connection._socket.version(), newest.name.replace("_", "."), "the TLS in use")
            listed(session, version, newest)
        say(f"connected: protocol {version} with lz4 over {newest.name}, three nodes")


def passwords(host):
    for version in (3, 4, 5):
        options = {"protocol_version": version, "ssl_context": tls()}
        wrong = superuser("wrong")
        refused(host, "a wrong password", "AuthenticationFailed", auth_provider=wrong, **options)
        refused(host, "no password", "AuthenticationFailed", **options)


def strangers(host):
    why = "certificate verify failed"
    stranger = tls("QTEST_STRANGER")
    refused(host, "another authority", why, auth_provider=superuser(), ssl_context=stranger)
    for version in (3, 4, 5):
        why = "TLS is required on this port"
        refused(host, "no TLS", why, auth_provider=superuser(), protocol_version=version)


def serial(host):
    """The number of the certificate that a new connection is shown."""
    with socket.create_connection((host, PORT), timeout=10) as plain:
        with tls().wrap_socket(plain, server_hostname=host) as secure:
            return secure.getpeercert()["serialNumber"]


def certificates(hosts):
    """The first node gets another certificate, and another: who is connected does not notice."""
    options = {"auth_provider": superuser(), "ssl_context": tls()}
    host = hosts[0]
    with connected(hosts[1], **options) as session:
        before = serial(host)
        pool = next(pool for node, pool in session._pools.items() if node.address == host)
        connection = pool._connection

        def goes_on(when):
            everywhere(session, hosts, when)
            expect(pool._connection is connection, True, f"whether the connection is the old one {when}")
            expect(connection._socket.getpeercert()["serialNumber"], before, "its certificate's number")

        goes_on("before")
        ask("reissue 1 none")
        until("new connections see the new certificate", lambda: serial(host) != before, NOTICED)
        goes_on("after")
        with connected(host, **options) as other:
            everywhere(other, hosts, "anew")
        say("renewed: the old connection goes on, new ones see the new certificate")
        for flaw, why in (
            ("expired", "certificate has expired"),
            ("misnamed", f"certificate is not valid for '{host}'"),
            ("strange", "unable to get local issuer certificate"),
        ):
            ask(f"reissue 1 {flaw}")
            until(f"a refusal for {why}", lambda: why in (refusal(host, **options) or ""), NOTICED)
            say(f"refused: a certificate that is {flaw}: {why}")
            goes_on(f"while it is {flaw}")
        ask("reissue 1 none")
        until("it is good again", lambda: refusal(host, **options) is None, NOTICED)


def main():
    hosts = sys.argv[1:]
    versions(hosts)
    passwords(hosts[0])
    strangers(hosts[0])
    certificates(hosts)
    say("done")


if __name__ == "__main__":
    main()
