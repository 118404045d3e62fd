// @ts-check
/** `npm run bench -- NAME [options]`: installs and builds what is missing, then runs one bench. */
import { parseArgs } from 'node:util';
import { buildProcessor, install } from '../scripts/prepare.mjs';

const HELP = `npm run bench -- pipeline|freshness|queries|panels [options]

  pipeline    events per second and per CPU-second, beside ClickHouse's own Kafka engine
    --events N        events per topic (2,000,000)
    --series N        distinct series (5,000)
    --minutes N       minutes of event time (10); groups are series × minutes
    --rounds N        rounds per topic, lz4 and uncompressed; figures are medians (1)
    --only NAMES      of ours, default, lean, tuned; separated by commas
    --tune            runs every tuning of the Kafka engine and takes the best
    --cpu-prof DIR    writes CPU profiles of the processor there
    --sweep           instead: the processor with 100 to 1,000,000 series, and the chart in docs/img
                      (--events N per point, 1,000,000, at least one per series; --series N is the last point)
    --outage          instead: an hour without ClickHouse, made shorter (--events N of backlog, 3,600,000)

  freshness   from producing an event to seeing it in an alert rule's query, under half load
    --samples N       markers (200)
    --rate N          events per second; by default half of what a calibration finds
    --series N        distinct series (5,000)

  queries     catalog queries over rollups beside the same answers from raw events
    --rows N          raw events over seven days (2,000,000)
    --runs N          timed runs of each query (20)

  panels      layout time, frame rate and memory of the panels, beside Grafana's node graph where a Grafana is found
    --sizes LIST      nodes of the graphs and entities of the scorecards, separated by commas (100 to 10,000)
    --seconds N       of panning and of zooming (3)
    --only NAMES      of graph, scorecard; separated by commas

  --json      the last line of the output is the result as JSON
`;

const options = /** @type {const} */ ({
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean', default: false },
  events: { type: 'string' },
  series: { type: 'string' },
  minutes: { type: 'string' },
  rounds: { type: 'string' },
  only: { type: 'string' },
  rows: { type: 'string' },
  runs: { type: 'string' },
  samples: { type: 'string' },
  rate: { type: 'string' },
  sizes: { type: 'string' },
  seconds: { type: 'string' },
  tune: { type: 'boolean', default: false },
  sweep: { type: 'boolean', default: false },
  outage: { type: 'boolean', default: false },
  'cpu-prof': { type: 'string' },
});

/** @returns {never} */
function fail(/** @type {string} */ message) {
  process.stderr.write(`${message}\n\n${HELP}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (e) {
    return fail(/** @type {Error} */ (e).message);
  }
}

const { values, positionals } = parse();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
/** A whole number of at least 1. */
const number = (
  /** @type {'events' | 'series' | 'minutes' | 'rounds' | 'samples' | 'rate' | 'rows' | 'runs' | 'seconds'} */ name,
  /** @type {number} */ standard,
) => {
  const n = values[name] === undefined ? standard : Number(String(values[name]).replace(/[_,]/g, ''));
  return Number.isInteger(n) && n >= 1 ? n : fail(`--${name} ${values[name]}: a whole number of at least 1 is needed`);
};
const text = (/** @type {'only' | 'cpu-prof'} */ name, /** @type {string} */ as = name) =>
  values[name] === undefined ? {} : { [as]: values[name] };

/** @type {Record<string, () => Promise<unknown>>} */
const benches = {
  pipeline: async () => {
    const minutes = number('minutes', 10);
    if (values.sweep) {
      const { sweep } = await import('./sweep.mjs');
      return sweep({ events: number('events', 1_000_000), maxSeries: number('series', 1_000_000), minutes });
    }
    if (values.outage) {
      const { outage } = await import('./outage.mjs');
      return outage({ events: number('events', 3_600_000), series: number('series', 5000) });
    }
    const { pipeline } = await import('./pipeline.mjs');
    return pipeline({
      events: number('events', 2_000_000),
      series: number('series', 5000),
      minutes,
      rounds: number('rounds', 1),
      tune: values.tune,
      ...text('cpu-prof', 'cpuProf'),
      ...text('only'),
    });
  },
  freshness: async () => {
    const { freshness } = await import('./freshness.mjs');
    return freshness({
      samples: number('samples', 200),
      series: number('series', 5000),
      ...(values.rate === undefined ? {} : { rate: number('rate', 1) }),
    });
  },
  queries: async () => {
    const { queries } = await import('./queries.mjs');
    return queries({ rows: number('rows', 2_000_000), runs: number('runs', 20) });
  },
  panels: async () => {
    const { panels } = await import('./panels.mjs');
    const sizes = values.sizes?.split(',').map(Number);
    if (sizes?.some((n) => !Number.isInteger(n) || n < 1)) fail(`--sizes ${values.sizes}: whole numbers are needed`);
    return panels({
      seconds: number('seconds', 3),
      ...(sizes === undefined ? {} : { sizes }),
      ...text('only'),
    });
  },
};

const [name, ...more] = positionals;
if (name === undefined || more.length > 0 || !(name in benches))
  fail(`one of ${Object.keys(benches).join(', ')} is needed`);

install();
buildProcessor();
const { cleanUp } = await import('../test/support/stack.mjs');
const { unmeasurable } = await import('./processes.mjs');
let code = 0;
try {
  const reason = unmeasurable();
  if (reason !== null) throw new Error(reason);
  const result = await benches[name]();
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (e) {
  process.stderr.write(`${/** @type {Error} */ (e).stack}\n`);
  code = 1;
}
await cleanUp();
process.exit(code);
