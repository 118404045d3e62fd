// @ts-check
/** `npm run bench -- pipeline --sweep`: how the processor's cost grows with the number of series. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../test/support/stack.mjs';
import { panels } from './chart.mjs';
import { startLog } from './log.mjs';
import { runOurs } from './pipeline.mjs';
import { machine } from './processes.mjs';
import { print, round, say, table } from './report.mjs';

const CHART = 'docs/img/pipeline-series.svg';

/** @param {{events: number, maxSeries: number, minutes: number}} o */
export async function sweep({ events, maxSeries, minutes }) {
  const log = await startLog();
  say(`${machine()}; Kafka by ${log.by}`);
  const points = [];
  for (let series = 100; series <= maxSeries; series *= 10) {
    // At least one event of each series.
    const n = Math.max(events, series);
    const prefix = `bench-sweep-${series}`;
    await log.fill(prefix, { events: n, series, minutes, compression: 'lz4' });
    const r = await runOurs(log, { prefix, events: n, compression: 'lz4' }, { compare: false });
    points.push({
      series,
      events: n,
      events_per_s: Math.round(n / r.wall),
      events_per_cpu_s: Math.round(n / r.cpu),
      rss_mb: round(r.rssMb, 1),
      engine_rss_mb: round(r.engineRssMb ?? NaN, 1),
    });
    say(
      `  ${series.toLocaleString('en')} series: ${r.wall.toFixed(2)} s, ${r.cpu.toFixed(2)} CPU-s, ${r.rssMb.toFixed(0)} MB`,
    );
  }
  print(
    table(
      ['series', 'events', 'events/s', 'events/CPU-s', 'peak RSS MB', 'engine'],
      points.map((p) =>
        [p.series, p.events, p.events_per_s, p.events_per_cpu_s, p.rss_mb, p.engine_rss_mb].map((x) =>
          x.toLocaleString('en'),
        ),
      ),
      0,
    ),
  );
  const svg = panels({
    title: 'Cost of the pipeline by number of series',
    x: { label: 'series', values: points.map((p) => p.series) },
    panels: [
      {
        title: 'events per second',
        lines: [
          { name: 'per CPU-second', values: points.map((p) => p.events_per_cpu_s) },
          { name: 'wall clock', values: points.map((p) => p.events_per_s) },
        ],
      },
      {
        title: 'peak resident memory of the processor, MB',
        lines: [{ name: 'processor', values: points.map((p) => p.rss_mb) }],
      },
    ],
  });
  mkdirSync(join(root, 'docs/img'), { recursive: true });
  writeFileSync(join(root, CHART), svg);
  say(`chart: ${CHART}`);
  return { sweep: points, workload: { events, minutes, compression: 'lz4' }, machine: machine() };
}
