// TLS and a password, with cassandra-driver: who gets in, and who does not.
//
// Usage: node secured.js HOST, with what the test tells of the cluster in the environment
'use strict';

const cassandra = require('cassandra-driver');
const fs = require('node:fs');
const { HOSTS, PREPARED, ask, expect, until } = require('./common');

const { QTEST_AUTHORITY, QTEST_STRANGER, QTEST_USER, QTEST_PASSWORD } = process.env;
const ROWS = 30;

/** The driver has no compression. Without `rejectUnauthorized` it would take any certificate. */
function client(host, authority, password) {
  const { PlainTextAuthProvider } = cassandra.auth;
  return new cassandra.Client({
    contactPoints: [host],
    localDataCenter: 'dc1',
    queryOptions: { consistency: cassandra.types.consistencies.quorum },
    sslOptions: authority && { ca: [fs.readFileSync(authority)], rejectUnauthorized: true },
    authProvider: password && new PlainTextAuthProvider(QTEST_USER, password),
  });
}

async function getsIn(host) {
  const session = client(host, QTEST_AUTHORITY, QTEST_PASSWORD);
  await session.connect();
  await until('three nodes are known', () => session.hosts.length === HOSTS);
  const replication = "{'class': 'NetworkTopologyStrategy', 'dc1': 3}";
  await session.execute(`CREATE KEYSPACE driver WITH replication = ${replication}`);
  await session.execute('CREATE TABLE driver.rows (k int PRIMARY KEY, v text)');
  const through = new Set();
  for (let row = 0; row < ROWS; row++) {
    await session.execute('INSERT INTO driver.rows (k, v) VALUES (?, ?)', [row, String(row)], PREPARED);
    const result = await session.execute('SELECT v FROM driver.rows WHERE k = ?', [row], PREPARED);
    expect(result.first().v, String(row), 'value of a row');
    through.add(result.info.queriedHost);
  }
  expect(through.size, HOSTS, 'nodes that were asked');
  await session.shutdown();
  console.log(`connect: one contact point, three nodes, ${ROWS} rows`);
}

/** Why it does not get in; nothing if it does. */
async function refusal(session) {
  try {
    await session.connect();
  } catch (error) {
    return Object.values(error.innerErrors ?? {}).map(String).join('; ') || String(error);
  } finally {
    await session.shutdown();
  }
}

async function refused(host, authority, password, what, why) {
  const got = await refusal(client(host, authority, password));
  expect(got?.includes(why), true, `whether ${what} is refused because of ${why}: ${got}`);
  console.log(`refused: ${what}: ${got}`);
}

async function main(host) {
  await getsIn(host);
  await refused(host, QTEST_AUTHORITY, 'wrong', 'a wrong password', 'AuthenticationError');
  await refused(host, QTEST_AUTHORITY, undefined, 'no password', 'AuthenticationError');
  await refused(host, QTEST_STRANGER, QTEST_PASSWORD, 'another authority', 'unable to verify');
  await refused(host, undefined, QTEST_PASSWORD, 'no TLS', 'TLS is required on this port');
  await ask('reissue 1 misnamed');
  // Noticed a moment later.
  const misnamed = () => refusal(client(host, QTEST_AUTHORITY, QTEST_PASSWORD));
  await until("another host's certificate is refused", misnamed);
  await refused(host, QTEST_AUTHORITY, QTEST_PASSWORD, "another host's certificate", 'does not match');
  console.log('done');
}

main(process.argv[2]).then(
  () => process.exit(0),
  error => {
    console.error(error);
    process.exit(1);
  },
);
