"""What an application sees of nodes that stop and start: nothing, at QUORUM.

Usage: restarts.py HOST HOST HOST
"""

import sys
import threading

from cassandra.policies import HostStateListener
from cassandra.query import BatchStatement

from common import ask, connected, expect, keyspace, say, until

WORKERS = 4
# Requests of each worker between two events.
ROUNDS = 60


class Witness(HostStateListener):
    """What the driver was told of nodes."""

    def __init__(self):
        self.news = []

    def on_up(self, host):
        self.news.append(("up", host.address))

    def on_down(self, host):
        self.news.append(("down", host.address))

    def on_add(self, host):
        self.news.append(("added", host.address))

    def on_remove(self, host):
        self.news.append(("removed", host.address))


class Load:
    """Writes and reads back, in threads of its own, until it is told to stop; counts what went well."""

    def __init__(self, session):
        self.session = session
        self.insert = session.prepare("INSERT INTO shop.carts (user, item, note) VALUES (?, ?, ?)")
        self.select = session.prepare("SELECT note FROM shop.carts WHERE user = ? AND item = ?")
        self.done = [0] * WORKERS
        self.failure = None
        self.ends = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=[n]) for n in range(WORKERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.ends.set()
        for thread in self.threads:
            thread.join()
        if failure[0] is None:
            self.check()

    def work(self, number):
        user = f"user {number}"
        try:
            while not self.ends.is_set():
                item = self.done[number]
                note = f"note {item} of {user}"
                if item % 10 == 9:
                    batch = BatchStatement()
                    batch.add(self.insert, [user, item, note])
                    batch.add(self.insert, [f"{user} too", item, note])
                    self.session.execute(batch)
                else:
                    self.session.execute(self.insert, [user, item, note])
                row = self.session.execute(self.select, [user, item]).one()
                expect(row and row.note, note, "what was just written")
                self.done[number] += 1
        except BaseException as failure:
            self.failure = f"{user} after {self.done[number]} rounds: {failure!r} {failure}"

    def check(self):
        if self.failure:
            raise SystemExit(self.failure)

    def goes_on(self, when):
        """Every worker does more rounds, whatever has happened."""
        wanted = [done + ROUNDS for done in self.done]

        def check():
            self.check()
            return all(done >= want for done, want in zip(self.done, wanted))

        until(f"the load goes on {when}", check, within=30)


def restart_under_load(session, hosts):
    metadata = session.cluster.metadata
    host = {host.address: host for host in metadata.all_hosts()}
    witness = Witness()
    session.cluster.register_listener(witness)
    with Load(session) as load:
        load.goes_on("before")
        # The third is what the control connection is on: the driver has to find another.
        for number in (1, 2, 3):
            address = hosts[number - 1]
            ask(f"stop {number}")
            until(f"{address} is down", lambda: not host[address].is_up)
            load.goes_on(f"while {address} is down")
            ask(f"start {number}")
            until(f"{address} is up", lambda: metadata.get_host(address).is_up)
            load.goes_on(f"after {address} came back")
    for address in hosts:
        expect(("down", address) in witness.news, True, f"news that {address} is down")
        expect(("up", address) in witness.news, True, f"news that {address} is up")
    strange = [news for news in witness.news if news[0] in ("added", "removed")]
    expect(strange, [], "news of nodes that come and go for ever")
    say(f"load: {sum(load.done)} writes and as many reads, no error; {len(witness.news)} news")


def prepared_across_a_restart(session, hosts):
    """Statements of before are still good, on a node too where the driver has to prepare them again."""
    select = session.prepare("SELECT note FROM shop.carts WHERE user = ? AND item = ?")
    before = session.execute(select, ["user 0", 0]).one().note
    known = {host.address: host for host in session.cluster.metadata.all_hosts()}
    for number, address in enumerate(hosts, 1):
        host = known[address]
        ask(f"stop {number}")
        until(f"{address} is down", lambda: not host.is_up)
        ask(f"start {number}")
        until(f"{address} is up", lambda: host.is_up and host in session.get_pool_state())
        # Past the policy: each node gets the statement, whatever it knew before.
        future = session.execute_async(select.bind(["user 0", 0]), host=host)
        expect(future.result().one().note, before, f"the note, asked of {address}")
        expect(future.coordinator_host.address, address, "who answered")
    say("prepared: still good after each node was restarted")


def main():
    hosts = sys.argv[1:]
    with connected(hosts[2]) as session:
        keyspace(session, "shop", 3)
        session.execute("CREATE TABLE shop.carts (user text, item int, note text, PRIMARY KEY (user, item))")
        restart_under_load(session, hosts)
    with connected(hosts[2], reprepare_on_up=False) as session:
        prepared_across_a_restart(session, hosts)
    say("done")


if __name__ == "__main__":
    main()
