// Every scalar type, bound and read back: its ends, the empty value where the driver has one, null.
'use strict';

const { types } = require('cassandra-driver');
const { PREPARED, expect } = require('./common');

const { BigDecimal, Duration, InetAddress, Integer, LocalDate, LocalTime, Long, TimeUuid, Uuid } = types;

const power = 2n ** 200n;
const huge = Integer.fromString(String(power));

/** The types with the values that are tried. */
const SCALARS = {
  ascii: ['', '\x00 ~\x7f'],
  text: ['', 'a\x00é€😀', 'long '.repeat(20000)],
  blob: [Buffer.alloc(0), Buffer.from([0, 0xff]), Buffer.alloc(100000, 7)],
  boolean: [false, true],
  tinyint: [-128, -1, 127],
  smallint: [-32768, -1, 32767],
  int: [-2147483648, -1, 2147483647],
  bigint: [-(2n ** 63n), -1n, 2n ** 63n - 1n],
  varint: [-power, -129n, 0n, power],
  decimal: [new BigDecimal(0, 0), new BigDecimal(huge, 1000), new BigDecimal(huge.negate(), -1000)],
  float: [-3.4028234663852886e38, 1.401298464324817e-45, 3.4028234663852886e38, -Infinity, NaN],
  double: [-Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_VALUE, Infinity, NaN, -0],
  // As far as the language's dates go.
  timestamp: [new Date(-8.64e15), new Date(-1), new Date(0), new Date(8.64e15)],
  date: [new LocalDate(-2147483648), new LocalDate(-1), new LocalDate(0), new LocalDate(2147483647)],
  time: [new LocalTime(Long.ZERO), new LocalTime(Long.fromString('86399999999999'))],
  duration: [
    new Duration(-2147483648, -2147483648, Long.MIN_VALUE),
    new Duration(0, 0, Long.ZERO),
    new Duration(2147483647, 2147483647, Long.MAX_VALUE),
  ],
  uuid: [new Uuid(Buffer.alloc(16)), new Uuid(Buffer.alloc(16, 0xff)), Uuid.random()],
  timeuuid: [TimeUuid.min(new Date(0)), TimeUuid.now()],
  inet: ['0.0.0.0', '255.255.255.255', '::', '2001:db8::ff'].map(one => InetAddress.fromString(one)),
};

async function scalarTypes(client) {
  const columns = Object.keys(SCALARS).map(name => `v_${name} ${name}`);
  await client.execute(`CREATE TABLE driver.scalars (k text PRIMARY KEY, ${columns.join(', ')})`);
  let tried = 0;
  for (const [name, values] of Object.entries(SCALARS)) {
    for (const value of [...values, null]) {
      await client.execute(`INSERT INTO driver.scalars (k, v_${name}) VALUES (?, ?)`, [name, value], PREPARED);
      const result = await client.execute(`SELECT v_${name} FROM driver.scalars WHERE k = ?`, [name], PREPARED);
      const got = result.first()[`v_${name}`];
      if (typeof value?.equals === 'function') {
        expect(got?.constructor, value.constructor, `what ${name} is`);
        expect(value.equals(got), true, `whether ${got} is ${value} as ${name}`);
      } else {
        expect(got, value, name);
      }
      tried++;
    }
  }
  console.log(`types: ${tried} values of ${columns.length} types`);
}

module.exports = { scalarTypes };
