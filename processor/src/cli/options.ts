/** Options as several commands have them. Light to load: what a command needs to run it loads itself. */
import { Option, InvalidArgumentError, type Command } from 'commander';

export const out = (text: string): void => void process.stdout.write(`${text}\n`);

export const positive = (text: string): number => {
  const n = Number(text);
  if (!Number.isFinite(n) || n <= 0) throw new InvalidArgumentError('a number above 0 is needed');
  return n;
};
export const whole = (text: string): number => {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 0) throw new InvalidArgumentError('a whole number is needed');
  return n;
};
export const speed = (text: string): number => {
  if (text === 'max') return Infinity;
  return positive(text === 'original' ? '1' : text.replace(/x$/, ''));
};
/** `name=value`, repeated. */
export const collect = (value: string, before: Record<string, string[]> = {}): Record<string, string[]> => {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write it as name=value');
  const name = value.slice(0, at);
  return { ...before, [name]: [...(before[name] ?? []), value.slice(at + 1)] };
};
/** A value, repeated. */
export const list = (value: string, before: string[] = []): string[] => [...before, value];

export const formats = (...choices: string[]): Option =>
  new Option('--format <format>').choices(choices).default(choices[0]);

/** Options of commands that talk to a running processor. */
export const remote = (c: Command): Command =>
  c
    .option('--url <url>', 'address of the running processor (SHADOWER_URL)')
    .option('--api-key <key>', 'its API key (SHADOWER_API_KEY)')
    .option('--data <folder>', 'folder of a processor started here, for its address and key')
    .option('--workspace <name>', 'workspace, where the key has several', 'demo');

export interface RemoteOptions {
  url?: string;
  apiKey?: string;
  data?: string;
  workspace: string;
}
