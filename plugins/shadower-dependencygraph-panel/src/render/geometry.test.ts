import type { GraphEdge } from '../data/model';
import { fit, reveal, zoomAt } from './camera';
import { routeEdges } from './geometry';
import { labelsWithRoom, Occupancy } from './occupancy';

const edge = (id: string, source: string, target: string): GraphEdge => ({
  id,
  source,
  target,
  relation: '',
  declared: false,
  mainStat: '',
  secondaryStat: '',
  metrics: {},
  details: () => [],
  absent: false,
});
const NO_ROUTES = { positions: {}, routes: {}, width: 0, height: 0 };
const AT = new Map([
  ['a', { x: 0, y: 0 }],
  ['b', { x: 300, y: 0 }],
]);
const tip = (arrow: string) => arrow.slice(1, arrow.indexOf('L')).split(',').map(Number);

describe('routing edges', () => {
  it('ends at the target’s ring, pointing at it', () => {
    const routes = routeEdges([edge('1', 'a', 'b')], AT, NO_ROUTES, new Set());
    const [x, y] = tip(routes.get('1')?.arrow ?? '');
    expect(x).toBeCloseTo(300 - 33);
    expect(y).toBeCloseTo(0);
  });

  it('bows parallel and opposite edges apart, each on its own side', () => {
    const routes = routeEdges(
      [edge('1', 'a', 'b'), edge('2', 'a', 'b'), edge('3', 'b', 'a')],
      AT,
      NO_ROUTES,
      new Set()
    );
    const heights = ['1', '2', '3'].map((id) => routes.get(id)?.label.y ?? NaN);
    expect(new Set(heights.map((y) => Math.round(y))).size).toBe(3);
  });

  it('draws each self-loop above the one before', () => {
    const routes = routeEdges([edge('1', 'a', 'a'), edge('2', 'a', 'a')], AT, NO_ROUTES, new Set());
    expect(routes.get('2')?.label.y).toBeLessThan(routes.get('1')?.label.y ?? NaN);
  });

  it('follows the layout’s route until a node was moved', () => {
    const layout = { ...NO_ROUTES, routes: { 1: { bends: [{ x: 150, y: 90 }], label: { x: 150, y: 90 } } } };
    expect(routeEdges([edge('1', 'a', 'b')], AT, layout, new Set()).get('1')?.label).toEqual({ x: 150, y: 90 });
    expect(routeEdges([edge('1', 'a', 'b')], AT, layout, new Set(['b'])).get('1')?.label.y).toBe(0);
  });

  it('gives finite paths even for nodes on the same spot', () => {
    const same = new Map([
      ['a', { x: 5, y: 5 }],
      ['b', { x: 5, y: 5 }],
    ]);
    const { path, arrow } = routeEdges([edge('1', 'a', 'b')], same, NO_ROUTES, new Set()).get('1') ?? {
      path: 'NaN',
      arrow: '',
    };
    expect(path + arrow).not.toMatch(/NaN|Infinity/);
  });
});

describe('labels', () => {
  it('go where they cover neither a node nor a label before them, or are dropped', () => {
    const rect = (x: number) => ({ x, y: 0, width: 10, height: 10 });
    const occupancy = new Occupancy(8);
    occupancy.take(rect(45));
    const kept = labelsWithRoom(
      [
        { id: 'a', places: [rect(0)] },
        { id: 'b', places: [rect(5)] },
        { id: 'c', places: [rect(20)] },
        { id: 'd', places: [rect(40), rect(60)] },
      ],
      occupancy
    );
    expect([...kept].map(([id, { x }]) => [id, x])).toEqual([
      ['a', 0],
      ['c', 20],
      ['d', 60],
    ]);
  });
});

describe('camera', () => {
  it('fits everything, and enlarges little things only so far', () => {
    expect(fit({ x: 0, y: 0, width: 1000, height: 100 }, 520, 500, 10)).toMatchObject({ k: 0.5, x: 10 });
    expect(fit({ x: 0, y: 0, width: 10, height: 10 }, 500, 500, 10).k).toBe(1.25);
  });

  it('zooms around the pointer', () => {
    const before = { x: 10, y: 20, k: 1 };
    const after = zoomAt(before, 2, { x: 100, y: 100 });
    expect((100 - after.x) / after.k).toBeCloseTo((100 - before.x) / before.k);
  });

  it('reveals a point, and keeps still when it is in view', () => {
    const camera = { x: 0, y: 0, k: 1 };
    expect(reveal(camera, { x: 50, y: 50 }, 100, 100, 10)).toBe(camera);
    expect(reveal(camera, { x: 200, y: 50 }, 100, 100, 10)).toEqual({ x: -110, y: 0, k: 1 });
  });
});
