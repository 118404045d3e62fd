// @ts-check
/** What processes cost, read from /proc (Linux). */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { descendants } from '../test/support/cli.mjs';

const TICKS = existsSync('/proc/self/stat') ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 0;

/** Says why processes cannot be measured here, or null. */
export const unmeasurable = () => (TICKS > 0 ? null : 'CPU time is read from /proc, which is Linux');

function ownCpuSeconds(/** @type {number} */ pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces. After it: state is field 3, utime 14, stime 15, and of ended children 16 and 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) / TICKS;
}

/** CPU seconds of a process and all below it so far; 0 once it is gone. */
export function cpuSeconds(/** @type {number} */ pid) {
  let sum = 0;
  for (const p of [pid, ...descendants(pid)])
    try {
      sum += ownCpuSeconds(p);
    } catch {
      // It ended meanwhile; its parent has its time.
    }
  return sum;
}

function statusMb(/** @type {number} */ pid, /** @type {string} */ key) {
  const m = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return m === null ? NaN : Number(m[1]) / 1024;
}
/** Highest resident memory of the process so far, MiB. */
export const peakRssMb = (/** @type {number} */ pid) => statusMb(pid, 'VmHWM');
/** Resident memory of the process now, MiB. */
export const rssMb = (/** @type {number} */ pid) => statusMb(pid, 'VmRSS');

/** The machine, in one line. */
export function machine() {
  const model = cpus()[0]?.model.trim() || 'unnamed CPU';
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().split('-')[0]}, Node ${process.versions.node}`;
}
