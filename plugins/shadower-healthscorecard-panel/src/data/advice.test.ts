import { type DataFrame, type Field, FieldType, toDataFrame } from '@grafana/data';
import { evidenceLinks } from './evidence';
import { exemptionState, expiryOf } from './exemptions';
import { type Term } from './model';
import { buildScorecard, type ReadOptions } from './scorecard';

const NOW = Date.UTC(2026, 0, 15, 12);
const frame = (name: string | undefined, rows: Array<Record<string, string | number | null>>): DataFrame =>
  toDataFrame({
    name,
    fields: Object.keys(rows[0]).map((field) => ({
      name: field,
      type: ['since', 'expires'].includes(field)
        ? FieldType.time
        : rows.some((r) => typeof r[field] === 'number')
          ? FieldType.number
          : FieldType.string,
      values: rows.map((r) => r[field]),
    })),
  });
const scores = frame('scores', [
  { entity: 'a', score: 50 },
  { entity: 'b', score: 90 },
]);
const read = (more: DataFrame[], options?: ReadOptions) => buildScorecard([scores, ...more], options);
const term = { entity: 'a', term: 'errors', points_lost: 20, status: 'bad' };

describe('risks and recommendations', () => {
  it('come from the columns of terms', () => {
    const row = { ...term, risk: 'Down', severity: 'high', mitigation: 'Roll back', priority: 'low', effort: 'medium' };
    expect(read([frame('terms', [row])]).entities[0]).toMatchObject({
      risks: [{ title: 'Down', severity: 'high', mitigation: 'Roll back', term: 'errors' }],
      recommendations: [{ title: 'Roll back', priority: 'low', effort: 'medium', points: 20 }],
    });
  });

  it('come from frames of their own, found by their fields, worst first', () => {
    const { entities, notices } = read([
      frame(undefined, [
        { entity: 'a', risk: 'Slow', severity: 'minor', mitigation: 'Wait' },
        { entity: 'a', risk: 'Down', severity: 'critical', mitigation: null },
        { entity: 'a', risk: 'Odd', severity: 'purple', mitigation: null },
      ]),
      frame(undefined, [{ entity: 'b', recommendation: 'Scale', priority: 'P1', effort: 'large', points: 4 }]),
    ]);
    expect(notices).toEqual([]);
    expect(entities[0].risks.map((r) => [r.title, r.severity])).toEqual([
      ['Odd', null],
      ['Down', 'critical'],
      ['Slow', 'low'],
    ]);
    expect(entities[1].recommendations).toMatchObject([
      { title: 'Scale', priority: 'high', effort: 'high', points: 4 },
    ]);
  });

  it('of an entity that nobody scored make it an unknown one', () => {
    const { entities } = read([frame('risks', [{ entity: 'c', risk: 'Down', severity: 'high' }])]);
    expect(entities[2]).toMatchObject({ entity: 'c', score: null, status: 'unknown' });
  });
});

describe('the rule of a gate', () => {
  it('is known while it does not hold', () => {
    const row = { ...term, gate: null, gate_above: 0.25, gate_cap: 40 };
    const [e] = read([frame('terms', [row])]).entities;
    expect(e.terms[0]).toMatchObject({ gate: null, rule: { above: 0.25, cap: 40 } });
    expect(e.cap).toBeNull();
  });
});

describe('exemptions', () => {
  const declared = (x: Partial<Record<'entity' | 'term' | 'owner' | 'expires' | 'reason', string>>) => ({
    exemptions: [{ entity: '', term: '', owner: '', expires: '', reason: '', ...x }],
  });

  it('mark entities and terms, and change no score', () => {
    const options = declared({ entity: 'a', term: 'err*', owner: 'ops', expires: '2026-02-01T00:00' });
    const [e] = read([frame('terms', [term])], options).entities;
    expect(e).toMatchObject({ score: 50, status: 'critical', exemption: null });
    expect(e.terms[0]).toMatchObject({
      status: 'bad',
      pointsLost: 20,
      exemption: { owner: 'ops', expires: Date.UTC(2026, 1, 1) },
    });
  });

  it('come from a frame, of which the one that lasts longest counts', () => {
    const row = { entity: 'b', owner: 'x', expires: NOW };
    const { entities } = read([frame('exemptions', [row, { ...row, expires: NOW + 1 }, { ...row, expires: null }])]);
    expect(entities[1].exemption).toMatchObject({ expires: NOW + 1 });
  });

  it('that match nothing are told', () => {
    expect(read([], declared({ entity: 'gone' })).notices).toEqual([
      'Exemptions that match nothing in the data: gone.',
    ]);
  });

  it('are over when they expired, and without an end they do not count', () => {
    const state = (expires: number | null) => exemptionState({ owner: null, expires, reason: null }, NOW);
    expect([NOW + 1, NOW, null].map(state)).toEqual(['active', 'expired', 'open']);
  });

  it('are in UTC where they name no time zone', () => {
    expect(expiryOf('2026-02-01T10:30')).toBe(Date.UTC(2026, 1, 1, 10, 30));
    expect(expiryOf('2026-02-01')).toBe(Date.UTC(2026, 1, 1));
    expect(expiryOf('2026-02-01T10:30+02:00')).toBe(Date.UTC(2026, 1, 1, 8, 30));
    expect(expiryOf('soon')).toBeNull();
  });
});

