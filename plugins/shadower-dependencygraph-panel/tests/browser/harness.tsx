/**
 * The page the browser tests drive. It loads the plugin the way Grafana does: the built module.js, through an AMD loader
 * whose modules are the page's own React, @grafana/* and emotion. So the test sees what ships, its web worker included.
 */
import * as emotionCss from '@emotion/css';
import * as grafanaData from '@grafana/data';
import * as grafanaUi from '@grafana/ui';
import * as i18next from 'i18next';
import React from 'react';
import * as ReactDOM from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import type { GraphOptions } from '../../src/types';
import german from '../../src/locales/de-DE/shadower-dependencygraph-panel.json';
import { id as pluginId } from '../../src/plugin.json';

const PLUGIN_URL = '/public/plugins/shadower-dependencygraph-panel/module.js';

/** A frame as a test writes it: columns by name, with their field configuration. */
export interface FrameSpec {
  name?: string;
  refId?: string;
  meta?: grafanaData.DataFrame['meta'];
  fields: Array<{ name: string; values: unknown[]; config?: grafanaData.FieldConfig; type?: grafanaData.FieldType }>;
}

export interface Scene {
  frames: FrameSpec[];
  options?: Partial<GraphOptions>;
  width: number;
  height: number;
  theme?: 'light' | 'dark';
  language?: 'de-DE';
  state?: grafanaData.LoadingState;
  error?: string;
}

declare global {
  interface Window {
    define: (
      deps: string[],
      factory: (...args: unknown[]) => { plugin: grafanaData.PanelPlugin<GraphOptions> }
    ) => void;
    harness: {
      show: (scene: Scene) => Promise<void>;
      saved: Array<GraphOptions>;
      errors: string[];
      /** What the panel set in the dashboard's address. */
      address: Array<Record<string, unknown>>;
    };
    __grafana_public_path__: string;
  }
}

const address: Array<Record<string, unknown>> = [];
window.__grafana_public_path__ = '/public/';
const modules: Record<string, unknown> = {
  '@emotion/css': emotionCss,
  '@grafana/data': grafanaData,
  '@grafana/ui': grafanaUi,
  // Of Grafana's services the panel uses only the address, which a page without Grafana does not have.
  '@grafana/runtime': { locationService: { partial: (query: Record<string, unknown>) => address.push(query) } },
  i18next,
  react: React,
  'react-dom': ReactDOM,
  module: { uri: PLUGIN_URL },
};

const loading = new Promise<grafanaData.PanelPlugin<GraphOptions>>((resolve, reject) => {
  window.define = (deps, factory) => {
    const missing = deps.filter((dep) => !(dep in modules));
    if (missing.length > 0) {
      reject(new Error(`module.js wants ${missing.join(', ')}, which the harness does not give`));
      return;
    }
    resolve(factory(...deps.map((dep) => modules[dep])).plugin);
  };
  const script = document.createElement('script');
  script.src = PLUGIN_URL;
  script.onerror = () => reject(new Error('module.js did not load'));
  document.head.append(script);
});

const errors: string[] = [];
window.addEventListener('error', (event) => errors.push(event.message));
window.addEventListener('unhandledrejection', (event) => errors.push(String(event.reason)));

let root: Root | undefined;
let options: Partial<GraphOptions> = {};
const saved: GraphOptions[] = [];

function toFrame(spec: FrameSpec, theme: grafanaData.GrafanaTheme2): grafanaData.DataFrame {
  const frame = grafanaData.toDataFrame({ ...spec, fields: spec.fields.map((field) => ({ config: {}, ...field })) });
  // What Grafana does before a panel sees the data: displays and data links.
  return grafanaData.applyFieldOverrides({
    data: [frame],
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
  })[0];
}

window.harness = {
  errors,
  saved,
  address,
  async show(scene) {
    const plugin = await loading;
    // Grafana loads the texts that plugin.json names, and knows the user's language.
    i18next.default.addResourceBundle('de-DE', pluginId, german);
    await i18next.default.changeLanguage(scene.language ?? 'en-US');
    const Panel = plugin.panel;
    if (Panel === null) {
      throw new Error('the plugin has no panel');
    }
    const theme = grafanaData.createTheme({ colors: { mode: scene.theme ?? 'dark' } });
    options = scene.options ?? {};
    const series = scene.frames.map((frame) => toFrame(frame, theme));
    const timeRange = grafanaData.getDefaultTimeRange();
    const host = document.getElementById('panel');
    root ??= createRoot(host as HTMLElement);
    const current = root;
    const draw = () =>
      current.render(
        <grafanaData.ThemeContext.Provider value={theme}>
          <grafanaUi.GlobalStyles />
          <main style={{ width: scene.width, height: scene.height, background: theme.colors.background.primary }}>
            <h1 style={{ display: 'none' }}>Panel</h1>
            <Panel
              id={1}
              data={{
                series,
                state: scene.state ?? grafanaData.LoadingState.Done,
                timeRange,
                errors: scene.error === undefined ? undefined : [{ message: scene.error }],
              }}
              timeRange={timeRange}
              timeZone="utc"
              options={options as GraphOptions}
              transparent={false}
              width={scene.width}
              height={scene.height}
              fieldConfig={{ defaults: {}, overrides: [] }}
              renderCounter={0}
              title="Panel"
              eventBus={new grafanaData.EventBusSrv()}
              onOptionsChange={(next) => {
                saved.push(next);
                options = next;
                draw();
              }}
              onFieldConfigChange={() => undefined}
              replaceVariables={(text) => text}
              onChangeTimeRange={() => undefined}
            />
          </main>
        </grafanaData.ThemeContext.Provider>
      );
    draw();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 60)));
  },
};
