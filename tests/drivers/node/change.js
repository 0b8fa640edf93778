// What changes under a session: the schema, the nodes.
'use strict';

const { HOSTS, PREPARED, ask, connect, expect, lastHost, until } = require('./common');

const IDEMPOTENT = { prepare: true, isIdempotent: true };
const WORKERS = 8;
const MORE = 300;

async function schemaEvents(client) {
  const other = await connect(lastHost(client));
  const columns = async () => {
    const table = await client.metadata.getTable('driver', 'later');
    return table?.columns.map(column => column.name).join();
  };
  const replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
  await other.execute(`CREATE KEYSPACE later WITH replication = ${replication}`);
  await until('the new keyspace is seen', () => 'later' in client.metadata.keyspaces);
  await other.execute('CREATE TABLE driver.later (k int PRIMARY KEY, v text)');
  await until('the new table is seen', async () => (await columns()) === 'k,v');
  const row = async () => {
    const result = await client.execute('SELECT * FROM driver.later WHERE k = ?', [1], PREPARED);
    return result.first().keys().join();
  };
  await client.execute('INSERT INTO driver.later (k, v) VALUES (?, ?)', [1, 'v'], PREPARED);
  expect(await row(), 'k,v', 'columns of *');
  // From here on the driver answers from its memory, which only an event makes it forget.
  await other.execute('ALTER TABLE driver.later ADD w int');
  await until('the new column is seen', async () => (await columns()) === 'k,v,w');
  // By a statement that was prepared before.
  expect(await row(), 'k,v,w', 'columns of * with the new one');
  await other.execute('DROP TABLE driver.later');
  await until('the end of the table is seen', async () => (await columns()) === undefined);
  await other.execute('DROP KEYSPACE later');
  await until('the end of the keyspace is seen', () => !('later' in client.metadata.keyspaces));
  await other.shutdown();
  console.log('schema events: what another session made came, changed and went');
}

/** Whether the answer came through the node that is stopped and started. */
function through(result, last) {
  return result.info.queriedHost.split(':')[0] === last;
}

/** Uses statements that were prepared before a node was started anew. */
async function restart(client) {
  const last = lastHost(client);
  const use = async () => {
    let used = false;
    for (let row = 0; row < 30; row++) {
      const select = 'SELECT c, v FROM driver.rows WHERE p = ? AND c = ?';
      const result = await client.execute(select, [row % 10, row], IDEMPOTENT);
      used ||= through(result, last);
      // Rows 0 and 10 were deleted by the batches.
      expect(result.first()?.v, row % 10 || row > 10 ? String(row) : undefined, 'the row');
    }
    return used;
  };
  await until('the node is used', use);
  await ask('stop 3');
  await ask('start 3');
  await until('the restarted node is used', use);
  console.log('restart: prepared statements went on');
}

/** Writes and reads at QUORUM while a node ends and comes back. Nothing may fail. */
async function load(client) {
  const last = lastHost(client);
  const counts = { total: 0, last: 0 };
  const insert = 'INSERT INTO driver.rows (p, c, v) VALUES (?, ?, ?)';
  const select = 'SELECT v FROM driver.rows WHERE p = ? AND c = ?';
  let stop = false;
  const worker = async first => {
    for (let row = first; !stop; row += WORKERS) {
      const key = [3000 + (row % 50), row];
      await client.execute(insert, [...key, 'load'], IDEMPOTENT);
      const result = await client.execute(select, key, IDEMPOTENT);
      expect(result.first()?.v, 'load', 'the row just written');
      counts.total++;
      counts.last += through(result, last) ? 1 : 0;
    }
  };
  const more = (what, which) => {
    const wanted = counts[which] + MORE;
    return until(what, () => counts[which] >= wanted);
  };
  const script = async () => {
    await more('requests go through the node', 'last');
    await ask('stop 3');
    await more('requests go on without the node', 'total');
    await ask('start 3');
    await more('requests go through the node again', 'last');
    stop = true;
  };
  // The first failure of a worker ends it all.
  await Promise.all([script(), ...Array.from({ length: WORKERS }, (_, first) => worker(first))]);
  expect(client.getState().getConnectedHosts().length, HOSTS, 'connected hosts');
  console.log(`load: ${counts.total} rows written and read`);
}

module.exports = { load, restart, schemaEvents };
