// @ts-check
/** A producer in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { onEnd } from '../test/support/stack.mjs';

/**
 * Starts it, paused.
 * @param {{brokers: string[], prefix: string, series: number, compression: 'lz4' | 'none', seed: number}} o
 */
export async function startProducer(o) {
  const child = fork(new URL('./producer-host.mjs', import.meta.url), [JSON.stringify(o)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let sent = 0;
  let ended = false;
  child.once('exit', () => (ended = true));
  await once(child, 'message');
  child.on('message', (/** @type {any} */ m) => (sent = m.sent ?? sent));
  onEnd(() => void (ended || child.kill('SIGKILL')));
  return {
    pid: /** @type {number} */ (child.pid),
    /** Events that the broker has, as of the last half second. */
    sent: () => sent,
    /** Events per second; Infinity is as fast as it goes. */
    rate: (/** @type {number} */ rate) => void child.send({ rate: rate === Infinity ? 'full' : rate }),
    /** Ends it; resolves with all that was sent. */
    stop: async () => {
      child.send({ stop: true });
      if (!ended) await once(child, 'exit');
      return sent;
    },
  };
}
