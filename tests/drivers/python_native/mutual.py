"""A node that wants certificates of its clients lets in who shows one, and nobody else.

Usage: mutual.py HOST, with what the test tells of the cluster in the environment
"""

import os
import ssl
import sys

from common import connected, expect, refusal, refused, say, superuser, tls, until


def main():
    host = sys.argv[1]
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        shown = tls(newest=newest)
        shown.load_cert_chain(os.environ["QTEST_CERTIFICATE"], os.environ["QTEST_KEY"])
        options = {"auth_provider": superuser(), "compression": "lz4", "ssl_context": shown}
        # The node was just started.
        until("it gets in", lambda: refusal(host, **options) is None, within=20)
        with connected(host, **options) as session:
            expect(session.execute("SELECT rack FROM system.local").one().rack, "rack1", "the rack")
        say(f"connected: with a certificate, over {newest.name}")

        options["ssl_context"] = tls(newest=newest)
        refused(host, "no certificate", "alert certificate required", **options)
        # The certificate is no password.
        options = {"ssl_context": shown}
        refused(host, "a certificate and no password", "AuthenticationFailed", **options)
    say("done")


if __name__ == "__main__":
    main()
