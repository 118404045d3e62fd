/**
 * `npm run generate` writes all files that follow from the declarations; `npm run generate -- --check` writes nothing,
 * names each file that differs, and exits 1 if there is one.
 */
import { resolve } from 'node:path';
import { domains } from '../domains';
import { driftOf, generateFiles, writeFiles } from './files';

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((a) => a !== '--check');
  if (unknown.length > 0) {
    process.stderr.write(`unknown argument ${unknown.join(' ')}; the only one is --check\n`);
    return 2;
  }
  const check = args.includes('--check');
  // From processor/src/generate as from processor/dist/generate.
  const root = resolve(__dirname, '../../..');
  const wanted = await generateFiles(domains);
  const drift = check ? driftOf(root, wanted) : await writeFiles(root, wanted);
  for (const d of drift) process.stdout.write(`${d.kind.padEnd(8)} ${d.path}: ${d.hint}\n`);
  process.stdout.write(
    check
      ? `${wanted.size} generated files, ${drift.length === 0 ? 'all as declared' : `${drift.length} differences; run npm run generate`}\n`
      : `${wanted.size} generated files, ${drift.length} written or removed\n`,
  );
  return check && drift.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
