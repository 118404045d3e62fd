/** Mounts the panel with the real Grafana theme and components, without a Grafana. Driven by run.mjs. */
import React from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import {
  applyFieldOverrides,
  createTheme,
  type DataFrame,
  type DataQueryRequest,
  dateTime,
  EventBusSrv,
  type FieldConfigSource,
  LoadingState,
  type PanelData,
  Registry,
  ThemeContext,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles } from '@grafana/ui';
import i18next from 'i18next';
import { ScorecardPanel } from '../../src/components/ScorecardPanel';
import { DEFAULT_THRESHOLDS } from '../../src/data/status';
import { DEFAULT_OPTIONS } from '../../src/options';
import german from '../../src/locales/de-DE/shadower-healthscorecard-panel.json';
import pluginJson from '../../src/plugin.json';
import { type ScorecardOptions } from '../../src/types';
import { NOW, SCENARIOS } from './scenarios';

export interface MountRequest {
  scenario: string;
  /** Of the scenario `many`: how many entities. */
  count?: number;
  mode: 'light' | 'dark';
  width: number;
  height: number;
  options?: Partial<ScorecardOptions>;
  language?: 'en-US' | 'de-DE';
}

// As Grafana does before it loads a plugin whose plugin.json names languages.
await initPluginTranslations(pluginJson.id);
i18next.addResourceBundle('de-DE', pluginJson.id, german);

declare global {
  interface Window {
    /** Draws a scenario anew and returns how long React took for it, in milliseconds. */
    mountPanel: (request: MountRequest) => number;
    /** Draws the same panel again with new data objects, as a refresh does. */
    refreshPanel: () => number;
  }
}

const themes = { light: createTheme({ colors: { mode: 'light' } }), dark: createTheme({ colors: { mode: 'dark' } }) };

/** Grafana's panel padding, in pixels. */
const PADDING = 8;

let root: Root | undefined;
let last: MountRequest | undefined;

// The registry of standard options lives in Grafana itself, so what a user would configure is set on the fields.
const fieldConfig: FieldConfigSource = { defaults: {}, overrides: [] };
const LINKS: Record<string, Array<{ title: string; url: string }>> = {
  entity: [{ title: 'Runbook', url: 'https://example.com/${__value.text}' }],
  points_lost: [{ title: 'Logs', url: 'https://example.com/logs/${__value.text}' }],
};
const configured = (frame: DataFrame): DataFrame => ({
  ...frame,
  fields: frame.fields.map((field) => ({
    ...field,
    config: {
      ...field.config,
      thresholds: DEFAULT_THRESHOLDS,
      links: LINKS[field.name]?.map((link) => ({ ...link, targetBlank: true })),
    },
  })),
});

/** Says that the panel has a query, and when it was asked. */
const requestAt = (endTime: number) => ({ targets: [{ refId: 'A' }], endTime }) as DataQueryRequest;

function draw(request: MountRequest): number {
  const { scenario, mode, width, height } = request;
  const made = SCENARIOS[scenario](request.count);
  const theme = themes[mode];
  const to = dateTime(made.to ?? NOW);
  const from = dateTime(to.valueOf() - 6 * 3600_000);
  const timeRange = { from, to, raw: { from: 'now-6h', to: 'now' } };
  const series = applyFieldOverrides({
    data: made.series.map(configured),
    fieldConfig,
    fieldConfigRegistry: new Registry(),
    replaceVariables: (text, vars) => {
      const at = vars?.__dataContext?.value;
      return text.replace('${__value.text}', String(at?.field.values[at.rowIndex ?? -1] ?? ''));
    },
    theme,
    timeZone: 'utc',
  });
  const data: PanelData = {
    state: made.state ?? LoadingState.Done,
    series,
    timeRange,
    errors: made.error ? [{ message: made.error }] : undefined,
    request: made.unqueried ? undefined : requestAt(to.valueOf()),
  };
  document.body.style.background = theme.colors.background.canvas;
  const box = document.getElementById('panel')!;
  box.style.padding = `${PADDING}px`;
  Object.assign(box.style, {
    width: `${width + 2 * PADDING}px`,
    height: `${height + 2 * PADDING}px`,
    background: theme.colors.background.primary,
  });
  const start = performance.now();
  flushSync(() =>
    root!.render(
      <ThemeContext.Provider value={theme}>
        <GlobalStyles />
        <main>
          <h1 style={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden' }}>Health Scorecard</h1>
          <h2 style={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden' }}>Panel</h2>
          <ScorecardPanel
            id={1}
            title="Panel"
            data={data}
            timeRange={timeRange}
            timeZone="utc"
            options={{ ...DEFAULT_OPTIONS, ...made.options, ...request.options }}
            transparent={false}
            width={width}
            height={height}
            fieldConfig={fieldConfig}
            renderCounter={0}
            eventBus={new EventBusSrv()}
            onOptionsChange={() => undefined}
            onFieldConfigChange={() => undefined}
            replaceVariables={(text) => text}
            onChangeTimeRange={() => undefined}
          />
        </main>
      </ThemeContext.Provider>
    )
  );
  return performance.now() - start;
}

window.mountPanel = (request) => {
  void i18next.changeLanguage(request.language ?? 'en-US');
  root?.unmount();
  root = createRoot(document.getElementById('panel')!);
  last = request;
  return draw(request);
};
window.refreshPanel = () => draw(last!);
