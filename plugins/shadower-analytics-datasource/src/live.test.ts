import { type DataQueryRequest, type DataQueryResponse, dateTime, LoadingState } from '@grafana/data';
import { type GrafanaLiveSrv, setGrafanaLiveSrv } from '@grafana/runtime';
import { BehaviorSubject, NEVER, of, Subject } from 'rxjs';
import { canBeLive, liveQuery, type LiveSource } from './live';
import { type ShadowerQuery } from './types';

const query: ShadowerQuery = { refId: 'B', schemaVersion: 2, query: 'integration_calls', live: true };
const request = {
  targets: [query],
  intervalMs: 60_000,
  range: { from: dateTime(0), to: dateTime(3_600_000), raw: { from: 'now-1h', to: 'now' } },
} as unknown as DataQueryRequest<ShadowerQuery>;

function setup(connected: boolean, open: LiveSource['open'] = async () => ({ path: 'query/abc', data: { q: 1 } })) {
  const connection = new BehaviorSubject(connected);
  const frames = new Subject<DataQueryResponse>();
  const getDataStream = jest.fn(() => frames);
  setGrafanaLiveSrv({ getConnectionState: () => connection, getDataStream } as unknown as GrafanaLiveSrv);
  const poll = jest.fn((_: DataQueryRequest<ShadowerQuery>) => of({ data: [{ meta: {}, fields: [], length: 0 }] }));
  const seen: DataQueryResponse[] = [];
  const subscription = liveQuery({ uid: 'u', open, poll }, query, request).subscribe((r) => seen.push(r));
  return { connection, frames, getDataStream, poll, seen, subscription };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());
const settle = () => jest.advanceTimersByTimeAsync(0);

describe('a live query', () => {
  it('streams from the channel that the backend names, under its own refId', async () => {
    const { frames, getDataStream, poll, seen } = setup(true);
    await settle();
    expect(getDataStream).toHaveBeenCalledWith(
      expect.objectContaining({ addr: expect.objectContaining({ path: 'query/abc', namespace: 'u', data: { q: 1 } }) })
    );
    frames.next({ data: [{ fields: [], length: 0 }] });
    expect(seen).toHaveLength(1);
    expect(seen[0]?.data[0]).toMatchObject({ refId: 'B' });
    expect(poll).not.toHaveBeenCalled();
  });

  it('polls while the connection is down, with a range that moves, and streams again when it is back', async () => {
    const { connection, getDataStream, poll, seen } = setup(false);
    await settle();
    expect(poll).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(poll).toHaveBeenCalledTimes(2);
    const [first, second] = poll.mock.calls.map(([r]) => r.range.to.valueOf());
    expect(second! - first!).toBe(60_000);
    expect(seen.at(-1)?.state).toBe(LoadingState.Streaming);
    connection.next(true);
    await settle();
    expect(getDataStream).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(300_000);
    expect(poll).toHaveBeenCalledTimes(2);
  });

  it('polls, and says why, when the backend has no stream for it', async () => {
    const { getDataStream, seen } = setup(true, () => Promise.reject(new Error('several parts')));
    await settle();
    expect(getDataStream).not.toHaveBeenCalled();
    expect(seen[0]?.data[0].meta.notices).toEqual([
      { severity: 'info', text: 'Polled instead of streamed: several parts' },
    ]);
  });

  it('ends with the panel', async () => {
    const { poll, subscription } = setup(false);
    await settle();
    subscription.unsubscribe();
    await jest.advanceTimersByTimeAsync(600_000);
    expect(poll).toHaveBeenCalledTimes(1);
  });

  it('does not pile polls up', async () => {
    const { poll } = setup(false);
    poll.mockReturnValue(NEVER);
    await jest.advanceTimersByTimeAsync(600_000);
    // The first is never answered.
    expect(poll).toHaveBeenCalledTimes(1);
  });
});

it('is for ranges that end now', () => {
  expect(canBeLive(request)).toBe(true);
  const past = { ...request, range: { ...request.range, raw: { from: 'now-2h', to: 'now-1h' } } };
  expect(canBeLive(past)).toBe(false);
});
