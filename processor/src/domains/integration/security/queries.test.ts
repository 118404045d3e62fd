/** Scores, risk, issues, controls and the audit trail, in a real ClickHouse, against the same computed here from the events. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';

type Row = Record<string, unknown>;
interface Auth extends Row {
  time: number;
  integration: string;
  action: string;
  ok: boolean;
}
interface Security extends Row {
  time: number;
  integration: string;
  category: string;
  severity: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TO = Date.UTC(2026, 5, 20, 15, 25);
const FROM = TO - DAY;
const workspace = 'guarded';
const auths: Auth[] = [];
const events: Security[] = [];

let engine: TestEngine;
let ch: ClickHouse;

const ago = (days: number, minutes = 0): number => TO - days * DAY - minutes * MINUTE - 1000;
const auth = (integration: string, time: number, more: Row = {}): void =>
  void auths.push({
    integration,
    time,
    action: 'authenticate',
    ok: true,
    auth_type: 'oauth2',
    credential: 'key',
    ...more,
  });
const security = (integration: string, category: string, time: number, more: Row = {}): void =>
  void events.push({ integration, category, time, severity: 'medium', ...more });
const times = (n: number, f: (i: number) => void): void => Array.from({ length: n }, (_, i) => i).forEach(f);

beforeAll(async () => {
  const fine = (name: string): void => {
    auth(name, ago(0, 300), { mfa: true });
    auth(name, ago(10), { action: 'rotate', expires_at: (TO + 80 * DAY) / 1000 });
  };
  for (const name of [
    'clean',
    'brute',
    'expired',
    'ten',
    'breach',
    'weak',
    'mended',
    'reopened',
    'probed',
    'controls',
    'gaps',
    'anonymous',
    'burst',
  ])
    fine(name);
  times(30, (i) => auth('brute', ago(0, i), { ok: false, error_code: 'invalid_client' }));
  times(6, (i) => auth('expired', ago(0, i), { ok: false, error_code: 'token_expired' }));
  times(10, (i) => auth('ten', ago(0, i), { ok: false, error_code: 'invalid_client' }));
  fine('no-mfa');
  auth('no-mfa', ago(0, 10), { mfa: false });
  // Two credentials: one protected and renewed, the other neither.
  fine('two');
  auth('two', ago(0, 10), { credential: 'other', mfa: false });
  auth('two', ago(120), { credential: 'other', action: 'refresh' });
  auth('old', ago(0, 10), { mfa: true });
  auth('old', ago(120), { action: 'rotate' });
  auth('old', ago(5), { action: 'rotate', ok: false });
  auth('never-renewed', ago(100), { mfa: true });
  auth('never-renewed', ago(0, 10), {});
  times(12, (i) => auth('all-bad', ago(0, i), { ok: false, error_code: 'token_expired', mfa: false }));
  auth('all-bad', ago(150), { action: 'rotate' });
  auth('unreported', ago(0, 10));
  auth('silent', ago(40), { mfa: true });
  auth('one', ago(0, 10), { ok: false, error_code: 'x' });

  for (const name of [
    'clean',
    'weak',
    'mended',
    'reopened',
    'breach',
    'probed',
    'controls',
    'gaps',
    'anonymous',
    'burst',
  ])
    security(name, 'audit', ago(2), { actor: 'job', sequence: 1 });
  times(4, (i) => security('clean', 'audit', ago(1, i), { actor: 'job', sequence: i + 2 }));
  security('breach', 'unauthorized_access', ago(0, 30), {
    blocked: false,
    actor: 'stolen key',
    source: '203.0.113.9',
    title: 'Export of all contacts',
  });
  security('exposed', 'data_exposure', ago(0, 30), { records: 120, issue: 'EXP-1' });
  security('exposed', 'data_exposure', ago(0, 10), { issue: 'EXP-1', state: 'resolved' });
  security('weak', 'vulnerability', ago(12), { issue: 'CVE-1', severity: 'critical', title: 'Bad parser' });
  security('weak', 'vulnerability', ago(3), { issue: 'CVE-2', severity: 'low' });
  security('mended', 'vulnerability', ago(12), { issue: 'CVE-1', severity: 'high' });
  security('mended', 'vulnerability', ago(0, 120), { issue: 'CVE-1', severity: 'high', state: 'resolved' });
  security('reopened', 'vulnerability', ago(12), { issue: 'CVE-1', severity: 'medium' });
  security('reopened', 'vulnerability', ago(8), { issue: 'CVE-1', severity: 'medium', state: 'resolved' });
  security('reopened', 'vulnerability', ago(1, 60), { issue: 'CVE-1', severity: 'medium' });
  times(25, (i) =>
    security('probed', 'unauthorized_access', ago(0, i * 20), { blocked: i % 2 === 0 ? true : undefined }),
  );
  security('probed', 'threat', ago(0, 5), { severity: 'high' });
  security('probed', 'anomaly', ago(0, 6), { severity: 'low' });
  for (const [control, passed] of [
    ['A', true],
    ['B', true],
    ['C', false],
    ['D', undefined],
  ] as const)
    security('controls', 'compliance_check', ago(5), { control, ...(passed === undefined ? {} : { passed }) });
  security('controls', 'compliance_check', ago(9), { control: 'A', passed: false });
  security('controls', 'compliance_check', ago(9), { control: 'C', passed: true });
  for (const sequence of [2, 3, 6, 10]) security('gaps', 'audit', ago(1), { actor: 'job', sequence });
  security('gaps', 'audit', ago(31), { actor: 'job', sequence: 500 });
  times(3, (i) => security('anonymous', 'audit', ago(1, i), {}));
  // A quiet week, then an hour with many failures.
  times(100, (i) => auth('burst', Math.floor(TO / HOUR) * HOUR - (i + 2) * HOUR + MINUTE, { ok: i % 10 !== 0 }));
  times(9, (i) => auth('burst', Math.floor(TO / HOUR) * HOUR - 30 * MINUTE + i, { ok: false }));

  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  const clean = (e: Row): Row => Object.fromEntries(Object.entries(e).filter(([, v]) => v !== undefined));
  await feed(ch, [
    ...auths.map((e) => ({ type: 'integration.auth', workspace, ...e })),
    ...events.map((e) => clean({ type: 'integration.security_event', workspace, ...e })),
    // After the range: none of it is known yet.
    {
      type: 'integration.auth',
      workspace,
      integration: 'clean',
      time: TO + MINUTE,
      action: 'authenticate',
      ok: false,
      auth_type: 'oauth2',
      mfa: false,
      credential: 'key',
    },
    {
      type: 'integration.security_event',
      workspace,
      integration: 'weak',
      time: TO + MINUTE,
      category: 'vulnerability',
      issue: 'CVE-1',
      state: 'resolved',
    },
  ]);
}, 120_000);
afterAll(() => engine?.stop());

// ------------------------------------------------------------------ the same, computed independently

const POINTS: Record<string, number> = { low: 1, medium: 4, high: 7, critical: 10 };
const within = <T extends { time: number; integration: string }>(
  list: T[],
  name: string,
  from: number,
  to: number,
): T[] => list.filter((e) => e.integration === name && e.time >= from && e.time < to);
const heard = (name: string, to: number): { auth: boolean; feed: boolean } => ({
  auth: within(auths, name, to - 30 * DAY, to).length > 0,
  feed: within(events, name, to - 30 * DAY, to).length > 0,
});
const allNames = (to: number): string[] =>
  [...new Set([...auths, ...events].map((e) => e.integration))]
    .filter((n) => heard(n, to).auth || heard(n, to).feed)
    .sort();

interface AuthFacts {
  failed: number;
  expired: number;
  withoutMfa: number | null;
  rotation: number | null;
}
function authFacts(name: string, from: number, to: number): AuthFacts | null {
  if (!heard(name, to).auth) return null;
  const days = Math.max(1, (to - from) / DAY);
  const seen = within(auths, name, from, to);
  const all = within(auths, name, to - 400 * DAY, to);
  const credentials = [...new Set(all.map((e) => e.credential))]
    .map((c) => all.filter((e) => e.credential === c))
    .filter((list) => Math.max(...list.map((e) => e.time)) >= to - 90 * DAY && list.some((e) => e.ok));
  const mfa = credentials.map(
    (list) =>
      list
        .filter((e) => e.mfa !== undefined)
        .sort((a, b) => a.time - b.time)
        .at(-1)?.mfa,
  );
  const ages = credentials.map((list) => {
    const renewed = list.filter((e) => e.ok && (e.action === 'rotate' || e.action === 'refresh')).map((e) => e.time);
    if (renewed.length > 0) return (to - Math.max(...renewed)) / DAY;
    // Known since a day at the finest, as old as the rollup can say.
    const known = (to - Math.floor(Math.min(...list.map((e) => e.time)) / DAY) * DAY) / DAY;
    return known > 90 ? known : null;
  });
  const oldest = Math.max(0, ...ages.filter((a) => a !== null));
  return {
    failed: seen.filter((e) => !e.ok).length / days,
    expired: seen.filter((e) => !e.ok && /expired/.test(String(e.error_code))).length / days,
    withoutMfa: mfa.every((m) => m === undefined) ? null : mfa.filter((m) => m === false).length,
    rotation: ages.length === 0 || (ages.includes(null) && oldest <= 90) ? null : oldest,
  };
}
/** The source document's deductions, word for word. */
function deducted(f: AuthFacts): number {
  let lost = 0;
  if (f.failed > 10) lost += 20;
  if (f.expired > 5) lost += 15;
  if (f.withoutMfa !== null && f.withoutMfa > 0) lost += 25;
  if (f.rotation !== null && f.rotation > 90) lost += 10;
  return lost;
}
function openIssues(name: string, to: number): Security[] {
  const list = within(events, name, 0, to).filter((e) => e.category === 'vulnerability');
  return [...new Set(list.map((e) => e.issue))]
    .map((id) =>
      list
        .filter((e) => e.issue === id)
        .sort((a, b) => a.time - b.time)
        .at(-1)!,
    )
    .filter((e) => e.state !== 'resolved');
}
function securityTerms(name: string, from: number, to: number): (number | null)[] {
  const facts = authFacts(name, from, to);
  const { feed: fed } = heard(name, to);
  const days = Math.max(1, (to - from) / DAY);
  const seen = within(events, name, from, to);
  const count = (f: (e: Security) => boolean): number => seen.filter(f).length;
  const breaches = count(
    (e) =>
      (e.category === 'unauthorized_access' && e.blocked === false) ||
      (e.category === 'data_exposure' && e.state !== 'resolved'),
  );
  const checks = within(events, name, 0, to).filter((e) => e.category === 'compliance_check');
  const latest = [...new Set(checks.map((e) => e.control))]
    .map(
      (c) =>
        checks
          .filter((e) => e.control === c)
          .sort((a, b) => a.time - b.time)
          .at(-1)!.passed,
    )
    .filter((p) => p !== undefined);
  const trail = within(events, name, to - 30 * DAY, to).filter((e) => e.category === 'audit');
  const numbers = trail.flatMap((e) => (e.sequence === undefined ? [] : [Number(e.sequence)]));
  const complete = numbers.length === 0 ? 1 : new Set(numbers).size / (Math.max(...numbers) - Math.min(...numbers) + 1);
  return [
    fed ? breaches : null,
    facts === null ? null : deducted(facts),
    fed ? openIssues(name, to).reduce((a, e) => a + POINTS[e.severity]!, 0) : null,
    fed ? count((e) => e.category === 'unauthorized_access') / days : null,
    fed
      ? seen.filter((e) => ['threat', 'anomaly'].includes(e.category)).reduce((a, e) => a + POINTS[e.severity]!, 0) /
        days
      : null,
    latest.length === 0 ? null : latest.filter((p) => p === false).length / latest.length,
    trail.length === 0
      ? null
      : 1 - Math.min(complete, trail.filter((e) => e.actor !== undefined).length / trail.length),
  ];
}
/** Weight, value of all lost, cap and above what: the model of the score, written again. */
const MODEL: [weight: number, bad: number, cap?: [above: number, cap: number]][] = [
  [25, 1, [0, 40]],
  [20, 70],
  [20, 10, [9.5, 60]],
  [15, 50],
  [10, 20],
  [5, 0.2],
  [5, 0.05],
];
function securityScore(terms: (number | null)[]): number | null {
  const known = terms.map((v, i) => ({ v, m: MODEL[i]! })).filter((x) => x.v !== null) as {
    v: number;
    m: (typeof MODEL)[number];
  }[];
  if (known.length === 0) return null;
  const weight = known.reduce((a, { m }) => a + m[0], 0);
  const lost = known.reduce((a, { v, m }) => a + (100 * m[0] * Math.min(1, v / m[1])) / weight, 0);
  return known.reduce(
    (score, { v, m }) => (m[2] !== undefined && v > m[2][0] ? Math.min(score, m[2][1]) : score),
    100 - lost,
  );
}

