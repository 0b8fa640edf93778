// A Java application's day with the Apache Cassandra driver against three nodes.
//
// Usage: java Main HOST
//
// It knows one node and finds the others. What it cannot do itself it asks of whoever started it:
// it prints a line such as "! stop 3" and waits for "ok". For lines "routed KEY HOST" the starter
// checks that HOST alone keeps KEY.

import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.BatchStatementBuilder;
import com.datastax.oss.driver.api.core.cql.DefaultBatchType;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.metadata.Node;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionStage;

public final class Main {
    private static final int ROUTED_KEYS = 30;
    private static final int MANY_ROWS = 10_000;
    private static final int FEW_ROWS = 700;
    private static final int WRITES_IN_FLIGHT = 64;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        try (CqlSession session = Common.connect(arguments[0])) {
            nodes(session);
            schema(session);
            routing(session);
            Types.run(session);
            paging(session);
            batches(session);
            Changes.compression(arguments[0]);
            Changes.schemaEvents(session);
            Changes.restart(session);
            Changes.load(session);
        }
        System.out.println("done");
    }

    private static void nodes(CqlSession session) throws InterruptedException {
        Common.until("three nodes are known", () -> Common.nodes(session).size() == Common.NODES);
        for (Node node : Common.nodes(session)) {
            Common.expect(node.getDatacenter(), "dc1", "datacenter");
        }
        var tokens = session.getMetadata().getTokenMap().orElseThrow();
        for (Node node : Common.nodes(session)) {
            Common.expect(tokens.getTokens(node).isEmpty(), false, "whether a node has no tokens");
        }
        System.out.println("connect: one contact point, three nodes");
    }

    private static void schema(CqlSession session) {
        session.execute("CREATE KEYSPACE driver WITH replication = "
                + "{'class': 'SimpleStrategy', 'replication_factor': 3}");
        session.execute("CREATE KEYSPACE single WITH replication = "
                + "{'class': 'NetworkTopologyStrategy', 'dc1': 1}");
        session.execute("CREATE TABLE single.keys (k int PRIMARY KEY, v text)");
        session.execute("CREATE TABLE driver.rows (p int, c int, v text, PRIMARY KEY (p, c))");
    }

    /** Sends each key to the node that keeps it, as the driver believes. */
    private static void routing(CqlSession session) throws InterruptedException {
        // Until the driver knows how the new keyspace is replicated, it goes around in circles.
        Common.until("the keyspace is known",
                () -> session.getMetadata().getKeyspace("single").isPresent());
        PreparedStatement insert = session.prepare("INSERT INTO single.keys (k, v) VALUES (?, ?)");
        Set<String> hosts = new HashSet<>();
        for (int key = 0; key < ROUTED_KEYS; key++) {
            Set<String> through = new HashSet<>();
            for (int time = 0; time < 4; time++) {
                var bound = insert.bind(key, "v").setConsistencyLevel(ConsistencyLevel.ONE);
                through.add(Common.host(session.execute(bound).getExecutionInfo()));
            }
            Common.expect(through.size(), 1, "hosts of one key");
            hosts.addAll(through);
            System.out.println("routed " + key + " " + through.iterator().next());
        }
        Common.expect(hosts.size(), Common.NODES, "hosts that keys went to");
        System.out.println("routing: every key went to one node");
    }

    private static void paging(CqlSession session) throws Exception {
        PreparedStatement insert =
                session.prepare("INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)");
        Queue<CompletionStage<AsyncResultSet>> inFlight = new ArrayDeque<>();
        for (int row = 0; row < MANY_ROWS; row++) {
            inFlight.add(session.executeAsync(insert.bind(row % 10, row, String.valueOf(row))));
            if (inFlight.size() == WRITES_IN_FLIGHT) {
                inFlight.remove().toCompletableFuture().get();
            }
        }
        for (CompletionStage<AsyncResultSet> write : inFlight) {
            write.toCompletableFuture().get();
        }
        var many = SimpleStatement.newInstance("SELECT p, c, v FROM driver.rows");
        Common.expect(read(session, many.setPageSize(5_000), MANY_ROWS), MANY_ROWS / 5_000, "pages of 5000");
        var few = SimpleStatement.newInstance("SELECT p, c, v FROM driver.rows LIMIT ?", FEW_ROWS);
        Common.expect(read(session, few.setPageSize(7), FEW_ROWS), FEW_ROWS / 7, "pages of 7");
        System.out.println("paging: " + MANY_ROWS + " rows by 5000, " + FEW_ROWS + " rows by 7");
    }

    /** Goes through all rows, and gives the number of pages that had some. */
    private static int read(CqlSession session, SimpleStatement select, int rows) throws Exception {
        Set<Integer> seen = new HashSet<>();
        int pages = 0;
        AsyncResultSet page = session.executeAsync(select).toCompletableFuture().get();
        while (true) {
            Common.expect(page.remaining() <= select.getPageSize(), true, "whether a page is small enough");
            pages += page.remaining() > 0 ? 1 : 0;
            for (Row row : page.currentPage()) {
                int c = row.getInt("c");
                Common.expect(row.getString("v"), String.valueOf(c), "value of a row");
                Common.expect(row.getInt("p"), c % 10, "partition of a row");
                seen.add(c);
            }
            if (!page.hasMorePages()) {
                break;
            }
            page = page.fetchNextPage().toCompletableFuture().get();
        }
        Common.expect(seen.size(), rows, "different rows");
        return pages;
    }

    private static void batches(CqlSession session) {
        PreparedStatement insert =
                session.prepare("INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)");
        for (DefaultBatchType kind : new DefaultBatchType[] {
            DefaultBatchType.LOGGED, DefaultBatchType.UNLOGGED
        }) {
            int partition = 1_000 + kind.ordinal();
            int gone = 10 * kind.ordinal();
            BatchStatementBuilder batch = BatchStatement.builder(kind);
            for (int row = 0; row < 20; row++) {
                batch.addStatement(insert.bind(partition, row, "batch"));
            }
            batch.addStatement(SimpleStatement.newInstance(
                    "DELETE FROM driver.rows WHERE p = ? AND c = ?", 0, gone));
            batch.addStatement(SimpleStatement.newInstance(
                    "UPDATE driver.rows SET v = 'plain' WHERE p = " + partition + " AND c = 99"));
            session.execute(batch.build());
            Row count = session.execute(SimpleStatement.newInstance(
                    "SELECT count(*) FROM driver.rows WHERE p = ?", partition)).one();
            Common.expect(count.getLong(0), 21L, "rows of the batch");
            Row deleted = session.execute(SimpleStatement.newInstance(
                    "SELECT v FROM driver.rows WHERE p = ? AND c = ?", 0, gone)).one();
            Common.expect(deleted, null, "the row that the batch deleted");
        }
        System.out.println("batches: logged and unlogged");
    }
}
