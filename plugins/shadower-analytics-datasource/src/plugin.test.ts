import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
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
});