const near = (got: unknown, want: number | null, what: string): void => {
  if (want === null) return expect([what, got]).toEqual([what, null]);
  if (got === null || got === undefined || Math.abs(Number(got) - want) > 1e-6 * Math.max(1, Math.abs(want)))
    throw new Error(`${what}: got ${String(got)}, want ${want}`);
};
const run = (name: string, grain = '1m', more: Row = {}, from = FROM, to = TO): Promise<Record<string, Row[]>> =>
  runQuery(ch, name, grain, { workspace, from, to, ...more });

describe('authentication', () => {
  it.each([
    ['1m', FROM, TO],
    ['1h', TO - 25 * MINUTE - 3 * DAY, TO - 25 * MINUTE],
    ['1d', Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 20)],
  ])('score at grain %s from %d to %d is the document’s where all is known', async (grain, from, to) => {
    const { scores, terms } = await run('integration_auth_health', grain, {}, from, to);
    const names = allNames(to).filter((n) => heard(n, to).auth);
    expect(
      scores!
        .filter((r) => r.status !== 'unknown')
        .map((r) => r.entity)
        .sort(),
    ).toEqual(names);
    for (const name of names) {
      const f = authFacts(name, from, to)!;
      const row = scores!.find((r) => r.entity === name)!;
      const unreported = Number(f.withoutMfa === null) + Number(f.rotation === null);
      const values = Object.fromEntries(terms!.filter((t) => t.entity === name).map((t) => [t.term, t.value]));
      near(values.failed_attempts, f.failed, `${name} failed`);
      near(values.expired_tokens, f.expired, `${name} expired`);
      near(values.mfa, f.withoutMfa, `${name} second factor`);
      near(values.rotation, f.rotation, `${name} rotation`);
      near(values.unreported, unreported, `${name} unreported`);
      if (unreported === 0) near(row.score, 100 - deducted(f), `${name} score`);
      else
        expect([name, Number(row.score) <= 79, row.status]).toEqual([
          name,
          true,
          Number(row.score) >= 50 ? 'degraded' : 'critical',
        ]);
    }
  });

  it('covers the cases that matter', async () => {
    const { scores } = await run('integration_auth_health');
    const score = (name: string): unknown => scores!.find((r) => r.entity === name)?.score;
    expect(['clean', 'brute', 'expired', 'ten', 'no-mfa', 'old', 'never-renewed', 'two', 'all-bad'].map(score)).toEqual(
      [100, 80, 85, 100, 75, 90, 90, 65, 30],
    );
    expect(scores!.find((r) => r.entity === 'silent')).toBeUndefined();
    expect(scores!.find((r) => r.entity === 'exposed')).toBeUndefined();
  });
});

