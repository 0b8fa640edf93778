// What changes under a session: the schema, the nodes; and how its bytes travel.

import com.codahale.metrics.Meter;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.metadata.schema.TableMetadata;
import com.datastax.oss.driver.api.core.metrics.DefaultSessionMetric;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

final class Changes {
    private static final int WORKERS = 8;
    private static final int MORE = 300;

    private Changes() {}

    /** Tries each version of the protocol, with lz4 and without. */
    static void compression(String host) {
        String text = "compress me ".repeat(30_000);
        for (String version : List.of("V3", "V4", "V5")) {
            for (String way : List.of("none", "lz4")) {
                var settings = Common.settings()
                        .withString(DefaultDriverOption.PROTOCOL_VERSION, version)
                        .withString(DefaultDriverOption.PROTOCOL_COMPRESSION, way)
                        .withStringList(DefaultDriverOption.METRICS_SESSION_ENABLED,
                                List.of(DefaultSessionMetric.BYTES_RECEIVED.getPath()));
                try (CqlSession session = Common.connect(host, settings)) {
                    session.execute(SimpleStatement.newInstance(
                            "INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)", 2_000, 1, text));
                    Meter received = session.getMetrics().orElseThrow()
                            .<Meter>getSessionMetric(DefaultSessionMetric.BYTES_RECEIVED).orElseThrow();
                    long before = received.getCount();
                    Row row = session.execute(SimpleStatement.newInstance(
                            "SELECT v FROM driver.rows WHERE p = ? AND c = ?", 2_000, 1)).one();
                    String what = "version " + version + " with " + way;
                    Common.expect(row.getString(0).equals(text), true, "whether the text came by " + what);
                    boolean compressed = received.getCount() - before < text.length() / 4;
                    Common.expect(compressed, way.equals("lz4"), "whether few bytes came by " + what);
                }
            }
        }
        System.out.println("compression: none and lz4, versions 3 to 5");
    }

    static void schemaEvents(CqlSession session) throws InterruptedException {
        try (CqlSession other = Common.connect(Common.lastHost(session))) {
            other.execute("CREATE TABLE driver.later (k int PRIMARY KEY, v text)");
            Common.until("the new table is seen",
                    () -> later(session).filter(table -> table.getColumns().size() == 2).isPresent());
            session.execute("INSERT INTO driver.later (k, v) VALUES (1, 'v')");
            PreparedStatement select = session.prepare("SELECT * FROM driver.later WHERE k = 1");
            Row before = session.execute(select.bind()).one();
            Common.expect(before.getColumnDefinitions().size(), 2, "columns of *");
            other.execute("ALTER TABLE driver.later ADD w int");
            Common.until("the new column is seen",
                    () -> later(session).flatMap(table -> table.getColumn("w")).isPresent());
            // By the statement that was prepared before.
            Row after = session.execute(select.bind()).one();
            Common.expect(after.getColumnDefinitions().size(), 3, "columns of * with the new one");
            other.execute("DROP TABLE driver.later");
            Common.until("the end of the table is seen", () -> later(session).isEmpty());
        }
        System.out.println("schema events: a table of another session came, changed and went");
    }

    private static Optional<TableMetadata> later(CqlSession session) {
        return session.getMetadata().getKeyspace("driver").flatMap(driver -> driver.getTable("later"));
    }

    /** Uses statements that were prepared before a node was started anew. */
    static void restart(CqlSession session) throws InterruptedException {
        String last = Common.lastHost(session);
        PreparedStatement select =
                session.prepare("SELECT c, v FROM driver.rows WHERE p = ? AND c = ?");
        Common.until("the node is used", () -> use(session, select, last));
        Common.ask("stop 3");
        Common.ask("start 3");
        Common.until("the restarted node is used", () -> use(session, select, last));
        System.out.println("restart: prepared statements went on");
    }

    /** Gives whether something went through that node. */
    private static boolean use(CqlSession session, PreparedStatement select, String last) {
        boolean used = false;
        for (int row = 0; row < 30; row++) {
            ResultSet answer = session.execute(select.bind(row % 10, row).setIdempotent(true));
            used |= Common.host(answer.getExecutionInfo()).equals(last);
            Row found = answer.one();
            // Rows 0 and 10 were deleted by the batches.
            String wanted = row == 0 || row == 10 ? null : String.valueOf(row);
            Common.expect(found == null ? null : found.getString("v"), wanted, "the row");
        }
        return used;
    }

    /** Writes and reads at QUORUM while a node ends and comes back. Nothing may fail. */
    static void load(CqlSession session) throws Exception {
        Load load = new Load(session);
        ExecutorService threads = Executors.newFixedThreadPool(WORKERS);
        try {
            List<Future<?>> workers = new ArrayList<>();
            for (int worker = 0; worker < WORKERS; worker++) {
                int first = worker;
                workers.add(threads.submit(() -> load.work(first)));
            }
            load.more("requests go through the node", load.throughLast, workers);
            Common.ask("stop 3");
            load.more("requests go on without the node", load.total, workers);
            Common.ask("start 3");
            load.more("requests go through the node again", load.throughLast, workers);
            load.stop.set(true);
            for (Future<?> worker : workers) {
                worker.get();
            }
        } finally {
            threads.shutdownNow();
        }
        System.out.println("load: " + load.total + " rows written and read");
    }

    private static final class Load {
        private final CqlSession session;
        private final PreparedStatement insert;
        private final PreparedStatement select;
        private final String last;
        final AtomicLong total = new AtomicLong();
        final AtomicLong throughLast = new AtomicLong();
        final AtomicBoolean stop = new AtomicBoolean();

        Load(CqlSession session) {
            this.session = session;
            insert = session.prepare("INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)");
            select = session.prepare("SELECT v FROM driver.rows WHERE p = ? AND c = ?");
            last = Common.lastHost(session);
        }

        void work(int first) {
            for (int row = first; !stop.get(); row += WORKERS) {
                int partition = 3_000 + row % 50;
                session.execute(insert.bind(partition, row, "load").setIdempotent(true));
                ResultSet answer = session.execute(select.bind(partition, row).setIdempotent(true));
                if (Common.host(answer.getExecutionInfo()).equals(last)) {
                    throughLast.incrementAndGet();
                }
                Common.expect(answer.one().getString(0), "load", "the row just written");
                total.incrementAndGet();
            }
        }

        /** Waits for so many more; a worker that ended had a failure. */
        void more(String what, AtomicLong count, List<Future<?>> workers) throws Exception {
            long wanted = count.get() + MORE;
            Common.until(what, () ->
                    count.get() >= wanted || workers.stream().anyMatch(Future::isDone));
            for (Future<?> worker : workers) {
                if (worker.isDone()) {
                    worker.get();
                }
            }
        }
    }
}
