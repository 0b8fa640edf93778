// A Node.js application's day with cassandra-driver against three nodes.
//
// Usage: node main.js HOST
//
// It knows one node and finds the others. What it cannot do itself it asks of whoever started it:
// it prints a line such as "! stop 3" and waits for "ok". For lines "routed KEY HOST" the starter
// checks that HOST alone keeps KEY.
'use strict';

const { load, restart, schemaEvents } = require('./change');
const { HOSTS, PREPARED, connect, expect, until } = require('./common');
const { scalarTypes } = require('./types');

const ROUTED_KEYS = 30;
const MANY_ROWS = 10000;
const FEW_ROWS = 700;
const WRITERS = 32;

async function contact(host) {
  const client = await connect(host);
  await until('three nodes are known', () => client.hosts.length === HOSTS);
  for (const one of client.hosts.values()) {
    expect(one.datacenter, 'dc1', 'datacenter');
    expect(one.tokens.length > 0, true, 'whether there are tokens');
  }
  console.log('connect: one contact point, three nodes');
  return client;
}

async function schema(client) {
  for (const cql of [
    "CREATE KEYSPACE driver WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
    "CREATE KEYSPACE single WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}",
    'CREATE TABLE single.keys (k int PRIMARY KEY, v text)',
    'CREATE TABLE driver.rows (p int, c int, v text, PRIMARY KEY (p, c))',
  ]) {
    await client.execute(cql);
  }
}

/** Sends each key to the node that keeps it, as the driver believes. */
async function routing(client) {
  const write = async key => {
    const result = await client.execute('INSERT INTO single.keys (k, v) VALUES (?, ?)', [key, 'v'], PREPARED);
    return result.info.queriedHost.split(':')[0];
  };
  // Until the driver knows how the new keyspace is replicated, it goes around in circles.
  await until('the keyspace is known', () => 'single' in client.metadata.keyspaces);
  const hosts = new Set();
  for (let key = 0; key < ROUTED_KEYS; key++) {
    const host = await write(key);
    hosts.add(host);
    for (let again = 0; again < 3; again++) {
      expect(await write(key), host, 'the host of a key');
    }
    console.log(`routed ${key} ${host}`);
  }
  expect(hosts.size, HOSTS, 'hosts that keys went to');
  console.log('routing: every key went to one node');
}

async function paging(client) {
  let next = 0;
  const writer = async () => {
    for (let row = next++; row < MANY_ROWS; row = next++) {
      const values = [row % 10, row, String(row)];
      await client.execute('INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)', values, PREPARED);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const many = 'SELECT p, c, v FROM driver.rows';
  expect(await read(client, many, 5000, MANY_ROWS), MANY_ROWS / 5000, 'full pages of 5000');
  const few = `SELECT p, c, v FROM driver.rows LIMIT ${FEW_ROWS}`;
  expect(await read(client, few, 7, FEW_ROWS), FEW_ROWS / 7, 'full pages of 7');
  let streamed = 0;
  for await (const row of client.stream(many, [], { prepare: true, fetchSize: 777, autoPage: true })) {
    expect(row.v, String(row.c), 'value of a streamed row');
    streamed++;
  }
  expect(streamed, MANY_ROWS, 'streamed rows');
  console.log(`paging: ${MANY_ROWS} rows by 5000, ${FEW_ROWS} rows by 7, and as a stream`);
}

/** Goes through all rows, and gives the number of pages that had some. */
async function read(client, cql, fetchSize, rows) {
  const seen = new Set();
  let pages = 0;
  let pageState;
  do {
    const page = await client.execute(cql, [], { prepare: true, fetchSize, pageState });
    expect(page.rows.length <= fetchSize, true, 'whether a page is small enough');
    pages += page.rows.length > 0 ? 1 : 0;
    for (const row of page.rows) {
      expect(row.v, String(row.c), 'value of a row');
      expect(row.p, row.c % 10, 'partition of a row');
      seen.add(row.c);
    }
    pageState = page.pageState;
  } while (pageState);
  expect(seen.size, rows, 'different rows');
  return pages;
}

async function batches(client) {
  for (const [number, logged] of [true, false].entries()) {
    const partition = 1000 + number;
    const queries = Array.from({ length: 20 }, (_, row) => ({
      query: 'INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)',
      params: [partition, row, 'batch'],
    }));
    queries.push({ query: 'DELETE FROM driver.rows WHERE p = ? AND c = ?', params: [0, 10 * number] });
    await client.batch(queries, { prepare: true, logged });
    // Statements that are not prepared, in a batch of their own: the driver does not mix.
    await client.batch([`UPDATE driver.rows SET v = 'plain' WHERE p = ${partition} AND c = 99`], { logged });
    const count = await client.execute('SELECT count(*) FROM driver.rows WHERE p = ?', [partition], PREPARED);
    expect(count.first().count, 21n, 'rows of the batch');
    const deleted = await client.execute('SELECT v FROM driver.rows WHERE p = ? AND c = ?', [0, 10 * number], PREPARED);
    expect(deleted.rowLength, 0, 'rows left of the deleted one');
  }
  console.log('batches: logged and unlogged');
}

async function main(host) {
  const client = await contact(host);
  for (const part of [schema, routing, scalarTypes, paging, batches, schemaEvents, restart, load]) {
    await part(client);
  }
  await client.shutdown();
  console.log('done');
}

main(process.argv[2]).then(
  () => process.exit(0),
  error => {
    console.error(error);
    process.exit(1);
  },
);
