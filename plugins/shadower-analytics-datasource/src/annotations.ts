import { type AnnotationQuery, type AnnotationSupport } from '@grafana/data';
import { AnnotationEditor } from './components/AnnotationEditor';
import { migrateQuery } from './migrate';
import { type CatalogQuery, SCHEMA_VERSION, type ShadowerQuery } from './types';

/** Annotations are tables with a time: findings, deployments, changes. Grafana maps their columns to title, text and tags. */
export const annotationSupport: AnnotationSupport<ShadowerQuery> = {
  QueryEditor: AnnotationEditor,
  // Grafana's own takes a field `query` beside the target for an old format, and drops the target.
  prepareAnnotation: (json: AnnotationQuery<ShadowerQuery>) =>
    json.target ? json : { ...json, target: { refId: 'Anno', schemaVersion: SCHEMA_VERSION, query: '' } },
  prepareQuery: (annotation) =>
    annotation.target && (annotation.target.query || annotation.target.mode)
      ? migrateQuery(annotation.target)
      : undefined,
};

/** Tables that have a time; graphs and scorecards are no events. */
export const forAnnotations = (q: CatalogQuery): boolean =>
  q.kind === 'table' && q.parts.length === 1 && q.parts[0]!.columns.some((c) => c.type === 'time');
