// What changes under a session: the schema, the nodes; and how its bytes travel.

package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/apache/cassandra-gocql-driver/v2/lz4"
	"github.com/apache/cassandra-gocql-driver/v2/snappy"
)

// compression is tried with each version of the protocol. Version 5 knows lz4 only.
func compression(host string) {
	for _, way := range []struct {
		version    int
		compressor gocql.Compressor
	}{
		{3, nil}, {3, lz4.LZ4Compressor{}}, {3, snappy.SnappyCompressor{}},
		{4, nil}, {4, lz4.LZ4Compressor{}}, {4, snappy.SnappyCompressor{}},
		{5, nil}, {5, lz4.LZ4Compressor{}},
	} {
		name := "nothing"
		if way.compressor != nil {
			name = way.compressor.Name()
		}
		what := fmt.Sprintf("version %d with %s", way.version, name)
		dialer := &countingDialer{}
		config := cluster(host)
		config.ProtoVersion = way.version
		config.Compressor = way.compressor
		config.Dialer = dialer
		config.NumConns = 1
		session, err := config.CreateSession()
		must(err, what)
		long := strings.Repeat("compress me ", 30_000)
		insert := session.Query("INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)", 2_000, 1, long)
		must(insert.Exec(), what)
		before := dialer.received.Load()
		var v string
		must(session.Query("SELECT v FROM driver.rows WHERE p = ? AND c = ?", 2_000, 1).Scan(&v), what)
		expect(v == long, true, "whether the text came back by "+what)
		compressed := dialer.received.Load()-before < int64(len(long))/4
		expect(compressed, way.compressor != nil, "whether few bytes came by "+what)
		session.Close()
	}
	fmt.Println("compression: none, lz4, snappy, and versions 3 to 5")
}

// countingDialer knows how many bytes came over its connections.
type countingDialer struct {
	dialer   net.Dialer
	received atomic.Int64
}

type countingConn struct {
	net.Conn
	received *atomic.Int64
}

func (d *countingDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dialer.DialContext(ctx, network, address)
	return countingConn{conn, &d.received}, err
}

func (c countingConn) Read(into []byte) (int, error) {
	count, err := c.Conn.Read(into)
	c.received.Add(int64(count))
	return count, err
}

func schemaEvents(session *gocql.Session) {
	other, err := cluster(lastHost(session)).CreateSession()
	must(err, "another session")
	defer other.Close()
	seen := func(what string, is func(*gocql.TableMetadata) bool) {
		until(what, func() error {
			keyspace, err := session.KeyspaceMetadata("driver")
			if err == nil && !is(keyspace.Tables["later"]) {
				err = fmt.Errorf("the table is %+v", keyspace.Tables["later"])
			}
			return err
		})
	}
	must(other.Query("CREATE TABLE driver.later (k int PRIMARY KEY, v text)").Exec(), "create")
	seen("the new table is seen", func(table *gocql.TableMetadata) bool {
		return table != nil && len(table.Columns) == 2 && table.PartitionKey[0].Name == "k"
	})
	columns := func() int {
		row := map[string]any{}
		must(session.Query("SELECT * FROM driver.later WHERE k = ?", 1).MapScan(row), "the row")
		return len(row)
	}
	must(session.Query("INSERT INTO driver.later (k, v) VALUES (?, ?)", 1, "v").Exec(), "insert")
	expect(columns(), 2, "columns of *")
	must(other.Query("ALTER TABLE driver.later ADD w int").Exec(), "alter")
	seen("the new column is seen", func(table *gocql.TableMetadata) bool {
		return table != nil && table.Columns["w"] != nil
	})
	// By a statement that was prepared before.
	expect(columns(), 3, "columns of * with the new one")
	must(other.Query("DROP TABLE driver.later").Exec(), "drop")
	seen("the end of the table is seen", func(table *gocql.TableMetadata) bool { return table == nil })
	fmt.Println("schema events: a table of another session came, changed and went")
}

// lastHost is the third node, as nodes are numbered by address.
func lastHost(session *gocql.Session) string {
	last := ""
	for _, host := range session.GetHosts() {
		last = max(last, host.ConnectAddress().String())
	}
	return last
}

// restart uses statements that were prepared before a node was started anew.
func restart(session *gocql.Session) {
	last := lastHost(session)
	use := func() error {
		through := ""
		for row := 0; row < 30; row++ {
			query := session.Query("SELECT c, v FROM driver.rows WHERE p = ? AND c = ?", row%10, row)
			iter := query.Idempotent(true).Iter()
			var c int
			var v string
			found := iter.Scan(&c, &v)
			if iter.Host().ConnectAddress().String() == last {
				through = last
			}
			must(iter.Close(), "a prepared statement")
			// Rows 0 and 10 were deleted by the batches.
			expect(found, row != 0 && row != 10, "whether there is a row")
			expect(!found || (c == row && v == fmt.Sprint(row)), true, "whether it is the row")
		}
		if through == "" {
			return fmt.Errorf("nothing went through %s", last)
		}
		return nil
	}
	until("the node is used", use)
	ask("stop 3")
	ask("start 3")
	until("the restarted node is used", use)
	fmt.Println("restart: prepared statements went on")
}

// load writes and reads at QUORUM while a node ends and comes back. Nothing may fail.
func load(session *gocql.Session) {
	last := lastHost(session)
	var total, through, stop atomic.Int64
	var workers sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for row := worker; stop.Load() == 0; row += 8 {
				write := session.Query("INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)",
					3_000+row%50, row, "load").Idempotent(true)
				must(write.Exec(), "a write under load")
				iter := session.Query("SELECT v FROM driver.rows WHERE p = ? AND c = ?",
					3_000+row%50, row).Idempotent(true).Iter()
				var v string
				found := iter.Scan(&v)
				if iter.Host().ConnectAddress().String() == last {
					through.Add(1)
				}
				must(iter.Close(), "a read under load")
				expect(found && v == "load", true, "whether the row just written is read")
				total.Add(1)
			}
		}()
	}
	more := func(what string, count *atomic.Int64) {
		wanted := count.Load() + 300
		until(what, func() error {
			if have := count.Load(); have < wanted {
				return fmt.Errorf("%d of %d", have, wanted)
			}
			return nil
		})
	}
	more("requests go through the node", &through)
	ask("stop 3")
	more("requests go on without the node", &total)
	ask("start 3")
	more("requests go through the node again", &through)
	stop.Store(1)
	started := time.Now()
	workers.Wait()
	expect(time.Since(started) < patience, true, "whether the load ended in time")
	fmt.Printf("load: %d rows written and read\n", total.Load())
}