describe('security', () => {
  it.each([
    ['1m', FROM, TO],
    ['1h', TO - 25 * MINUTE - 3 * DAY, TO - 25 * MINUTE],
    ['1d', Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 20)],
  ])('score and terms at grain %s from %d to %d', async (grain, from, to) => {
    const { scores, terms } = await run('integration_security', grain, {}, from, to);
    const order = ['breaches', 'authentication', 'vulnerabilities', 'attempts', 'threats', 'compliance', 'audit_trail'];
    for (const name of allNames(to)) {
      const want = securityTerms(name, from, to);
      const row = scores!.find((r) => r.entity === name)!;
      order.forEach((term, i) =>
        near(terms!.find((t) => t.entity === name && t.term === term)!.value, want[i]!, `${name} ${term}`),
      );
      const score = securityScore(want);
      near(row.score, score, `${name} score`);
      near(row.risk, score === null ? null : 100 - score, `${name} risk`);
    }
    expect(scores!.filter((r) => r.status !== 'unknown').length).toBe(allNames(to).length);
  });

  it('the trend has every step, and sees a weakness go', async () => {
    const { trend, terms } = await run('integration_security', '1m', { integration: ['mended', 'weak'] });
    const mended = trend!.filter((r) => r.entity === 'mended').map((r) => Number(r.score));
    expect(mended.length).toBe(61);
    expect(mended[0]).toBeLessThan(mended.at(-1)!);
    expect(mended.at(-1)).toBe(100);
    expect(new Set(trend!.filter((r) => r.entity === 'weak').map((r) => Math.round(Number(r.score)))).size).toBe(1);
    expect(terms!.find((t) => t.entity === 'weak' && t.term === 'vulnerabilities')!.since).toBe(clickHouseTime(FROM));
    expect(terms!.find((t) => t.entity === 'mended' && t.term === 'vulnerabilities')!.since).toBeNull();
  });

  it('nothing heard means no row, not a good score', async () => {
    const from = TO + 200 * DAY;
    expect(await run('integration_security', '1h', {}, from, from + DAY)).toEqual({ scores: [], terms: [], trend: [] });
    expect((await run('integration_security_window', '1m', { step: 60 }, from, from + DAY)).main).toEqual([]);
  });

  it('what alert rules compare counts the range, zero where nothing happened', async () => {
    const from = TO - HOUR;
    const rows = (await run('integration_security_window', '1m', { step: 60 }, from, TO)).main!;
    for (const name of allNames(TO)) {
      const row = rows.find((r) => r.integration === name)!;
      const { auth: hasAuth, feed: fed } = heard(name, TO);
      const seen = within(auths, name, from, TO);
      near(row.failed_auth, hasAuth ? seen.filter((e) => !e.ok).length : null, `${name} failed`);
      near(
        row.expired,
        hasAuth ? seen.filter((e) => /expired/.test(String(e.error_code))).length : null,
        `${name} expired`,
      );
      near(
        row.attempts,
        fed ? within(events, name, from, TO).filter((e) => e.category === 'unauthorized_access').length : null,
        `${name} attempts`,
      );
      near(row.breaches, fed ? securityTerms(name, from, TO)[0]! : null, `${name} breaches`);
    }
    // Nine in the last whole hour; in the hundred hours before every tenth had one.
    const hours = Array.from({ length: 101 }, (_, i) => (i > 0 && (i - 1) % 10 === 0 ? 1 : 0));
    expect(hours.filter((n) => n > 0).length).toBe(10);
    near(rows.find((r) => r.integration === 'burst')!.deviation, 9, 'median 0, no spread: units of one attempt');
    expect(rows.find((r) => r.integration === 'clean')!.deviation).not.toBeNull();
  });

  it('issues, controls, audit trail', async () => {
    const issues = (await run('integration_security_issues', 'raw')).main!;
    expect(issues.map((r) => [r.integration, r.issue, r.state, r.opened, r.resolved])).toEqual([
      ['weak', 'CVE-1', 'open', clickHouseTime(ago(12)), null],
      ['reopened', 'CVE-1', 'open', clickHouseTime(ago(1, 60)), null],
      ['weak', 'CVE-2', 'open', clickHouseTime(ago(3)), null],
      ['mended', 'CVE-1', 'resolved', clickHouseTime(ago(12)), clickHouseTime(ago(0, 120))],
      ['exposed', 'EXP-1', 'resolved', clickHouseTime(ago(0, 30)), clickHouseTime(ago(0, 10))],
    ]);
    const controls = (await run('integration_security_controls', 'raw')).main!;
    expect(controls.map((r) => [r.control, r.state])).toEqual([
      ['C', 'fails'],
      ['D', 'unknown'],
      ['A', 'holds'],
      ['B', 'holds'],
    ]);
    const audit = (await run('integration_security_audit', 'raw')).main!;
    const of = (name: string): Row => audit.find((r) => r.integration === name)!;
    expect(of('clean')).toMatchObject({ attributed: 1, complete: 1, lost: 0, missing: 0 });
    // 1, 2, 3, 6 and 10 of ten; number 500 is older than 30 days.
    expect(of('gaps')).toMatchObject({ attributed: 1, complete: 0.5, lost: 5, missing: 0.5 });
    expect(of('anonymous')).toMatchObject({ attributed: 0.25, complete: 1, missing: 0.75 });
  });

  it('what to do lists every term that loses points, and findings name what happened', async () => {
    const now = (await run('integration_security_mitigations', '1m', { integration: ['all-bad', 'breach', 'clean'] }))
      .main!;
    expect(now.filter((r) => r.integration === 'clean')).toEqual([]);
    expect(now.find((r) => r.integration === 'breach')).toMatchObject({
      score: 'security',
      priority: 'high',
      effort: 'high',
      value: 1,
    });
    expect(
      now
        .filter((r) => r.integration === 'all-bad')
        .map((r) => Number(r.points))
        .reduce((a, b) => a + b, 0),
    ).toBeCloseTo(70, 9);
    const found = (await run('integration_security_findings')).main!;
    const kinds = found.map((r) => `${String(r.kind)} ${String(r.integration)} ${String(r.severity)}`).sort();
    expect(kinds).toEqual([
      'attempts_anomaly burst warning',
      'audit_gap anonymous info',
      'audit_gap gaps info',
      'breach breach critical',
      'breach exposed critical',
      'control_failed controls warning',
      'vulnerability mended warning',
      'vulnerability weak critical',
    ]);
    expect(found.find((r) => r.integration === 'breach')).toMatchObject({
      time: clickHouseTime(ago(0, 30)),
      evidence: 'Actor stolen key, source 203.0.113.9',
    });
  });
});
