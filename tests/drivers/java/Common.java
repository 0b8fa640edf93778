// What the parts of the program share: how to connect, to wait, to compare, to ask for something.

import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.config.ProgrammaticDriverConfigLoaderBuilder;
import com.datastax.oss.driver.api.core.cql.ExecutionInfo;
import com.datastax.oss.driver.api.core.metadata.Node;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.Objects;
import java.util.function.BooleanSupplier;

final class Common {
    static final int NODES = 3;

    /** How long something may take that the driver does on its own. */
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private static final int PORT = 9042;

    private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

    private Common() {}

    static CqlSession connect(String host) {
        return connect(host, settings());
    }

    static CqlSession connect(String host, ProgrammaticDriverConfigLoaderBuilder settings) {
        return builder(host, settings).build();
    }

    static CqlSessionBuilder builder(String host, ProgrammaticDriverConfigLoaderBuilder settings) {
        return CqlSession.builder()
                .addContactPoint(new InetSocketAddress(host, PORT))
                .withLocalDatacenter("dc1")
                .withConfigLoader(settings.build());
    }

    static ProgrammaticDriverConfigLoaderBuilder settings() {
        return DriverConfigLoader.programmaticBuilder()
                .withString(DefaultDriverOption.REQUEST_CONSISTENCY, ConsistencyLevel.QUORUM.name())
                .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, Duration.ofSeconds(10))
                // Nothing comes after the end of a session; the default waits two seconds for it.
                .withInt(DefaultDriverOption.NETTY_IO_SHUTDOWN_QUIET_PERIOD, 0)
                .withInt(DefaultDriverOption.NETTY_ADMIN_SHUTDOWN_QUIET_PERIOD, 0);
    }

    static Collection<Node> nodes(CqlSession session) {
        return session.getMetadata().getNodes().values();
    }

    static String host(Node node) {
        return ((InetSocketAddress) node.getEndPoint().resolve()).getAddress().getHostAddress();
    }

    /** The node that an answer came through. */
    static String host(ExecutionInfo info) {
        return host(Objects.requireNonNull(info.getCoordinator(), "the answer came from nowhere"));
    }

    /** The third node, as nodes are numbered by address. */
    static String lastHost(CqlSession session) {
        return nodes(session).stream().map(Common::host).max(Comparator.naturalOrder()).orElseThrow();
    }

    /** Looks again and again until it is true. What fails meanwhile is a failure. */
    static void until(String what, BooleanSupplier look) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!look.getAsBoolean()) {
            expect(System.nanoTime() < deadline, true, "whether there is time left until " + what);
            Thread.sleep(20);
        }
    }

    static void expect(Object got, Object wanted, String what) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError(what + ": expected " + wanted + ", got " + got);
        }
    }

    /** Has something done by whoever started this program. */
    static void ask(String wish) {
        System.out.println("! " + wish);
        try {
            expect(INPUT.readLine(), "ok", "the answer to " + wish);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
