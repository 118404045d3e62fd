import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { GraphEdge, GraphModel, GraphNode } from '../data/model';
import type { Adjacency } from '../render/describe';
import { STATUS_NAMES } from '../render/shapes';
import { StatusIcon } from '../render/StatusBadge';
import type { Selection } from '../selection';

interface Props {
  model: GraphModel;
  graph: Adjacency;
  /** Ids of the nodes to list, undefined for all. */
  matches: ReadonlySet<string> | undefined;
  onSelect: (selection: Selection) => void;
}

const NONE = '–';

/** The same graph as two tables, for reading, copying and screen readers. */
export function TableView({ model, graph, matches, onSelect }: Props) {
  const styles = useStyles2(getStyles);
  const nodes = model.nodes.filter((node) => matches?.has(node.id) ?? true);
  const edges = model.edges.filter(
    (edge) => matches === undefined || matches.has(edge.source) || matches.has(edge.target)
  );
  const title = (id: string) => graph.getNodeAttribute(id, 'title');
  const pick = (selection: Selection, text: string) => (
    <button type="button" className={styles.link} onClick={() => onSelect(selection)}>
      {text}
    </button>
  );
  const plain = !model.edges.some(({ metrics }) => metrics.rate ?? metrics.errorRate ?? metrics.p95);
  return (
    // A scroll area has to be reachable by keyboard.
    <div className={styles.scroll} tabIndex={0} role="region" aria-label="Graph as tables">
      <table className={styles.table}>
        <caption>Nodes ({nodes.length})</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Kind</th>
            <th scope="col">Status</th>
            <th scope="col">Score</th>
            <th scope="col">In</th>
            <th scope="col">Out</th>
            <th scope="col">Values</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <tr key={node.id}>
              <th scope="row">{pick({ kind: 'node', id: node.id }, node.title)}</th>
              <td>{[node.kind, node.external ? 'external' : ''].filter((part) => part !== '').join(', ') || NONE}</td>
              <td>
                {node.status === undefined ? (
                  NONE
                ) : (
                  <span className={styles.status}>
                    <StatusIcon status={node.status} />
                    {STATUS_NAMES[node.status]}
                  </span>
                )}
              </td>
              <td className={styles.number}>{node.score?.text ?? NONE}</td>
              <td className={styles.number}>{graph.inDegree(node.id)}</td>
              <td className={styles.number}>{graph.outDegree(node.id)}</td>
              <td>{valuesOf(node)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table className={styles.table}>
        <caption>Edges ({edges.length})</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Origin</th>
            <th scope="col">{plain ? 'Main' : 'Rate'}</th>
            <th scope="col">{plain ? 'Secondary' : 'Errors'}</th>
            <th scope="col">p95</th>
          </tr>
        </thead>
        <tbody>
          {edges.map((edge) => (
            <tr key={edge.id}>
              <th scope="row">{pick({ kind: 'edge', id: edge.id }, title(edge.source))}</th>
              <td>{title(edge.target)}</td>
              <td>
                {[edge.relation, edge.declared ? 'declared' : 'observed'].filter((part) => part !== '').join(', ')}
              </td>
              <Cells edge={edge} plain={plain} />
            </tr>
          ))}
        </tbody>
      </table>
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
  return node.details.map((detail) => `${detail.label}: ${detail.text}`).join(', ') || NONE;
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
