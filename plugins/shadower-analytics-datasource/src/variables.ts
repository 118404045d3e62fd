import {
  CustomVariableSupport,
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  type MetricFindValue,
} from '@grafana/data';
import { map, type Observable } from 'rxjs';
import { VariableEditor } from './components/VariableEditor';
import { type DataSource } from './datasource';
import { SCHEMA_VERSION, type ShadowerQuery } from './types';

/** Template variables are `values` queries; their parameters may hold other variables, so they chain. */
export class VariableSupport extends CustomVariableSupport<DataSource, ShadowerQuery> {
  editor = VariableEditor;

  constructor(private readonly datasource: DataSource) {
    super();
  }

  getDefaultQuery(): Partial<ShadowerQuery> {
    return { schemaVersion: SCHEMA_VERSION, query: '' };
  }

  query(request: DataQueryRequest<ShadowerQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map((t) => ({ ...t, refId: t.refId || 'variable' }));
    return this.datasource
      .query({ ...request, targets })
      .pipe(map((response) => ({ ...response, data: toChoices(response.data) })));
  }
}

/** Column `value`, shown as `label` where there is one. */
export function toChoices(frames: DataFrame[]): MetricFindValue[] {
  return frames.flatMap((frame) => {
    const values = frame.fields.find((f) => f.name === 'value')?.values ?? [];
    const labels = frame.fields.find((f) => f.name === 'label')?.values ?? [];
    return Array.from(values, (value, i): MetricFindValue => {
      const label: unknown = labels[i];
      return { text: typeof label === 'string' && label !== '' ? label : String(value), value: String(value) };
    });
  });
}