describe('other shapes', () => {
  it('one row per entity and term gives scores and terms', () => {
    const rows = [
      { service: 'a', score: 60, check: 'x', points_lost: 30 },
      { service: 'a', score: 60, check: 'y', points_lost: 10 },
    ];
    const { entities, notices } = buildScorecard([frame(undefined, rows)]);
    expect(notices).toEqual([]);
    expect(entities).toMatchObject([{ entity: 'a', score: 60, terms: [{ id: 'x' }, { id: 'y' }] }]);
    const odd = buildScorecard([frame(undefined, [rows[0], { ...rows[1], score: 61 }])]);
    expect(odd.notices.join()).toContain('repeats an entity');
  });

  it('component fields are terms judged by thresholds', () => {
    const wide = frame('scores', [{ entity: 'a', score: 60, latency: 55, errors: null }]);
    expect(buildScorecard([wide], { componentFields: ['latency', 'errors'] }).entities[0].terms).toMatchObject([
      { id: 'latency', value: 55, status: 'bad', pointsLost: null },
      { id: 'errors', value: null, status: 'unknown' },
    ]);
  });

  it('thresholds may overrule the status of the data', () => {
    const said = frame('scores', [{ entity: 'a', score: 10, status: 'healthy' }]);
    expect(buildScorecard([said]).entities[0].status).toBe('healthy');
    expect(buildScorecard([said], { statusFrom: 'thresholds' }).entities[0].status).toBe('critical');
  });
});

describe('evidence', () => {
  const [e] = read([]).entities;
  const context = {
    targets: [{ refId: 'A', datasource: { uid: 'ds', type: 'x' } }],
    range: { from: 1, to: 2 },
    explore: true,
  };
  const of = (more: Partial<Term>) => ({ title: 't', evidence: null, cells: [], ...more }) as unknown as Term;
  const query = { refId: 'A', query: 'calls', column: 'rate', filter: 'name' };

  it('of our data source opens its query for the entity and the range', () => {
    const [link] = evidenceLinks(e, of({ evidence: query }), context);
    const panes = JSON.parse(new URL(link.href, 'http://x').searchParams.get('panes')!);
    expect(panes.evidence).toEqual({
      datasource: 'ds',
      queries: [
        {
          refId: 'A',
          datasource: { uid: 'ds', type: 'x' },
          schemaVersion: 1,
          query: 'calls',
          columns: ['rate'],
          params: { name: ['a'] },
        },
      ],
      range: { from: '1', to: '2' },
    });
  });

  it('is not offered where Explore or the data source is out of reach', () => {
    expect(evidenceLinks(e, of({ evidence: query }), { ...context, explore: false })).toEqual([]);
    expect(evidenceLinks(e, of({ evidence: { ...query, refId: 'B' } }), { ...context, targets: [] })).toEqual([]);
  });

  it('may be any address but a script, and data links of the row', () => {
    const getLinks = ({ valueRowIndex }: { valueRowIndex?: number }) => [
      { title: 'Logs', href: `/logs/${valueRowIndex}`, target: '_self', origin: null },
    ];
    const cells = [{ field: { getLinks } as unknown as Field, row: 3 }];
    const hrefs = (url: string) => evidenceLinks(e, of({ evidence: { url }, cells }), context).map((l) => l.href);
    expect(hrefs('/d/errors')).toEqual(['/d/errors', '/logs/3']);
    expect(hrefs('javascript:alert(1)')).toEqual(['about:blank', '/logs/3']);
  });
});
