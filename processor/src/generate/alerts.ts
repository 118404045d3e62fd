/**
 * Alert rules from their declarations, as Grafana's file provisioning reads them: A our query, B one number per series,
 * C the comparison. Unknown stays unknown on the whole way: a step without data is never counted as 0.
 */
import type { Catalog } from '../catalog/types';
import type { AlertDef, Domain } from '../domains/define';
import { layout } from './dashboards';
import { DATASOURCE_UID, FOLDER, dashboardUid, ruleUid } from './names';
import { queryModel } from './query';

const EXPRESSION = '__expr__';

/** Duration as Prometheus writes it. */
function duration(seconds: number): string {
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds > 0 && seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}

/** The panel that shows what the rule watches; undefined where there is none. */
export function panelOf(a: AlertDef, domains: readonly Domain[]): number | undefined {
  const dashboard = domains.flatMap((d) => d.dashboards).find((d) => d.name === a.dashboard);
  if (dashboard === undefined) throw new Error(`alert ${a.name}: there is no dashboard ${a.dashboard}`);
  return layout(dashboard)
    .flatMap((r) => r.panels)
    .find(
      (p) =>
        p.panel.kind !== 'text' &&
        p.panel.query === (a.shownBy ?? a.query) &&
        (p.panel.columns === undefined || p.panel.columns.includes(a.column)),
    )?.id;
}

function check(a: AlertDef, catalog: Catalog): void {
  const query = catalog.queries.find((q) => q.name === a.query);
  if (query === undefined) throw new Error(`alert ${a.name}: there is no query ${a.query}`);
  if (query.kind !== 'timeseries') throw new Error(`alert ${a.name}: ${a.query} is no time series`);
  if (!query.parts[0]!.columns.some((c) => c.name === a.column && c.role === 'measure'))
    throw new Error(`alert ${a.name}: query ${a.query} has no measure ${a.column}`);
  if (a.windowSeconds < a.stepSeconds || a.windowSeconds % a.stepSeconds !== 0)
    throw new Error(`alert ${a.name}: the window must be a multiple of the step`);
  if (!/^[A-Za-z0-9_-]+$/.test(ruleUid(a.name)) || ruleUid(a.name).length > 40)
    throw new Error(`alert ${a.name}: the name makes no valid uid (letters, digits, - and _, at most 31)`);
}

function expression(refId: string, model: Record<string, unknown>): Record<string, unknown> {
  return {
    refId,
    relativeTimeRange: { from: 0, to: 0 },
    datasourceUid: EXPRESSION,
    model: { refId, datasource: { type: EXPRESSION, uid: EXPRESSION }, ...model },
  };
}

function rule(a: AlertDef, domain: Domain, domains: readonly Domain[]): Record<string, unknown> {
  const panel = panelOf(a, domains);
  return {
    uid: ruleUid(a.name),
    title: a.title,
    condition: 'C',
    ...(panel === undefined ? {} : { dashboardUid: dashboardUid(a.dashboard), panelId: panel }),
    data: [
      {
        refId: 'A',
        relativeTimeRange: { from: a.windowSeconds, to: 0 },
        datasourceUid: DATASOURCE_UID,
        model: {
          refId: 'A',
          ...queryModel({ query: a.query, params: a.params, columns: [a.column] }),
          stepSeconds: a.stepSeconds,
          intervalMs: a.stepSeconds * 1000,
          maxDataPoints: Math.max(100, a.windowSeconds / a.stepSeconds),
        },
      },
      expression('B', {
        type: 'reduce',
        expression: 'A',
        reducer: a.reduce,
        // Steps without a value are left out. A sum with a part left out is too small, and the sum of nothing would be
        // 0, so there the strict mode holds: unknown as soon as one step is.
        settings: { mode: a.reduce === 'sum' ? '' : 'dropNN' },
      }),
      expression('C', {
        type: 'threshold',
        expression: 'B',
        conditions: [{ evaluator: { type: a.condition.op, params: [a.condition.value] } }],
      }),
    ],
    noDataState: a.absence === 'fine' ? 'OK' : 'NoData',
    execErrState: 'Error',
    for: duration(a.forSeconds),
    annotations: {
      // Without data there is neither a value nor a label to put into the text.
      summary: `{{ if $values.B }}${a.summary}{{ else }}${a.title}: unknown, there are no data{{ end }}`,
      description: `${domain.title}: ${a.title}. Reduced by ${a.reduce} over ${duration(a.windowSeconds)}, compared with ${a.condition.value}.`,
      runbook: a.runbook,
      ...(panel === undefined ? {} : { __dashboardUid__: dashboardUid(a.dashboard), __panelId__: String(panel) }),
    },
    labels: { severity: a.severity, domain: domain.name, rule: a.name },
  };
}

/** The provisioning document of a domain's rules; one group per interval of evaluation. */
export function buildAlerts(domain: Domain, catalog: Catalog, domains: readonly Domain[]): Record<string, unknown> {
  const byInterval = new Map<number, AlertDef[]>();
  for (const a of domain.alerts) {
    check(a, catalog);
    byInterval.set(a.stepSeconds, [...(byInterval.get(a.stepSeconds) ?? []), a]);
  }
  return {
    apiVersion: 1,
    groups: [...byInterval].map(([seconds, alerts]) => ({
      orgId: 1,
      name: `${domain.name} every ${duration(seconds)}`,
      folder: FOLDER,
      interval: duration(seconds),
      rules: alerts.map((a) => rule(a, domain, domains)),
    })),
  };
}
