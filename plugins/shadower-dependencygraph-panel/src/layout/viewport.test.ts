import { parseViewport, viewportOf } from './viewport';

describe('viewport classes', () => {
  it('are the same for panels of about the same shape and size', () => {
    const names = [
      [770, 376],
      [740, 376],
      [800, 376],
      [770, 360],
      [770, 396],
    ].map(([width, height]) => viewportOf(width, height).name);
    expect(new Set(names).size).toBe(1);
    expect(viewportOf(380, 236).name).not.toBe(names[0]);
  });

  it('have about the shape and size of what they stand for', () => {
    for (const [width, height] of [
      [770, 376],
      [380, 236],
      [1500, 436],
      [400, 700],
    ]) {
      const { width: w, height: h } = viewportOf(width, height);
      expect(Math.abs(Math.log(w / h / (width / height)))).toBeLessThan(0.2);
      expect(Math.abs(Math.log((w * h) / (width * height)))).toBeLessThan(0.5);
    }
  });

  it('stick near their border, so that a few pixels to and fro change nothing', () => {
    // Half-way between the aspects 1.4 and 2.
    const [left, right] = [viewportOf(660, 400), viewportOf(680, 400)];
    expect(left.name).not.toBe(right.name);
    expect(viewportOf(680, 400, left.name).name).toBe(left.name);
    expect(viewportOf(660, 400, right.name).name).toBe(right.name);
    expect(viewportOf(900, 400, left.name).name).toBe(viewportOf(900, 400).name);
  });

  it('are found by name, and nothing else is', () => {
    const { name, width, height } = viewportOf(770, 376);
    expect(parseViewport(name)).toEqual({ name, width, height });
    for (const other of [undefined, null, 7, '', 'x', '2', '2x250000x1', '3x250000', '__proto__']) {
      expect(parseViewport(other)).toBeUndefined();
    }
  });

  it('exist for a panel without any room', () => {
    expect(viewportOf(0, 0).width).toBeGreaterThan(0);
    expect(viewportOf(300, 0).height).toBeGreaterThan(0);
  });
});
