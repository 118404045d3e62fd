/** `npm start`: installs and builds what is missing, then runs `shadower start` with the options given. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildPlugins, buildProcessor, install, root } from './prepare.mjs';

const args = process.argv.slice(2);
const help = args.includes('--help') || args.includes('-h');
try {
  install();
  buildProcessor();
  if (!help && !args.includes('--no-grafana'))
    for (const what of buildPlugins()) process.stderr.write(`! not built: ${what}\n`);
} catch (e) {
  process.stderr.write(`${e.message}\n`);
  process.exit(1);
}

const child = spawn(process.execPath, [join(root, 'processor/bin/shadower.js'), 'start', ...args], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? root,
});
// The terminal sends Ctrl-C to both; this process only waits for the other to end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 0 : 1)));
