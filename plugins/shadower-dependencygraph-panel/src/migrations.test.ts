import { migrateOptions, normalizeOptions, takeOver } from './migrations';
import { DEFAULT_OPTIONS } from './options';
import type { GraphOptions } from './types';

describe('options', () => {
  it('are the defaults for nothing and for garbage', () => {
    for (const saved of [
      undefined,
      null,
      7,
      [],
      {},
      { layout: 'spiral', maxNodes: 'many', pinned: [1], pinnedIn: 'huge', edgeMetric: null },
    ]) {
      expect(normalizeOptions(saved)).toEqual(DEFAULT_OPTIONS);
    }
  });

  it('hold numbers to their limits and drop broken positions', () => {
    const options = normalizeOptions({
      maxNodes: 1e9,
      errorRateBad: -1,
      pinned: {
        force: { at: { a: { x: 1, y: 2 }, b: { x: 'left', y: 2 }, c: null, d: { x: NaN, y: 0 } }, in: 'huge' },
      },
    });
    expect(options.maxNodes).toBe(5000);
    expect(options.errorRateBad).toBe(0);
    expect(options.pinned).toEqual({ force: { at: { a: { x: 1, y: 2 } } } });
  });

  it('stay as they are when whole', () => {
    const whole: GraphOptions = {
      ...DEFAULT_OPTIONS,
      layout: 'force',
      edgeLabels: ['p95'],
      collapsed: ['team-a'],
      pinned: { force: { at: { a: { x: 1, y: 2 } }, in: '2x250000' }, radial: { at: { b: { x: 3, y: 4 } } } },
    };
    expect(migrateOptions({ options: migrateOptions({ options: whole }) })).toEqual(whole);
  });

  it('of version 1 keep their pinned positions, for the layout they were made in', () => {
    const old = { version: 1, layout: 'force', pinned: { a: { x: 1, y: 2 } }, pinnedIn: '2x250000', maxNodes: 300 };
    expect(normalizeOptions(old)).toEqual({
      ...DEFAULT_OPTIONS,
      layout: 'force',
      maxNodes: 300,
      pinned: { force: { at: { a: { x: 1, y: 2 } }, in: '2x250000' } },
    });
  });

  it('keep the layout of Grafana’s node graph', () => {
    expect(takeOver({ options: DEFAULT_OPTIONS }, 'nodeGraph', { layoutAlgorithm: 'force' }).layout).toBe('force');
    expect(takeOver({ options: DEFAULT_OPTIONS }, 'timeseries', { layoutAlgorithm: 'force' }).layout).toBe('layered');
  });
});
