import { existsSync, readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { gzipSync } from 'zlib';
import packageJson from '../package.json';
import plugin from './plugin.json';

const text = (file: string) => readFileSync(join(__dirname, file), 'utf8');

describe('the plugin as the catalog sees it', () => {
  it('has one version', () => {
    expect(plugin.info.version).toBe('%VERSION%');
    expect(text('../CHANGELOG.md')).toContain(`## ${packageJson.version}`);
  });
  it('is named the same everywhere', () => {
    expect(plugin.id).toBe(packageJson.name);
    expect(plugin.executable).toBe(`gpx_${plugin.id.replace(/-/g, '_')}`);
  });
  it('lists exactly the dashboards that it ships', () =>
    expect(plugin.includes.map((i) => i.path).sort()).toEqual(
      readdirSync(join(__dirname, 'dashboards'))
        .map((f) => `dashboards/${f}`)
        .sort()
    ));
  it('ships dashboards that work in another Grafana: no fixed datasource, no id', () => {
    for (const { path } of plugin.includes) {
      const dashboard = text(path);
      expect(JSON.parse(dashboard)).not.toHaveProperty('id');
      for (const [, uid] of dashboard.matchAll(/"type": "shadower-analytics-datasource",\s*"uid": "([^"]*)"/g)) {
        expect(uid).toBe('${ds}');
      }
    }
  });
  it('has a README for people who use it', () => {
    expect(text('README.md')).not.toMatch(/npm |<!--|yarn |mage /);
  });
  it('says what it can, and in which languages', () => {
    expect(plugin).toMatchObject({ backend: true, metrics: true, logs: true, alerting: true, annotations: true });
    expect(plugin).toMatchObject({ streaming: true, languages: ['en-US', 'de-DE'] });
  });
  it('has the logos and screenshots that it names', () => {
    for (const path of [
      plugin.info.logos.small,
      plugin.info.logos.large,
      ...plugin.info.screenshots.map((x) => x.path),
    ]) {
      expect([path, existsSync(join(__dirname, path))]).toEqual([path, true]);
    }
  });

  const built = join(__dirname, '../dist');
  const whenBuilt = existsSync(join(built, 'module.js')) ? it : it.skip;
  whenBuilt('is small: 150 kB of script at most, compressed', () => {
    const scripts = readdirSync(built).filter((f) => f.endsWith('.js'));
    const bytes = scripts.map((f) => gzipSync(readFileSync(join(built, f))).length);
    expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThan(150_000);
  });
  whenBuilt('has source maps that name our files and packages only', () => {
    const { sources }: { sources: string[] } = JSON.parse(readFileSync(join(built, 'module.js.map'), 'utf8'));
    const strange = sources
      .map((s) => s.replace(/^webpack:\/\/[^/]*\//, '').replace(/\?.*$/, ''))
      .filter((s) => !/^(\.\/)?(node_modules\/|external |webpack\/)/.test(s) && !existsSync(join(__dirname, s)));
    expect(strange).toEqual([]);
  });
});
