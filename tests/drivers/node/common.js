// What the parts of the program share: how to connect, to wait, to compare, to ask for something.
'use strict';

const cassandra = require('cassandra-driver');
const assert = require('node:assert');
const readline = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');

const HOSTS = 3;
/** How long something may take that the driver does on its own. */
const PATIENCE_MS = 40000;
const PREPARED = { prepare: true };

async function connect(host) {
  const client = new cassandra.Client({
    contactPoints: [host],
    localDataCenter: 'dc1',
    queryOptions: { consistency: cassandra.types.consistencies.quorum },
    encoding: { useBigIntAsLong: true, useBigIntAsVarint: true },
  });
  await client.connect();
  return client;
}

/** The third node, as nodes are numbered by address. */
function lastHost(client) {
  return client.hosts.values().map(host => host.address.split(':')[0]).sort().at(-1);
}

/** Looks again and again until the answer is true. What fails meanwhile is a failure. */
async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await look())) {
    if (Date.now() > deadline) {
      throw new Error(`never: ${what}`);
    }
    await sleep(20);
  }
}

function expect(got, wanted, what) {
  assert.deepStrictEqual(got, wanted, `${what}: expected ${wanted}, got ${got}`);
}

let answers;

/** Has something done by whoever started this program. */
async function ask(wish) {
  answers ??= readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log(`! ${wish}`);
  const answer = await answers.next();
  expect(answer.value, 'ok', `the answer to ${wish}`);
}

module.exports = { HOSTS, PREPARED, ask, connect, expect, lastHost, until };
