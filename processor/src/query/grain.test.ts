import type { QueryKind } from '../domains/define';
import { resolveGrain } from './grain';
import cases from './grain-cases.json';

interface Case {
  name: string;
  kind: string;
  grains: { grain: string; seconds: number; oldest: string | null }[];
  from: string;
  to: string;
  interval_ms: number;
  max_data_points: number;
  step_seconds?: number;
  alert?: boolean;
  complete_until?: string | null;
  expect: { grain?: string; step?: number; from?: string; to?: string; error?: string };
}

describe('resolveGrain, golden cases shared with the Go backend', () => {
  it.each((cases as Case[]).map((c) => [c.name, c] as const))('%s', (_, c) => {
    const run = () =>
      resolveGrain({
        kind: c.kind as QueryKind,
        views: c.grains.map((g) => ({ grain: g.grain, seconds: g.seconds, view: `v_${g.grain}` })),
        oldest: new Map(c.grains.flatMap((g) => (g.oldest === null ? [] : [[g.grain, Date.parse(g.oldest)] as const]))),
        from: Date.parse(c.from),
        to: Date.parse(c.to),
        intervalMs: c.interval_ms,
        maxDataPoints: c.max_data_points,
        stepSeconds: c.step_seconds ?? 0,
        forAlert: c.alert ?? false,
        completeUntil: c.complete_until ? Date.parse(c.complete_until) : null,
      });
    if (c.expect.error !== undefined) {
      expect(run).toThrow(expect.objectContaining({ code: c.expect.error }));
      return;
    }
    const r = run();
    expect({
      grain: r.view.grain,
      step: r.step,
      from: new Date(r.from).toISOString(),
      to: new Date(r.to).toISOString(),
    }).toEqual(c.expect);
  });
});
