import { createTheme, FieldType, toDataFrame } from '@grafana/data';
import { buildGraph } from './buildGraph';

const SETTINGS = { theme: createTheme(), groupBy: '', scoreHealthy: 90, scoreDegraded: 70 };

function frame(name: string, of: Record<string, unknown[]>, time?: number[]) {
  return toDataFrame({
    name,
    fields: [
      ...(time === undefined ? [] : [{ name: 'time', type: FieldType.time, values: time, config: {} }]),
      ...Object.entries(of).map(([field, values]) => ({
        name: field,
        values,
        type: values.some((v) => typeof v === 'number') ? FieldType.number : FieldType.string,
        config: {},
      })),
    ],
  });
}

describe('the previous period', () => {
  it('in columns: new, lost, worse, better, same, and not comparable', () => {
    const { edges, hasPrevious } = buildGraph(
      [
        frame('edges', {
          id: ['1', '2', '3', '4', '5', '6'],
          source: ['a', 'a', 'a', 'a', 'a', 'a'],
          target: ['b', 'c', 'd', 'e', 'f', 'g'],
          rate: [5, null, 5, 5, 5, 5],
          previous_rate: [null, 5, 5, 5, 5, 5],
          error_rate: [0, null, 0.02, 0, 0.001, null],
          previous_error_rate: [null, 0, 0.01, 0.02, 0, 0.1],
          p95_ms: [10, null, 50, 80, 101, null],
          previous_p95_ms: [null, 10, 90, 80, 100, null],
        }),
      ],
      SETTINGS
    );
    expect(hasPrevious).toBe(true);
    expect(edges.map((edge) => edge.change)).toEqual(['new', 'lost', 'worse', 'better', 'same', 'unknown']);
  });

  it('in frames of their own: what is gone is kept as lost, what came is new', () => {
    const { nodes, edges } = buildGraph(
      [
        frame('nodes', { id: ['a', 'b'], score: [90, 40] }),
        frame('edges', { id: ['ab'], source: ['a'], target: ['b'], rate: [1] }),
        frame('previous_nodes', { id: ['a', 'old'], score: [91, 80] }),
        frame('previous_edges', { id: ['ao'], source: ['a'], target: ['old'], rate: [3] }),
      ],
      SETTINGS
    );
    expect(nodes.map((node) => [node.id, node.change, node.absent])).toEqual([
      ['a', 'same', false],
      ['b', 'new', false],
      ['old', 'lost', true],
    ]);
    expect(edges.map((edge) => [edge.id, edge.change])).toEqual([
      ['ab', 'new'],
      ['ao', 'lost'],
    ]);
    // What is gone has no health now: unknown, not what it was.
    expect(nodes[2]).toMatchObject({ status: 'unknown', score: undefined });
  });
});

describe('rows with times', () => {
  const frames = [
    frame('nodes', { id: ['a', 'b', 'a', 'b', 'c'], score: [90, 80, 50, 81, 99] }, [1000, 1000, 2000, 2000, 2000]),
    frame('edges', { source: ['a', 'a'], target: ['b', 'b'], rate: [1, 9] }, [1000, 2000]),
  ];

  it('show the last time first, and every other with the same things in it', () => {
    const last = buildGraph(frames, SETTINGS);
    expect(last.times).toEqual([1000, 2000]);
    expect(last.nodes.map((node) => [node.id, node.score?.value, node.absent])).toEqual([
      ['a', 50, false],
      ['b', 81, false],
      ['c', 99, false],
    ]);
    const first = buildGraph(frames, { ...SETTINGS, at: 1000 });
    expect(first.nodes.map((node) => [node.id, node.score?.value, node.absent])).toEqual([
      ['a', 90, false],
      ['b', 80, false],
      ['c', undefined, true],
    ]);
    expect(first.edges.map((edge) => [edge.id, edge.metrics.rate?.value])).toEqual([['a → b', 1]]);
  });

  it('give a history with gaps as gaps', () => {
    const { history } = buildGraph(frames, SETTINGS);
    expect(history('node', 'c').map(({ values }) => values)).toEqual([[null, 99]]);
    expect(history('edge', 'a → b').map(({ values }) => values)).toEqual([[1, 9]]);
  });
});
