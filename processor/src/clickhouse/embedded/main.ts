/**
 * Process entry of the embedded ClickHouse. Options come as JSON in SHADOWER_EMBEDDED (passwords do not belong in argv).
 * Says `{"ready":true,"url":…}` or `{"ready":false,"code":…,"message":…}` over IPC, else on standard output.
 */
import { ShadowerError } from '../../errors';
import { createEmbeddedClickHouse, type EmbeddedClickHouse, type EmbeddedOptions } from './server';

// libuv reads this when its pool is first used; `startEmbedded` sets it exactly, this covers a start by hand.
process.env.UV_THREADPOOL_SIZE ??= '16';

type Ready = { ready: true; url: string } | { ready: false; code: string; message: string };

const tell = (message: Ready): void => {
  if (process.send) process.send(message);
  else process.stdout.write(`${JSON.stringify(message)}\n`);
};

async function main(): Promise<void> {
  let running: EmbeddedClickHouse | undefined;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    if (!running) process.exit();
    void running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Whoever started this process is gone: nobody would ever stop it.
  process.on('disconnect', stop);
  try {
    const text = process.env.SHADOWER_EMBEDDED;
    if (!text)
      throw new ShadowerError('CONFIG_INVALID', 'SHADOWER_EMBEDDED holds no options (JSON with dataDir, port, users)');
    delete process.env.SHADOWER_EMBEDDED;
    running = await createEmbeddedClickHouse({
      ...(JSON.parse(text) as EmbeddedOptions),
      log: (level, message, fields) =>
        process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`),
    });
    tell({ ready: true, url: running.url });
    if (stopping) await running.close();
  } catch (error) {
    const known = error instanceof ShadowerError ? error : new ShadowerError('INTERNAL', (error as Error).message);
    tell({ ready: false, code: known.code, message: known.message });
    process.exitCode = 1;
    if (process.connected) process.disconnect();
  }
}

void main();
