import { LayoutService } from './layoutService';
import { runLayout } from './runLayout';
import type { LayoutInput } from './types';

const ids = Array.from({ length: 40 }, (_, i) => `n${i}`);
const INPUT: LayoutInput = {
  algorithm: 'layered',
  direction: 'LR',
  viewport: { width: 707, height: 354 },
  nodes: ids.map((id) => ({ id, width: 80, height: 80 })),
  edges: ids.slice(1).map((id, i) => ({ id: `e${i}`, source: ids[Math.floor(i / 2)], target: id })),
};

/** A worker that fails the way browsers report a blocked or missing script. */
class FailingWorker {
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: { preventDefault: () => void }) => void) | null = null;
  terminate = jest.fn();
  postMessage() {
    setTimeout(() => this.onerror?.({ preventDefault: () => undefined }), 0);
  }
}

/** A worker that does its work. */
class WorkingWorker extends FailingWorker {
  postMessage(request?: { id: number; input: LayoutInput }) {
    const answer = { id: request?.id, result: runLayout(request?.input ?? INPUT) };
    setTimeout(() => this.onmessage?.(new MessageEvent('message', { data: answer })), 0);
  }
}

describe('LayoutService', () => {
  const original = globalThis.Worker;
  beforeEach(() => {
    globalThis.Worker = FailingWorker as unknown as typeof Worker;
  });
  afterEach(() => {
    globalThis.Worker = original;
  });

  it('gives what the worker answers, and asks once for the same topology', async () => {
    const start = jest.fn(() => new WorkingWorker() as unknown as Worker);
    const service = new LayoutService(start);
    const first = await service.run(INPUT);
    expect(first).toEqual(runLayout(INPUT));
    expect(await service.run({ ...INPUT })).toBe(first);
    expect(start).toHaveBeenCalledTimes(1);
  });

  it('does the work itself when the worker fails', async () => {
    const service = new LayoutService(() => new FailingWorker() as unknown as Worker);
    expect(await service.run(INPUT)).toEqual(runLayout(INPUT));
  });

  it('does the work itself when no worker may be started', async () => {
    const service = new LayoutService(() => {
      throw new DOMException('blocked', 'SecurityError');
    });
    expect(await service.run(INPUT)).toEqual(runLayout(INPUT));
  });
});
