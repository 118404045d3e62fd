// @ts-check
/**
 * Produces the workload with event times of now, in a process of its own so that its work does not delay who measures. Told by
 * IPC: `{rate}` sets events per second (0 pauses, Infinity as fast as it goes), `{stop}` ends it. Tells `{sent}` twice a second.
 */
import { Log } from './log.mjs';
import { sleep } from '../test/support/stack.mjs';
import { eventMaker } from './workload.mjs';

const { brokers, prefix, series, compression, seed } = JSON.parse(process.argv[2]);
const log = new Log(brokers, '');
await log.connect();
const next = eventMaker({ series, seed });
/** Events per request at most, and how often requests go out at a set rate. */
const [CHUNK, TICK_MS] = [2000, 50];

let rate = 0;
let sent = 0;
let stopped = false;
process.on('message', (/** @type {any} */ m) => {
  if (m.rate !== undefined) rate = m.rate === 'full' ? Infinity : m.rate;
  if (m.stop) stopped = true;
});
process.on('disconnect', () => process.exit(0));
setInterval(() => process.send?.({ sent }), 500).unref();
process.send?.({ ready: true });

let due = 0;
let last = Date.now();
while (!stopped) {
  const now = Date.now();
  // What a stall held up is made up for, but no more than a second of it.
  due = rate === Infinity ? CHUNK : Math.min(due + ((now - last) / 1000) * rate, rate);
  last = now;
  while (due >= 1 && !stopped) {
    const n = Math.min(CHUNK, Math.floor(due));
    await log.send(
      prefix,
      Array.from({ length: n }, () => next(Date.now())),
      compression,
    );
    sent += n;
    due -= n;
  }
  if (rate !== Infinity) await sleep(TICK_MS);
}
process.send?.({ sent, done: true });
await log.producer.disconnect();
await log.admin.disconnect();
process.disconnect?.();
