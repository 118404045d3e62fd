import {
  type DataQueryRequest,
  type DataQueryResponse,
  LiveChannelScope,
  LoadingState,
  rangeUtil,
  StreamingFrameAction,
} from '@grafana/data';
import { getGrafanaLiveSrv } from '@grafana/runtime';
import { catchError, distinctUntilChanged, exhaustMap, from, map, type Observable, of, switchMap, timer } from 'rxjs';
import { messageOf } from './catalog';
import { type ShadowerQuery } from './types';

/** The backend asks ClickHouse no more often than this either. */
const FASTEST_POLL_MS = 5000;
/** As many points as a stream can hold; the backend's row limit is what counts. */
const MAX_POINTS = 1_000_000;

interface Channel {
  path: string;
  data: unknown;
}
export interface LiveSource {
  uid: string;
  open(query: ShadowerQuery, request: DataQueryRequest<ShadowerQuery>): Promise<Channel>;
  poll(request: DataQueryRequest<ShadowerQuery>): Observable<DataQueryResponse>;
}

/** Only a range that ends now can be live. */
export const canBeLive = (request: DataQueryRequest<ShadowerQuery>): boolean => request.range?.raw?.to === 'now';

/**
 * One query as a stream of Grafana Live. All who look at it share one reading of the backend's. While the connection is
 * down, or if the stream cannot be opened, the query is polled; Grafana reconnects by itself, and then the stream goes on.
 */
export function liveQuery(
  source: LiveSource,
  query: ShadowerQuery,
  request: DataQueryRequest<ShadowerQuery>
): Observable<DataQueryResponse> {
  const key = `live-${query.refId}`;
  const polled = (notice?: string) =>
    timer(0, Math.max(request.intervalMs, FASTEST_POLL_MS)).pipe(
      // A poll that takes longer than the interval is not overtaken.
      exhaustMap(() => {
        const range = rangeUtil.convertRawToRange(request.range.raw);
        return source.poll({ ...request, range, targets: [query] });
      }),
      map((response) => {
        if (notice && response.data[0]?.meta) {
          const { meta } = response.data[0];
          meta.notices = [...(meta.notices ?? []), { severity: 'info' as const, text: notice }];
        }
        return { ...response, key, state: LoadingState.Streaming };
      })
    );
  const live = getGrafanaLiveSrv();
  if (!live) {
    return polled();
  }
  const streamed = () =>
    from(source.open(query, request)).pipe(
      switchMap((channel) =>
        live.getDataStream({
          key,
          addr: {
            scope: LiveChannelScope.DataSource,
            // Grafana 12 reads `namespace`, 13 `stream`.
            stream: source.uid,
            namespace: source.uid,
            path: channel.path,
            data: channel.data,
          },
          buffer: { maxLength: MAX_POINTS, action: StreamingFrameAction.Replace },
        })
      ),
      map((response) => ({
        ...response,
        key,
        data: response.data.map((frame) => ({ ...frame, refId: query.refId })),
      })),
      catchError((error: unknown) => polled(`Polled instead of streamed: ${messageOf(error)}`))
    );
  return live.getConnectionState().pipe(
    distinctUntilChanged(),
    switchMap((connected) => (connected ? streamed() : polled())),
    catchError((error: unknown) => of({ data: [], key, error: { message: messageOf(error) } }))
  );
}
