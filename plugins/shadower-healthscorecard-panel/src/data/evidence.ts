import { type DataQuery, type DataSourceRef } from '@grafana/schema';
import { type LinkModel, locationUtil, textUtil, urlUtil } from '@grafana/data';
import { t } from '../i18n';
import { type EntityScore, type Term } from './model';

/** What a link needs to know about the dashboard it stands in. */
export interface LinkContext {
  targets: readonly DataQuery[];
  /** Shown time range, in milliseconds since the epoch. */
  range: { from: number; to: number };
  /** Whether the user may open Explore. */
  explore: boolean;
}

/** Links to what the term's value is made of: the source's evidence, and the data links of the term's fields. */
export function evidenceLinks(e: EntityScore, term: Term, context: LinkContext): LinkModel[] {
  const own = evidenceUrl(e, term, context);
  const links: LinkModel[] = own
    ? [{ href: own, title: t('evidence.title', 'Evidence'), target: '_blank', origin: term }]
    : [];
  for (const { field, row } of term.cells) {
    for (const link of field.getLinks?.({ valueRowIndex: row }) ?? []) {
      const href = textUtil.sanitizeUrl(link.href);
      if (!links.some((x) => x.href === href)) {
        links.push({ ...link, href });
      }
    }
  }
  return links;
}

function evidenceUrl(e: EntityScore, { evidence }: Term, { targets, range, explore }: LinkContext): string | null {
  if (evidence === null) {
    return null;
  }
  if ('url' in evidence) {
    return textUtil.sanitizeUrl(evidence.url);
  }
  const datasource = datasourceOf(targets, evidence.refId);
  if (!explore || !datasource) {
    return null;
  }
  const { query, column, filter } = evidence;
  const pane = {
    datasource: datasource.uid,
    queries: [
      {
        refId: 'A',
        datasource,
        schemaVersion: 1,
        query,
        ...(column ? { columns: [column] } : {}),
        ...(filter ? { params: { [filter]: [e.entity] } } : {}),
      },
    ],
    range: { from: String(range.from), to: String(range.to) },
  };
  const url = urlUtil.renderUrl('/explore', { schemaVersion: 1, panes: JSON.stringify({ evidence: pane }) });
  return locationUtil.assureBaseUrl(url);
}

/** The data source that answered: the query's own, or the only one there is where the frame does not say. */
function datasourceOf(targets: readonly DataQuery[], refId: string | undefined): DataSourceRef | undefined {
  const target = targets.find((x) => x.refId === refId) ?? (targets.length === 1 ? targets[0] : undefined);
  return target?.datasource?.uid ? target.datasource : undefined;
}
