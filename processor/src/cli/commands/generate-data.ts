/** `shadower generate-data` */
import { domains } from '../../domains';
import { demoEvents } from '../demo';

export async function generateData(o: { minutes: number; workspace: string }): Promise<void> {
  const to = Math.floor(Date.now() / 1000) * 1000;
  for (let at = to - Math.round(o.minutes * 60) * 1000; at < to; at += 60_000) {
    const lines = demoEvents(domains, at, Math.min(to, at + 60_000)).map((e) =>
      JSON.stringify({ ...e, workspace: o.workspace, time: new Date(e.time as number).toISOString() }),
    );
    if (lines.length > 0 && !process.stdout.write(`${lines.join('\n')}\n`))
      await new Promise((r) => process.stdout.once('drain', r));
  }
}
