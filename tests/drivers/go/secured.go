// TLS and a password: who gets in, and who does not.

package main

import (
	"fmt"
	"os"
	"strings"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/apache/cassandra-gocql-driver/v2/lz4"
)

const securedRows = 30

// securedCluster verifies certificates and the hosts they name.
func securedCluster(host, authority, password string) *gocql.ClusterConfig {
	config := cluster(host)
	config.Compressor = lz4.LZ4Compressor{}
	if authority != "" {
		config.SslOpts = &gocql.SslOptions{CaPath: os.Getenv(authority), EnableHostVerification: true}
	}
	if password != "" {
		config.Authenticator = gocql.PasswordAuthenticator{
			Username: os.Getenv("QTEST_USER"),
			Password: password,
		}
	}
	return config
}

func secured(host string) {
	password := os.Getenv("QTEST_PASSWORD")
	session, err := securedCluster(host, "QTEST_AUTHORITY", password).CreateSession()
	must(err, "connect to "+host)
	until("three nodes are known", func() error {
		if hosts := session.GetHosts(); len(hosts) != 3 {
			return fmt.Errorf("%d hosts: %v", len(hosts), hosts)
		}
		return nil
	})
	securedWork(session)
	session.Close()
	refused(host, "QTEST_AUTHORITY", "wrong", "a wrong password", "are incorrect")
	refused(host, "QTEST_AUTHORITY", "", "no password", "authentication required")
	refused(host, "QTEST_STRANGER", password, "another authority", "certificate signed by unknown authority")
	// The driver keeps to itself what it is told: it takes each protocol error for a wrong version.
	refused(host, "", password, "no TLS", "failed to discover protocol version")
	ask("reissue 1 misnamed")
	refused(host, "QTEST_AUTHORITY", password, "another host's certificate", "doesn't contain any IP SANs")
	fmt.Println("done")
}

func securedWork(session *gocql.Session) {
	for _, cql := range []string{
		"CREATE KEYSPACE driver WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
		"CREATE TABLE driver.rows (k int PRIMARY KEY, v text)",
	} {
		must(session.Query(cql).Exec(), cql)
	}
	through := map[string]bool{}
	for row := 0; row < securedRows; row++ {
		insert := session.Query("INSERT INTO driver.rows (k, v) VALUES (?, ?)", row, fmt.Sprint(row))
		must(insert.Exec(), "insert")
		iter := session.Query("SELECT v FROM driver.rows WHERE k = ?", row).Iter()
		through[iter.Host().ConnectAddress().String()] = true
		var v string
		expect(iter.Scan(&v), true, "whether there is a row")
		must(iter.Close(), "select")
		expect(v, fmt.Sprint(row), "value of a row")
	}
	expect(len(through), 3, "nodes that were asked")
	fmt.Printf("connect: one contact point, three nodes, %d rows\n", securedRows)
}

// refused waits until the reason is this one: nodes notice another certificate a moment later.
func refused(host, authority, password, what, why string) {
	until(what+" is refused", func() error {
		session, err := securedCluster(host, authority, password).CreateSession()
		if err == nil {
			session.Close()
			return fmt.Errorf("it got in")
		}
		if !strings.Contains(err.Error(), why) {
			return err
		}
		fmt.Printf("refused: %s: %v\n", what, err)
		return nil
	})
}
