// A Go application's day with gocql against three nodes.
//
// Usage: go-driver HOST, or go-driver secured HOST for the shorter day in secured.go
//
// It knows one node and finds the others. What it cannot do itself it asks of whoever started it:
// it prints a line such as "! stop 3" and waits for "ok". For lines "routed KEY HOST" the starter
// checks that HOST alone keeps KEY.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

const (
	// How long something may take that the driver does on its own.
	patience = 40 * time.Second
	// Keys whose way is checked.
	routedKeys = 30
	manyRows   = 10_000
	fewRows    = 700
	writers    = 32
)

func main() {
	host := os.Args[1]
	if host == "secured" {
		secured(os.Args[2])
		return
	}
	session := connect(host)
	defer session.Close()
	schema(session)
	routing(session)
	types(session)
	paging(session)
	batches(session)
	compression(host)
	schemaEvents(session)
	restart(session)
	load(session)
	fmt.Println("done")
}

// cluster is what applications are advised to set: token awareness, and a retry policy, which
// gocql has none of by default.
func cluster(host string) *gocql.ClusterConfig {
	config := gocql.NewCluster(host)
	config.PoolConfig.HostSelectionPolicy = gocql.TokenAwareHostPolicy(gocql.RoundRobinHostPolicy())
	config.RetryPolicy = &gocql.SimpleRetryPolicy{NumRetries: 3}
	return config
}

func connect(host string) *gocql.Session {
	session, err := cluster(host).CreateSession()
	must(err, "connect to "+host)
	until("three nodes are known", func() error {
		if hosts := session.GetHosts(); len(hosts) != 3 {
			return fmt.Errorf("%d hosts: %v", len(hosts), hosts)
		}
		return nil
	})
	for _, host := range session.GetHosts() {
		expect(host.DataCenter(), "dc1", "datacenter")
		expect(len(host.Tokens()) > 0, true, "whether there are tokens")
	}
	fmt.Println("connect: one contact point, three nodes")
	return session
}

func schema(session *gocql.Session) {
	for _, cql := range []string{
		"CREATE KEYSPACE driver WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
		"CREATE KEYSPACE single WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}",
		"CREATE TABLE single.keys (k int PRIMARY KEY, v text)",
		"CREATE TABLE driver.rows (p int, c int, v text, PRIMARY KEY (p, c))",
	} {
		must(session.Query(cql).Exec(), cql)
	}
}

// routing sends each key to the node that keeps it, as the driver believes.
func routing(session *gocql.Session) {
	write := func(key int) string {
		query := session.Query("INSERT INTO single.keys (k, v) VALUES (?, ?)", key, "v")
		iter := query.Consistency(gocql.One).Iter()
		host := iter.Host().ConnectAddress().String()
		must(iter.Close(), "write of a routed key")
		return host
	}
	// Until the driver knows how the new keyspace is replicated, it goes around in circles.
	until("the keyspace is known", func() error {
		_, err := session.KeyspaceMetadata("single")
		return err
	})
	hosts := map[string]bool{}
	for key := 0; key < routedKeys; key++ {
		host := write(key)
		hosts[host] = true
		for again := 0; again < 3; again++ {
			expect(write(key), host, "the host of a key")
		}
		fmt.Printf("routed %d %s\n", key, host)
	}
	expect(len(hosts), 3, "hosts that keys went to")
	fmt.Println("routing: every key went to one node")
}

func paging(session *gocql.Session) {
	var next atomic.Int64
	errs := make(chan error)
	for writer := 0; writer < writers; writer++ {
		go func() {
			for row := next.Add(1) - 1; row < manyRows; row = next.Add(1) - 1 {
				query := session.Query("INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)",
					row%10, row, fmt.Sprint(row))
				if err := query.Exec(); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for writer := 0; writer < writers; writer++ {
		must(<-errs, "write of many rows")
	}
	every := session.Query("SELECT p, c, v FROM driver.rows").PageSize(5_000)
	expect(read(every, manyRows), manyRows/5_000, "full pages of 5,000")
	some := session.Query("SELECT p, c, v FROM driver.rows LIMIT ?", fewRows).PageSize(7)
	expect(read(some, fewRows), fewRows/7, "full pages of 7")
	fmt.Printf("paging: %d rows by 5000, %d rows by 7\n", manyRows, fewRows)
}

// read goes through all rows, and gives the number of pages that were full.
func read(query *gocql.Query, rows int) int {
	seen := map[int]bool{}
	pages := 0
	var state []byte
	for {
		iter := query.PageState(state).Iter()
		state = iter.PageState()
		if iter.NumRows() > 0 {
			pages++
		}
		scanner := iter.Scanner()
		for left := iter.NumRows(); left > 0 && scanner.Next(); left-- {
			var p, c int
			var v string
			must(scanner.Scan(&p, &c, &v), "scan")
			expect(v, fmt.Sprint(c), "value of a row")
			expect(p, c%10, "partition of a row")
			seen[c] = true
		}
		must(scanner.Err(), "a page")
		if len(state) == 0 {
			break
		}
	}
	expect(len(seen), rows, "different rows")
	return pages
}

func batches(session *gocql.Session) {
	for number, kind := range []gocql.BatchType{gocql.LoggedBatch, gocql.UnloggedBatch} {
		partition := 1_000 + number
		batch := session.Batch(kind)
		for row := 0; row < 20; row++ {
			batch.Query("INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)", partition, row, "batch")
		}
		batch.Query("DELETE FROM driver.rows WHERE p = ? AND c = ?", 0, 10*number)
		batch.Query(fmt.Sprintf("UPDATE driver.rows SET v = 'plain' WHERE p = %d AND c = 99", partition))
		must(batch.Exec(), "batch")
		var count int
		query := session.Query("SELECT count(*) FROM driver.rows WHERE p = ?", partition)
		must(query.Scan(&count), "count of the batch's rows")
		expect(count, 21, "rows of the batch")
		var v string
		query = session.Query("SELECT v FROM driver.rows WHERE p = ? AND c = ?", 0, 10*number)
		expect(errors.Is(query.Scan(&v), gocql.ErrNotFound), true, "whether the batch deleted a row")
	}
	fmt.Println("batches: logged and unlogged")
}

// ask has something done by whoever started this program.
func ask(wish string) {
	fmt.Println("! " + wish)
	answer, err := input.ReadString('\n')
	must(err, "an answer to "+wish)
	expect(answer, "ok\n", "the answer to "+wish)
}

var input = bufio.NewReader(os.Stdin)

func until(what string, look func() error) {
	deadline := time.Now().Add(patience)
	for {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			must(err, "never: "+what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func must(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func expect[T comparable](got, wanted T, what string) {
	if got != wanted {
		must(fmt.Errorf("expected %v, got %v", wanted, got), what)
	}
}
