// TLS and a password: who gets in, and who does not.
//
// Usage: java Secured HOST, with what the test tells of the cluster in the environment

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.ssl.ProgrammaticSslEngineFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public final class Secured {
    private static final int ROWS = 30;
    private static final String AUTHORITY = System.getenv("QTEST_AUTHORITY");
    private static final String STRANGER = System.getenv("QTEST_STRANGER");
    private static final String PASSWORD = System.getenv("QTEST_PASSWORD");

    private Secured() {}

    public static void main(String[] arguments) throws Exception {
        String host = arguments[0];
        try (CqlSession session = connect(host, AUTHORITY, PASSWORD)) {
            work(session);
        }
        refused(host, AUTHORITY, "wrong", "a wrong password", "AuthenticationException");
        refused(host, AUTHORITY, null, "no password", "AuthenticationException");
        refused(host, STRANGER, PASSWORD, "another authority", "unable to find valid certification path");
        refused(host, null, PASSWORD, "no TLS", "TLS is required on this port");
        Common.ask("reissue 1 misnamed");
        // Noticed a moment later.
        Common.until("another host's certificate is refused",
                () -> refusal(host, AUTHORITY, PASSWORD) != null);
        refused(host, AUTHORITY, PASSWORD, "another host's certificate", "subject alternative names");
        System.out.println("done");
    }

    private static CqlSession connect(String host, String authority, String password) {
        var builder = Common.builder(host, Common.settings()
                .withString(DefaultDriverOption.PROTOCOL_COMPRESSION, "lz4"));
        if (authority != null) {
            // It validates the host, by the address that it was given.
            builder.withSslEngineFactory(
                    new ProgrammaticSslEngineFactory(believing(authority), null, true, false));
        }
        if (password != null) {
            builder.withAuthCredentials(System.getenv("QTEST_USER"), password);
        }
        return builder.build();
    }

    private static SSLContext believing(String authority) {
        try (InputStream pem = Files.newInputStream(Path.of(authority))) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            var certificate = CertificateFactory.getInstance("X.509").generateCertificate(pem);
            store.setCertificateEntry("authority", certificate);
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException error) {
            throw new IllegalStateException(authority, error);
        }
    }

    private static void work(CqlSession session) throws InterruptedException {
        Common.until("three nodes are known", () -> Common.nodes(session).size() == Common.NODES);
        session.execute("CREATE KEYSPACE driver WITH replication = "
                + "{'class': 'SimpleStrategy', 'replication_factor': 3}");
        session.execute("CREATE TABLE driver.rows (k int PRIMARY KEY, v text)");
        PreparedStatement insert = session.prepare("INSERT INTO driver.rows (k, v) VALUES (?, ?)");
        PreparedStatement select = session.prepare("SELECT v FROM driver.rows WHERE k = ?");
        Set<String> through = new HashSet<>();
        for (int row = 0; row < ROWS; row++) {
            session.execute(insert.bind(row, String.valueOf(row)));
            ResultSet result = session.execute(select.bind(row));
            Common.expect(result.one().getString("v"), String.valueOf(row), "value of a row");
            through.add(Common.host(result.getExecutionInfo()));
        }
        Common.expect(through.size(), Common.NODES, "nodes that were asked");
        System.out.println("connect: one contact point, three nodes, " + ROWS + " rows");
    }

    private static void refused(String host, String authority, String password, String what, String why) {
        String refusal = String.valueOf(refusal(host, authority, password));
        Common.expect(refusal.contains(why), true, "whether " + what + " was refused so: " + refusal);
        System.out.println("refused: " + what + ": " + why);
    }

    /** Why it does not get in; null if it does. */
    private static String refusal(String host, String authority, String password) {
        try (CqlSession session = connect(host, authority, password)) {
            return null;
        } catch (AllNodesFailedException refusal) {
            return reasons(refusal);
        }
    }

    /** What each attempt failed with, down to the first cause. */
    private static String reasons(AllNodesFailedException refusal) {
        List<String> reasons = new ArrayList<>();
        for (List<Throwable> errors : refusal.getAllErrors().values()) {
            for (Throwable error : errors) {
                for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                    reasons.add(cause.toString());
                }
            }
        }
        return String.join("; ", reasons);
    }
}
