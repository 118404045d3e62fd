import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Adjacency } from '../analysis/graphs';
import type { GraphEdge, GraphModel, GraphNode } from '../data/model';
import { StatusIcon } from '../render/StatusBadge';
import type { Selection } from '../selection';
import { changeName, edgesText, nodesText, statusName } from '../words';

interface Props {
  model: GraphModel;
  graph: Adjacency;
  /** Ids of the nodes to list, undefined for all. */
  matches: ReadonlySet<string> | undefined;
  /** Ids of nodes that a filter leaves out, with their edges. */
  hidden: ReadonlySet<string>;
  comparing: boolean;
  onSelect: (selection: Selection) => void;
}

const NONE = '–';
/** Rows drawn at first and more at every request: a browser takes seconds for tens of thousands. */
const ROWS = 500;

/** The same graph as two tables, for reading, copying and screen readers. */
export function TableView({ model, graph, matches, hidden, comparing, onSelect }: Props) {
  const styles = useStyles2(getStyles);
  const [rows, setRows] = useState(ROWS);
  const nodes = model.nodes.filter((node) => (matches?.has(node.id) ?? true) && !hidden.has(node.id));
  const edges = model.edges.filter(
    (edge) =>
      (matches === undefined || matches.has(edge.source) || matches.has(edge.target)) &&
      !hidden.has(edge.source) &&
      !hidden.has(edge.target)
  );
  const rest = Math.max(nodes.length, edges.length) - rows;
  const title = (id: string) => graph.getNodeAttribute(id, 'title');
  const pick = (selection: Selection, text: string) => (
    <button type="button" className={styles.link} onClick={() => onSelect(selection)}>
      {text}
    </button>
  );
  const plain = !model.edges.some(({ metrics }) => metrics.rate ?? metrics.errorRate ?? metrics.p95);
  return (
    // A scroll area has to be reachable by keyboard.
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('table.label', 'Graph as tables')}>
      <table className={styles.table}>
        <caption>{nodesText(nodes.length)}</caption>
        <thead>
          <tr>
            <th scope="col">{t('table.node', 'Node')}</th>
            <th scope="col">{t('table.kind', 'Kind')}</th>
            <th scope="col">{t('table.status', 'Status')}</th>
            <th scope="col">{t('table.score', 'Score')}</th>
            {comparing && <th scope="col">{t('table.change', 'Change')}</th>}
            <th scope="col">{t('table.in', 'In')}</th>
            <th scope="col">{t('table.out', 'Out')}</th>
            <th scope="col">{t('table.values', 'Values')}</th>
          </tr>
        </thead>
        <tbody>
          {nodes.slice(0, rows).map((node) => (
            <tr key={node.id}>
              <th scope="row">{pick({ kind: 'node', id: node.id }, node.title)}</th>
              <td>
                {[node.kind, node.external ? t('details.external', 'external') : '']
                  .filter((part) => part !== '')
                  .join(', ') || NONE}
              </td>
              <td>
                {node.status === undefined ? (
                  NONE
                ) : (
                  <span className={styles.status}>
                    <StatusIcon status={node.status} />
                    {statusName(node.status)}
                  </span>
                )}
              </td>
              <td className={styles.number}>{node.score?.text ?? NONE}</td>
              {comparing && <td>{node.change === undefined ? NONE : changeName(node.change)}</td>}
              <td className={styles.number}>{graph.inDegree(node.id)}</td>
              <td className={styles.number}>{graph.outDegree(node.id)}</td>
              <td>{valuesOf(node)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table className={styles.table}>
        <caption>{edgesText(edges.length)}</caption>
        <thead>
          <tr>
            <th scope="col">{t('table.from', 'From')}</th>
            <th scope="col">{t('table.to', 'To')}</th>
            <th scope="col">{t('table.origin', 'Origin')}</th>
            <th scope="col">{plain ? t('table.main', 'Main') : t('table.rate', 'Rate')}</th>
            <th scope="col">{plain ? t('table.secondary', 'Secondary') : t('table.errors', 'Errors')}</th>
            <th scope="col">{t('table.p95', 'p95')}</th>
            {comparing && <th scope="col">{t('table.change', 'Change')}</th>}
          </tr>
        </thead>
        <tbody>
          {edges.slice(0, rows).map((edge) => (
            <tr key={edge.id}>
              <th scope="row">{pick({ kind: 'edge', id: edge.id }, title(edge.source))}</th>
              <td>{title(edge.target)}</td>
              <td>
                {[edge.relation, edge.declared ? t('table.declared', 'declared') : t('table.observed', 'observed')]
                  .filter((part) => part !== '')
                  .join(', ')}
              </td>
              <Cells edge={edge} plain={plain} />
              {comparing && <td>{edge.change === undefined ? NONE : changeName(edge.change)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && (
        <Button size="sm" variant="secondary" onClick={() => setRows(rows + ROWS)}>
          {t('table.more', 'Show more rows ({{count}} left)', { count: rest })}
        </Button>
      )}
    </div>
  );
}

function Cells({ edge, plain }: { edge: GraphEdge; plain: boolean }) {
  const styles = useStyles2(getStyles);
  const { rate, errorRate, p95 } = edge.metrics;
  const texts = plain ? [edge.mainStat, edge.secondaryStat, ''] : [rate?.text, errorRate?.text, p95?.text];
  return (
    <>
      {texts.map((text, i) => (
        <td key={i} className={styles.number}>
          {text || NONE}
        </td>
      ))}
    </>
  );
}

function valuesOf(node: GraphNode): string {
  return (
    node
      .details()
      .map((detail) => `${detail.label}: ${detail.text || NONE}`)
      .join(', ') || NONE
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ overflow: 'auto', height: '100%' }),
  table: css({
    width: '100%',
    marginBottom: theme.spacing(2),
    fontSize: theme.typography.bodySmall.fontSize,
    '& caption': {
      captionSide: 'top',
      textAlign: 'left',
      color: theme.colors.text.secondary,
      padding: theme.spacing(0.5, 1),
    },
    '& th, & td': {
      padding: theme.spacing(0.5, 1),
      textAlign: 'left',
      borderBottom: `1px solid ${theme.colors.border.weak}`,
    },
    '& thead th': { color: theme.colors.text.secondary, whiteSpace: 'nowrap' },
  }),
  number: css({ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }),
  status: css({ display: 'inline-flex', alignItems: 'center', gap: theme.spacing(0.5) }),
  link: css({
    font: 'inherit',
    background: 'none',
    border: 'none',
    padding: 0,
    color: theme.colors.text.link,
    textAlign: 'left',
    '&:hover': { textDecoration: 'underline' },
  }),
});
