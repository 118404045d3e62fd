import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShadowerError } from '../../errors';
import { PLUGIN_IDS } from '../../generate/names';
import { startGrafana, type GrafanaOptions } from '.';
import { archiveUrl, digestIn, downloadGrafana } from './download';
import { findGrafana } from './find';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'grafana-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What stands in for Grafana here: answers --version, notes its environment, serves /api/health, ends on SIGTERM. */
const STAND_IN = (version: string): string => `#!${process.execPath}
if (process.argv.includes('--version')) { console.log('grafana version ${version}'); process.exit(0); }
if (process.env.FAIL) { console.error('level=error msg="database is locked"'); process.exit(3); }
require('fs').writeFileSync(process.env.GF_PATHS_DATA + '/seen.json', JSON.stringify({ args: process.argv.slice(2), env: process.env }));
require('http').createServer((_q, r) => { r.setHeader('content-type', 'application/json'); r.end('{"database":"ok"}'); })
  .listen(Number(process.env.GF_SERVER_HTTP_PORT), process.env.GF_SERVER_HTTP_ADDR);
`;
function home(name: string, version = '12.4.0'): string {
  const at = join(folder, name);
  for (const sub of ['bin', 'conf', 'public']) mkdirSync(join(at, sub), { recursive: true });
  writeFileSync(join(at, 'conf/defaults.ini'), '');
  writeFileSync(join(at, 'bin/grafana'), STAND_IN(version));
  chmodSync(join(at, 'bin/grafana'), 0o755);
  return at;
}
function builtPlugins(): string {
  const at = join(folder, 'plugins-source');
  for (const id of PLUGIN_IDS) {
    mkdirSync(join(at, id, 'dist'), { recursive: true });
    writeFileSync(join(at, id, 'dist/plugin.json'), JSON.stringify({ id }));
    writeFileSync(join(at, id, 'dist/module.js'), '');
  }
  return at;
}
const code = async (p: Promise<unknown>): Promise<[string | undefined, string]> =>
  p.then(
    () => [undefined, 'did not fail'],
    (e: unknown) => (e instanceof ShadowerError ? [e.code, e.message] : ['?', String(e)]),
  );

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => probe.once('listening', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
async function options(env: NodeJS.ProcessEnv): Promise<GrafanaOptions> {
  return {
    port: await freePort(),
    dataDir: join(folder, 'data'),
    pluginsDir: builtPlugins(),
    provisioningDir: join(folder, 'provisioning'),
    dashboardsDir: join(folder, 'dashboards'),
    homeDashboard: 'first',
    clickhouse: { url: 'http://127.0.0.1:8123', user: 'reader', password: 'a $ecret' },
    workspace: 'demo',
    adminPassword: 'another ecret',
    access: 'open',
    env,
    log: quiet,
  };
}

describe('finding Grafana', () => {
  it('takes GRAFANA_HOME first, and refuses one that is wrong instead of going on', async () => {
    const at = home('chosen');
    home('other');
    const env = { GRAFANA_HOME: at, PATH: join(folder, 'other/bin') };
    expect(await findGrafana({ env })).toMatchObject({ kind: 'binary', homepath: at, args: ['server'] });
    expect(await code(findGrafana({ env: { ...env, GRAFANA_HOME: folder } }))).toEqual([
      'CONFIG_INVALID',
      expect.stringContaining(`GRAFANA_HOME is ${folder}`),
    ]);
  });

  it('finds one on PATH with its home, and no command line tool of that name', async () => {
    const at = home('packaged');
    mkdirSync(join(folder, 'tools'));
    writeFileSync(join(folder, 'tools/grafana'), STAND_IN('12.4.0'), { mode: 0o755 });
    const env = { PATH: [join(folder, 'missing'), join(at, 'bin')].join(':') };
    expect(await findGrafana({ env })).toMatchObject({ homepath: at, origin: 'PATH', version: '12.4.0' });
    if (existsSync('/usr/share/grafana')) return;
    const [error, message] = await code(findGrafana({ env: { PATH: join(folder, 'tools') } }));
    // Where Docker runs, it is the next choice.
    if (error !== undefined)
      expect([error, message]).toEqual(['GRAFANA_UNAVAILABLE', expect.stringMatching(/--download-grafana/)]);
  });

  it('refuses a version that the plugins do not run in', async () => {
    const env = { GRAFANA_HOME: home('old', '11.6.1') };
    expect(await code(findGrafana({ env }))).toEqual([
      'GRAFANA_UNAVAILABLE',
      expect.stringContaining('11.6.1; the plugins need 12.3'),
    ]);
  });
});

describe('running Grafana', () => {
  it('starts it with plugins, provisioning and secrets in place, and ends it', async () => {
    const o = await options({ GRAFANA_HOME: home('grafana') });
    const g = await startGrafana(o);
    expect((await fetch(`${g.url}/api/health`)).status).toBe(200);
    const seen = JSON.parse(readFileSync(join(o.dataDir, 'seen.json'), 'utf8')) as {
      args: string[];
      env: Record<string, string>;
    };
    expect(seen.args).toEqual(['server', '--homepath', join(folder, 'grafana')]);
    expect(seen.args.join(' ')).not.toContain('ecret');
    expect(seen.env).toMatchObject({
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_SERVER_ENFORCE_DOMAIN: 'true',
      GF_PATHS_PROVISIONING: o.provisioningDir,
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(o.dashboardsDir, 'first.json'),
      GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: PLUGIN_IDS.join(','),
      SHADOWER_CLICKHOUSE_PASSWORD: 'a $ecret',
      SHADOWER_WORKSPACE: 'demo',
    });
    for (const id of PLUGIN_IDS)
      expect(readlinkSync(join(o.dataDir, 'plugins', id))).toBe(join(o.pluginsDir, id, 'dist'));
    expect(seen.env.GF_SECURITY_ADMIN_PASSWORD).toBe(o.adminPassword);

    await g.stop();
    await expect(fetch(`${g.url}/api/health`)).rejects.toThrow();
    await g.stop();

    const again = await startGrafana({ ...o, access: 'login' });
    const later = JSON.parse(readFileSync(join(o.dataDir, 'seen.json'), 'utf8')) as typeof seen;
    expect(later.env.GF_AUTH_ANONYMOUS_ENABLED).toBe('false');
    await again.stop();
  });

  it('says why it did not start', async () => {
    const o = await options({ GRAFANA_HOME: home('grafana') });
    expect(await code(startGrafana({ ...o, host: '0.0.0.0' }))).toEqual([
      'CONFIG_INVALID',
      expect.stringMatching(/loopback/),
    ]);
    expect(await code(startGrafana({ ...o, env: { ...o.env, FAIL: '1' } }))).toEqual([
      'GRAFANA_UNAVAILABLE',
      expect.stringMatching(/ended with code 3 while starting:[^]*database is locked/),
    ]);
    const busy = createServer().listen(o.port, '127.0.0.1');
    await new Promise((done) => busy.once('listening', done));
    expect(await code(startGrafana(o))).toEqual([
      'CONFIG_INVALID',
      expect.stringMatching(/port \d+ on 127.0.0.1 is taken/),
    ]);
    await new Promise((done) => busy.close(done));
    const dist = join(o.pluginsDir, PLUGIN_IDS[0], 'dist');
    writeFileSync(join(dist, 'plugin.json'), JSON.stringify({ backend: true, executable: 'gpx_x' }));
    expect(await code(startGrafana(o))).toEqual([
      'CONFIG_INVALID',
      expect.stringMatching(/backend of the plugin .* run mage/),
    ]);
    rmSync(dist, { recursive: true });
    expect(await code(startGrafana(o))).toEqual(['CONFIG_INVALID', expect.stringMatching(/is not built/)]);
  });
});

describe('downloading Grafana', () => {
  it('knows the addresses and the two forms of a digest file', () => {
    expect(archiveUrl('12.4.0', 'linux', 'x64')).toBe(
      'https://dl.grafana.com/oss/release/grafana-12.4.0.linux-amd64.tar.gz',
    );
    expect(archiveUrl('12.4.0', 'darwin', 'arm64')).toMatch(/darwin-arm64\.tar\.gz$/);
    expect(() => archiveUrl('12.4.0', 'win32', 'x64')).toThrow('GRAFANA_HOME');
    const digest = 'a'.repeat(64);
    expect(digestIn(`${digest}\n`)).toBe(digest);
    expect(digestIn(`${digest}  dist/grafana.tar.gz\n`)).toBe(digest);
    expect(() => digestIn('<html>')).toThrow('no SHA-256 digest');
  });

  it('unpacks what has the right digest, and leaves nothing of what has not', async () => {
    home('grafana-v1/inner');
    const archive = join(folder, 'a.tar.gz');
    expect(spawnSync('tar', ['-czf', archive, '-C', join(folder, 'grafana-v1'), 'inner']).status).toBe(0);
    const body = readFileSync(archive);
    let digest = createHash('sha256').update(body).digest('hex');
    const server: Server = createServer((q, r) => void r.end(q.url!.endsWith('.sha256') ? digest : body));
    server.listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const to = join(folder, 'download');
    try {
      const good = digest;
      digest = '0'.repeat(64);
      expect(await code(downloadGrafana('1.0.0', to, undefined, base))).toEqual([
        'GRAFANA_UNAVAILABLE',
        expect.stringContaining(`says ${digest}`),
      ]);
      expect(readdirSync(to)).toEqual([]);
      digest = good;
      const at = await downloadGrafana('1.0.0', to, undefined, base);
      expect(await findGrafana({ env: { GRAFANA_HOME: at } })).toMatchObject({ version: '12.4.0' });
      expect(readdirSync(to)).toEqual(['grafana-1.0.0']);
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });
});
