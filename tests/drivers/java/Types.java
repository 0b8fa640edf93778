// Every scalar type, bound and read back: its ends, the empty value where the type has one, null.

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.data.CqlDuration;
import com.datastax.oss.driver.api.core.uuid.Uuids;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

final class Types {
    private static final BigInteger HUGE = BigInteger.TWO.pow(200);

    /** Types of which no bytes at all are no value. */
    private static final Set<String> NEVER_EMPTY =
            Set.of("tinyint", "smallint", "date", "time", "duration");

    private Types() {}

    /** A type, what Java makes of it, and the values that are tried. */
    private record Scalar<T>(String name, Class<T> type, List<T> values) {
        @SafeVarargs
        static <T> Scalar<T> of(String name, Class<T> type, T... values) {
            return new Scalar<>(name, type, Arrays.asList(values));
        }
    }

    private static List<Scalar<?>> scalars() throws UnknownHostException {
        return List.of(
                Scalar.of("ascii", String.class, "", "\0 ~\u007f"),
                Scalar.of("text", String.class, "", "a\0\u00e9\u20ac\ud83d\ude00", "long ".repeat(20_000)),
                Scalar.of("blob", ByteBuffer.class, ByteBuffer.allocate(0),
                        ByteBuffer.wrap(new byte[] {0, -1}), ByteBuffer.allocate(100_000)),
                Scalar.of("boolean", Boolean.class, false, true),
                Scalar.of("tinyint", Byte.class, Byte.MIN_VALUE, (byte) -1, Byte.MAX_VALUE),
                Scalar.of("smallint", Short.class, Short.MIN_VALUE, (short) -1, Short.MAX_VALUE),
                Scalar.of("int", Integer.class, Integer.MIN_VALUE, -1, Integer.MAX_VALUE),
                Scalar.of("bigint", Long.class, Long.MIN_VALUE, -1L, Long.MAX_VALUE),
                Scalar.of("varint", BigInteger.class,
                        HUGE.negate(), BigInteger.valueOf(-129), BigInteger.ZERO, HUGE),
                Scalar.of("decimal", BigDecimal.class, BigDecimal.ZERO,
                        new BigDecimal(HUGE, Integer.MAX_VALUE),
                        new BigDecimal(HUGE.negate(), Integer.MIN_VALUE)),
                Scalar.of("float", Float.class, -Float.MAX_VALUE, Float.MIN_VALUE, Float.MAX_VALUE,
                        Float.NEGATIVE_INFINITY, Float.NaN, -0.0f),
                Scalar.of("double", Double.class, -Double.MAX_VALUE, Double.MIN_VALUE, Double.MAX_VALUE,
                        Double.POSITIVE_INFINITY, Double.NaN, -0.0),
                Scalar.of("timestamp", Instant.class, Instant.ofEpochMilli(Long.MIN_VALUE),
                        Instant.ofEpochMilli(-1), Instant.EPOCH, Instant.ofEpochMilli(Long.MAX_VALUE)),
                Scalar.of("date", LocalDate.class, LocalDate.ofEpochDay(Integer.MIN_VALUE),
                        LocalDate.ofEpochDay(-1), LocalDate.EPOCH, LocalDate.ofEpochDay(Integer.MAX_VALUE)),
                Scalar.of("time", LocalTime.class, LocalTime.MIN, LocalTime.MAX),
                Scalar.of("duration", CqlDuration.class,
                        CqlDuration.newInstance(Integer.MIN_VALUE, Integer.MIN_VALUE, Long.MIN_VALUE),
                        CqlDuration.newInstance(0, 0, 0),
                        CqlDuration.newInstance(Integer.MAX_VALUE, Integer.MAX_VALUE, Long.MAX_VALUE)),
                Scalar.of("uuid", UUID.class, new UUID(0, 0), new UUID(-1, -1), UUID.randomUUID()),
                Scalar.of("timeuuid", UUID.class, Uuids.startOf(0), Uuids.timeBased()),
                Scalar.of("inet", InetAddress.class, InetAddress.getByName("0.0.0.0"),
                        InetAddress.getByName("255.255.255.255"), InetAddress.getByName("::"),
                        InetAddress.getByName("2001:db8::ff")));
    }

    static void run(CqlSession session) throws UnknownHostException {
        List<Scalar<?>> scalars = scalars();
        String columns = scalars.stream()
                .map(scalar -> "v_" + scalar.name + " " + scalar.name)
                .collect(Collectors.joining(", "));
        session.execute("CREATE TABLE driver.scalars (k text PRIMARY KEY, " + columns + ")");
        int tried = 0;
        for (Scalar<?> scalar : scalars) {
            tried += turns(session, scalar);
        }
        System.out.println("types: " + tried + " values of " + scalars.size() + " types");
    }

    /** Writes and reads what is to be tried of one type. */
    private static <T> int turns(CqlSession session, Scalar<T> scalar) {
        String name = scalar.name;
        PreparedStatement insert = session.prepare(
                "INSERT INTO driver.scalars (k, v_" + name + ") VALUES (?, ?)");
        PreparedStatement select = session.prepare(
                "SELECT v_" + name + " FROM driver.scalars WHERE k = ?");
        for (T value : scalar.values) {
            session.execute(insert.bind().setString(0, name).set(1, value, scalar.type));
            Row row = session.execute(select.bind(name)).one();
            Common.expect(row.get(0, scalar.type), value, name);
        }
        if (!NEVER_EMPTY.contains(name)) {
            ByteBuffer empty = ByteBuffer.allocate(0);
            session.execute(insert.bind().setString(0, name).setBytesUnsafe(1, empty));
            Row row = session.execute(select.bind(name)).one();
            Common.expect(row.getBytesUnsafe(0), empty, "the empty value of " + name);
        }
        session.execute(insert.bind().setString(0, name).setToNull(1));
        Row row = session.execute(select.bind(name)).one();
        Common.expect(row.getBytesUnsafe(0), null, "null of " + name);
        return scalar.values.size() + (NEVER_EMPTY.contains(name) ? 1 : 2);
    }
}
