/** `shadower load` */
import { Api } from '../api-client';
import { loadFile } from '../load';
import { out, type RemoteOptions } from '../options';
import { describeLoad, progressLine } from '../report';

export interface LoadOptions extends RemoteOptions {
  shiftToNow?: boolean;
  speed: number;
  concurrency: number;
}

export async function load(file: string, o: LoadOptions): Promise<void> {
  const report = await loadFile(Api.from(o), file, {
    shift: o.shiftToNow ? 'now' : 0,
    speed: o.speed,
    workspace: o.workspace,
    concurrency: o.concurrency,
    progress: progressLine('loading'),
  });
  out(describeLoad(report));
  if (report.refused > 0 || report.truncated !== undefined) process.exitCode = 1;
}
