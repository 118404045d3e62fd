import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { useMemo } from 'react';
import type { Adjacency } from '../analysis/graphs';
import type { GraphModel } from '../data/model';
import { edgeLabel } from '../render/describe';
import { StatusIcon } from '../render/StatusBadge';
import type { Selection } from '../selection';
import type { Point } from '../types';
import { changeName, statusName } from '../words';
import { Histories } from './Histories';

interface Props {
  model: GraphModel;
  graph: Adjacency;
  of: Selection;
  at: Point;
  width: number;
  height: number;
  /** Position of the time looked at among the model's times. */
  timeIndex: number;
  comparing: boolean;
}

const CARD = { width: 260, height: 150, away: 14 };

/** A short card beside the pointer. The details, which keyboards reach too, have all of it. */
export function HoverCard({ model, graph, of, at, width, height, timeIndex, comparing }: Props) {
  const styles = useStyles2(getStyles);
  const histories = useMemo(() => (model.times.length > 1 ? model.history(of.kind, of.id) : []), [model, of]);
  if (of.kind === 'node' ? !graph.hasNode(of.id) : !graph.hasEdge(of.id)) {
    return null;
  }
  const left = at.x + CARD.away + CARD.width > width ? at.x - CARD.away - CARD.width : at.x + CARD.away;
  const above = at.y + CARD.height > height;
  return (
    <div
      className={styles.card}
      style={{
        left: Math.max(0, left),
        ...(above ? { bottom: height - at.y + CARD.away } : { top: at.y + CARD.away }),
      }}
      aria-hidden="true"
      data-hover=""
    >
      {of.kind === 'node' ? (
        <NodeLines graph={graph} id={of.id} comparing={comparing} />
      ) : (
        <EdgeLines graph={graph} id={of.id} comparing={comparing} />
      )}
      <Histories histories={histories} at={timeIndex} />
    </div>
  );
}

interface LinesProps {
  graph: Adjacency;
  id: string;
  comparing: boolean;
}

function NodeLines({ graph, id, comparing }: LinesProps) {
  const styles = useStyles2(getStyles);
  const node = graph.getNodeAttributes(id);
  const kind = [
    node.subtitle,
    node.kind === node.subtitle ? '' : node.kind,
    node.group === node.title ? '' : node.group,
  ];
  return (
    <>
      <strong className={styles.title}>{node.title}</strong>
      {node.status !== undefined && (
        <div className={styles.status}>
          <StatusIcon status={node.status} />
          {[statusName(node.status), node.score?.text ?? ''].filter((part) => part !== '').join(' · ')}
        </div>
      )}
      <div className={styles.faint}>{kind.filter((part) => part !== '').join(' · ')}</div>
      {comparing && node.change !== undefined && <div>{changeName(node.change)}</div>}
    </>
  );
}

function EdgeLines({ graph, id, comparing }: LinesProps) {
  const styles = useStyles2(getStyles);
  const edge = graph.getEdgeAttributes(id);
  const before =
    edge.previous === undefined
      ? ''
      : edgeLabel({ ...edge, metrics: edge.previous.metrics }, ['rate', 'errors', 'p95']);
  return (
    <>
      <strong className={styles.title}>
        {graph.getNodeAttribute(edge.source, 'title')} → {graph.getNodeAttribute(edge.target, 'title')}
      </strong>
      <div>{edgeLabel(edge, ['rate', 'errors', 'p95'])}</div>
      <div className={styles.faint}>{edge.relation}</div>
      {comparing && edge.change !== undefined && (
        <div>
          {changeName(edge.change)}
          {before === '' ? '' : ` ← ${before}`}
        </div>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    position: 'absolute',
    zIndex: 3,
    width: 'max-content',
    maxWidth: CARD.width,
    padding: theme.spacing(0.75, 1),
    pointerEvents: 'none',
    borderRadius: theme.shape.radius.default,
    border: `1px solid ${theme.colors.border.weak}`,
    background: theme.colors.background.elevated ?? theme.colors.background.secondary,
    boxShadow: theme.shadows.z2,
    fontSize: theme.typography.bodySmall.fontSize,
    '& > div:empty': { display: 'none' },
  }),
  title: css({ overflowWrap: 'anywhere' }),
  status: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5) }),
  faint: css({ color: theme.colors.text.secondary }),
});
