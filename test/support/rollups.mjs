/** Compares rollup tables as they are read: all measures merged over all dimensions. */
import assert from 'node:assert/strict';

const TABLES = ['integration_calls', 'entity_edges'].flatMap((t) => ['1m', '1h', '1d'].map((g) => `${t}_${g}`));
const AGGREGATES = { sum: 'sum', max: 'max', min: 'min', sumMap: 'sumMap' };

/** Rows of a rollup, merged by window and dimensions, floats apart from what adds up exactly. */
async function merged(rows, table, { database, workspace }) {
  const columns = await rows(
    `SELECT name, type FROM system.columns WHERE database = '${database}' AND table = '${table}' AND name NOT IN ('workspace', 'written_at') ORDER BY position`,
  );
  assert.ok(columns.length > 0, `${database}.${table} is missing`);
  const isMeasure = (c) => c.type.startsWith('SimpleAggregateFunction');
  const keys = columns.filter((c) => !isMeasure(c)).map((c) => c.name);
  const measures = columns.filter(isMeasure);
  const expression = ({ name, type }) =>
    `${AGGREGATES[/^SimpleAggregateFunction\((\w+)/.exec(type)[1]]}(x.${name}) AS ${name}`;
  const result = await rows(
    `SELECT ${keys.join(', ')}, ${measures.map(expression).join(', ')} FROM ${database}.${table} AS x WHERE workspace = '${workspace}' GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')}`,
  );
  const sums = measures.filter((c) => /^SimpleAggregateFunction\(sum, Float64\)$/.test(c.type)).map((c) => c.name);
  return { rows: result, sums };
}

/**
 * Fails unless both sides have the same rows with the same measures: counts, histograms and maxima exactly, sums of
 * floating-point numbers to the last few bits, since they depend on the order of addition.
 */
export async function sameRollups(rows, left, right) {
  for (const table of TABLES) {
    const [a, b] = [await merged(rows, table, left), await merged(rows, table, right)];
    assert.ok(a.rows.length > 0, `${left.database}.${table} is empty`);
    assert.equal(b.rows.length, a.rows.length, `rows of ${table}`);
    a.rows.forEach((row, i) => {
      const other = b.rows[i];
      for (const name of a.sums) {
        const [x, y] = [row[name], other[name]];
        assert.ok(Math.abs(x - y) <= 1e-9 * Math.abs(x), `${table}, ${name}: ${x} and ${y}`);
        other[name] = x;
      }
      assert.deepEqual(other, row, table);
    });
  }
}
