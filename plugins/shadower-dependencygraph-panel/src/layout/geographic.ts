import type { Geo } from '../data/model';
import type { Point } from '../types';
import { pushApart } from './apart';
import { setOwn } from './components';
import type { GeoFrame, Layout, LayoutInput, LayoutResult } from './types';

/** Mercator ends here; farther towards a pole it has no end. */
const MOST_NORTH = 85;
/** Rim around the outermost places, as a share, and the least extent in degrees: one city need not fill the map. */
const RIM = 0.08;
const LEAST = 2;
/** Free room between a drawing's map and the nodes without a place below it. */
const BELOW = 40;
/** Size of the map in viewports: larger when there is much to place. */
const NODES_PER_VIEWPORT = 30;
const ROUNDS = 60;

/** Nodes with coordinates where they are on Earth (Mercator), pushed apart as far as needed; the others in rows below. */
export const geographic: Layout = (input) => {
  const placed = input.nodes.flatMap((node) => (node.geo === undefined ? [] : [{ ...node, geo: node.geo }]));
  const loose = input.nodes.filter((node) => node.geo === undefined);
  const result: LayoutResult = { positions: {}, routes: {}, width: 0, height: 0 };
  if (placed.length > 0) {
    result.geo = frame(
      placed.map((node) => node.geo),
      input,
      placed.length
    );
    const map = result.geo;
    result.width = map.width;
    result.height = map.height;
    const at = placed.map((node) => project(node.geo, map));
    const x = Float64Array.from(at, (p) => p.x);
    const y = Float64Array.from(at, (p) => p.y);
    pushApart(
      x,
      y,
      Float64Array.from(placed, (node) => Math.max(node.width, node.height) / 2),
      ROUNDS
    );
    placed.forEach(({ id }, i) => setOwn(result.positions, id, { x: x[i], y: y[i] }));
  }
  let x = 0;
  let y = result.height === 0 ? 0 : result.height + BELOW;
  const width = Math.max(result.width, input.viewport.width);
  const line = Math.max(0, ...loose.map((node) => node.height)) + 12;
  for (const node of loose) {
    if (x > 0 && x + node.width > width) {
      x = 0;
      y += line;
    }
    setOwn(result.positions, node.id, { x: x + node.width / 2, y: y + node.height / 2 });
    x += node.width + 12;
    result.width = Math.max(result.width, x);
    result.height = y + line;
  }
  return result;
};

/** The part of the Earth shown, as wide and high in pixels as the viewport is. */
function frame(places: Geo[], input: LayoutInput, count: number): GeoFrame {
  const longitudes = places.map((place) => place.longitude);
  const latitudes = places.map((place) => Math.max(-MOST_NORTH, Math.min(MOST_NORTH, place.latitude)));
  let [west, east] = [Math.min(...longitudes), Math.max(...longitudes)];
  let [south, north] = [Math.min(...latitudes), Math.max(...latitudes)];
  const widen = (low: number, high: number) => {
    const more = Math.max(RIM * (high - low), (LEAST - (high - low)) / 2);
    return [low - more, high + more];
  };
  [west, east] = widen(west, east);
  [south, north] = widen(south, north).map((l) => Math.max(-MOST_NORTH, Math.min(MOST_NORTH, l)));
  const wide = radians(east - west);
  const high = mercator(north) - mercator(south);
  const zoom = Math.max(1, Math.sqrt(count / NODES_PER_VIEWPORT));
  const scale = zoom * Math.min(input.viewport.width / wide, input.viewport.height / high);
  return { west, east, south, north, x: 0, y: 0, width: wide * scale, height: high * scale };
}

/** Where a place is in the drawing. */
export function project({ latitude, longitude }: Geo, map: GeoFrame): Point {
  const lat = Math.max(-MOST_NORTH, Math.min(MOST_NORTH, latitude));
  return {
    x: map.x + (map.width * (longitude - map.west)) / (map.east - map.west),
    y: map.y + (map.height * (mercator(map.north) - mercator(lat))) / (mercator(map.north) - mercator(map.south)),
  };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

function mercator(latitude: number): number {
  return Math.log(Math.tan(Math.PI / 4 + radians(latitude) / 2));
}
