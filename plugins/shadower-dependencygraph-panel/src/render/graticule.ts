import { project } from '../layout/geographic';
import type { GeoFrame } from '../layout/types';
import type { Point } from '../types';

/** Distances between lines that are easy to read, in degrees. */
const STEPS = [0.25, 0.5, 1, 2, 5, 10, 15, 30, 45];
const LINES = 8;

/** Meridians and parallels of a map, with their degrees, about as many as can be told apart. */
export function graticule(map: GeoFrame): Array<{ line: Point[]; label: string }> {
  const extent = Math.max(map.east - map.west, map.north - map.south);
  const step = STEPS.find((one) => extent / one <= LINES) ?? STEPS[STEPS.length - 1];
  const values = (low: number, high: number) => {
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step);
  };
  return [
    ...values(map.west, map.east).map((longitude) => ({
      line: [project({ latitude: map.north, longitude }, map), project({ latitude: map.south, longitude }, map)],
      label: degrees(longitude, 'E', 'W'),
    })),
    ...values(map.south, map.north).map((latitude) => ({
      line: [project({ latitude, longitude: map.west }, map), project({ latitude, longitude: map.east }, map)],
      label: degrees(latitude, 'N', 'S'),
    })),
  ];
}

function degrees(value: number, positive: string, negative: string): string {
  return `${Math.abs(value)}°${value === 0 ? '' : value > 0 ? positive : negative}`;
}
