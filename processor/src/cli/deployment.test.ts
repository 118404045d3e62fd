/** The compose file, .env.example and docs/running.md speak of the variables that the code reads, and of no others. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { DATASOURCE_TYPE, DATASOURCE_UID, PLUGIN_IDS } from '../generate/names';
import { VARIABLES, readEnvironment } from './config';
import { GRAFANA_VERSION } from './grafana';

const ROOT = resolve(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  image?: string;
  environment: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: unknown;
}
const compose = parse(read('docker-compose.yml')) as { services: Record<string, Service>; volumes: object };
const { services } = compose;
/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}` filled in, the required ones with something. */
const filled = (text: string): string =>
  text.replace(/\$\{\w+:\?[^}]*\}/g, 'given').replace(/\$\{\w+:-([^}]*)\}/g, '$1');

describe('docker-compose.yml', () => {
  it('gives the processor an environment that it accepts', () => {
    const { environment } = services.processor!;
    const env = Object.fromEntries(Object.entries(environment).map(([k, v]) => [k, filled(v)]));
    expect(readEnvironment(env)).toMatchObject({
      SHADOWER_KAFKA_BROKERS: 'kafka:9092',
      SHADOWER_CLICKHOUSE_URL: 'http://clickhouse:8123',
      SHADOWER_LATENESS: '7d',
    });
  });

  it('opens no port beyond loopback and holds no secret', () => {
    for (const [name, s] of Object.entries(services))
      for (const port of s.ports ?? []) expect([name, port]).toEqual([name, expect.stringMatching(/^127\.0\.0\.1:/)]);
    for (const s of Object.values(services))
      for (const [key, value] of Object.entries(s.environment))
        if (/PASSWORD|SECRET/.test(key)) expect([key, value]).toEqual([key, expect.stringMatching(/^\$\{\w+:\?.+\}$/)]);
  });

  it('asks for exactly the variables that .env.example lists, with the same defaults', () => {
    const text = JSON.stringify(services);
    const required = [...text.matchAll(/\$\{(\w+):\?/g)].map((m) => m[1]!);
    const optional = [...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map((m) => `#${m[1]!}=${m[2]!}`);
    const example = read('.env.example').split('\n');
    expect(new Set(example.filter((l) => /^\w+=/.test(l)))).toEqual(new Set(required.map((n) => `${n}=`)));
    expect(new Set(example.filter((l) => /^#\w+=/.test(l)))).toEqual(new Set(optional));
  });

  it('mounts what is there, and gives Grafana every variable that provisioning fills in', () => {
    const grafana = services.grafana!;
    expect(grafana.image).toBe(`grafana/grafana:${GRAFANA_VERSION}`);
    expect(grafana.environment.GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS!.split(',')).toEqual([...PLUGIN_IDS]);
    for (const id of PLUGIN_IDS) expect(grafana.volumes).toContain(`./plugins/${id}/dist:/shadower/plugins/${id}:ro`);
    for (const volume of Object.values(services).flatMap((s) => s.volumes ?? [])) {
      const from = volume.split(':')[0]!;
      if (!from.startsWith('./')) expect(Object.keys(compose.volumes)).toContain(from);
      else if (!from.endsWith('/dist')) expect([from, existsSync(join(ROOT, from))]).toEqual([from, true]);
    }
    const home = grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH!;
    expect(existsSync(join(ROOT, home.replace('/shadower/', '')))).toBe(true);
    const provisioning = read('provisioning/datasources/shadower.yaml') + read('provisioning/dashboards/shadower.yaml');
    for (const [, name] of provisioning.replace(/^#.*$/gm, '').matchAll(/\$(\w+)/g))
      expect(Object.keys(grafana.environment)).toContain(name);
  });
});

describe('provisioning', () => {
  it('makes the datasource that the alert rules name', () => {
    const { datasources } = parse(read('provisioning/datasources/shadower.yaml')) as {
      datasources: { uid: string; type: string }[];
    };
    expect(datasources).toEqual([expect.objectContaining({ uid: DATASOURCE_UID, type: DATASOURCE_TYPE })]);
  });
});

describe('docs/running.md', () => {
  it('lists every variable of the processor with its default', () => {
    const section = read('docs/running.md').split('## Variables of the processor')[1]!;
    const rows = new Map([...section.matchAll(/^\| `(SHADOWER_\w+)` +\| ([^|]*?) +\|/gm)].map((m) => [m[1]!, m[2]!]));
    expect([...rows.keys()].sort()).toEqual(Object.keys(VARIABLES).sort());
    const defaults = readEnvironment({});
    for (const [name, value] of Object.entries(defaults))
      if (value !== '' && value !== undefined) expect([name, rows.get(name)]).toEqual([name, `\`${String(value)}\``]);
  });
});
