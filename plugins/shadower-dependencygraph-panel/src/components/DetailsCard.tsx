import { css, cx } from '@emotion/css';
import type { GrafanaTheme2, LinkModel } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, IconButton, useStyles2 } from '@grafana/ui';
import React, { useMemo } from 'react';
import type { Adjacency } from '../analysis/graphs';
import type { Change, Detail, GraphEdge, GraphModel, Previous } from '../data/model';
import { edgeLabel } from '../render/describe';
import { StatusIcon } from '../render/StatusBadge';
import type { Selection } from '../selection';
import { changeName, RAW, statusName } from '../words';
import { Histories } from './Histories';

/** Width of the card beside the graph, in theme spacing units. */
export const CARD_UNITS = 36;

/** Members of a group listed; the table has all. */
const MEMBERS_LISTED = 20;

interface Props {
  model: GraphModel;
  graph: Adjacency;
  selection: Selection;
  onSelect: (selection: Selection | undefined) => void;
  onOpenGroup: (group: string) => void;
  /** Position of the time looked at among the model's times. */
  timeIndex: number;
  comparing: boolean;
  /** At the bottom instead of at the side, for narrow panels. */
  below: boolean;
}

/** Everything known about the selected node or edge, with its data links and its neighbours. */
export function DetailsCard(props: Props) {
  const { model, graph, selection, onSelect, onOpenGroup, below, timeIndex, comparing } = props;
  const styles = useStyles2(getStyles);
  const histories = useMemo(
    () => (model.times.length > 1 ? model.history(selection.kind, selection.id) : []),
    [model, selection]
  );
  const isNode = selection.kind === 'node';
  const title = isNode ? graph.getNodeAttribute(selection.id, 'title') : edgeTitle(graph, selection.id);
  return (
    <section
      className={cx(styles.card, below ? styles.below : styles.beside)}
      aria-label={t('details.label', 'Details of {{title}}', { title, ...RAW })}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onSelect(undefined);
        }
      }}
    >
      <header className={styles.header}>
        <h3 className={styles.title}>{title}</h3>
        <IconButton name="times" tooltip={t('details.close', 'Close details')} onClick={() => onSelect(undefined)} />
      </header>
      {isNode ? (
        <NodeDetails
          graph={graph}
          id={selection.id}
          onSelect={onSelect}
          onOpenGroup={onOpenGroup}
          comparing={comparing}
        />
      ) : (
        <EdgeDetails graph={graph} id={selection.id} onSelect={onSelect} comparing={comparing} />
      )}
      <Histories histories={histories} at={timeIndex} />
    </section>
  );
}

function edgeTitle(graph: Adjacency, id: string): string {
  const [source, target] = graph.extremities(id);
  return `${graph.getNodeAttribute(source, 'title')} → ${graph.getNodeAttribute(target, 'title')}`;
}

type PartProps = Pick<Props, 'graph' | 'onSelect' | 'comparing'> & { id: string };

function NodeDetails({ graph, id, onSelect, onOpenGroup, comparing }: PartProps & Pick<Props, 'onOpenGroup'>) {
  const styles = useStyles2(getStyles);
  const node = graph.getNodeAttributes(id);
  return (
    <>
      {node.status !== undefined && (
        <p className={styles.status}>
          <StatusIcon status={node.status} size={16} />
          <span>
            <strong>{statusName(node.status)}</strong>
            {node.members !== undefined
              ? `, ${t('details.worst', 'the worst of its members')}`
              : node.score === undefined
                ? `, ${t('details.no-score', 'no score')}`
                : `, ${t('details.score', 'score {{score}} of 100', { score: node.score.text, ...RAW })}`}
          </span>
        </p>
      )}
      <p className={styles.subtitle}>
        {[
          node.subtitle,
          node.subtitle === node.kind ? '' : node.kind,
          node.group === '' || node.group === node.title || node.group === node.kind ? '' : node.group,
          node.external ? t('details.external', 'external') : '',
          node.implied ? t('details.implied', 'named by an edge only: no row describes it') : '',
          node.absent ? t('details.absent', 'no data at this time') : '',
        ]
          .filter((part) => part !== '')
          .join(' · ')}
      </p>
      {comparing && <ChangeLine change={node.change} previous={node.previous} />}
      <Values
        details={[
          ...(node.title === node.id || node.members !== undefined
            ? []
            : [{ label: 'id', text: node.id, links: () => [] }]),
          ...node.details(),
        ]}
      />
      {node.members !== undefined && (
        <>
          <Button size="sm" variant="secondary" icon="layer-group" onClick={() => onOpenGroup(node.group)}>
            {t('menu.open-group', 'Open group')}
          </Button>
          <p className={styles.subtitle}>
            {node.members
              .slice(0, MEMBERS_LISTED)
              .map((member) => member.title)
              .join(', ')}
            {node.members.length > MEMBERS_LISTED && ' …'}
          </p>
        </>
      )}
      <Neighbours
        heading={t('details.called-by', 'Called by')}
        edges={graph.mapInEdges(id, (_id, edge) => edge)}
        end="source"
        graph={graph}
        onSelect={onSelect}
      />
      <Neighbours
        heading={t('details.calls', 'Calls')}
        edges={graph.mapOutEdges(id, (_id, edge) => edge)}
        end="target"
        graph={graph}
        onSelect={onSelect}
      />
    </>
  );
}

function EdgeDetails({ graph, id, onSelect, comparing }: PartProps) {
  const styles = useStyles2(getStyles);
  const edge = graph.getEdgeAttributes(id);
  return (
    <>
      <p className={styles.subtitle}>
        {[
          edge.relation,
          edge.declared ? t('details.declared', 'declared, not observed') : '',
          edge.absent ? t('details.absent', 'no data at this time') : '',
        ]
          .filter((part) => part !== '')
          .join(' · ')}
      </p>
      {comparing && <ChangeLine change={edge.change} previous={edge.previous} />}
      <Values details={edge.details()} />
      {edge.members !== undefined && <p className={styles.subtitle}>{edgeLabel(edge, ['rate', 'errors', 'p95'])}</p>}
      <ul className={styles.neighbours}>
        {[...new Set([edge.source, edge.target])].map((end) => (
          <li key={end}>
            <button type="button" className={styles.link} onClick={() => onSelect({ kind: 'node', id: end })}>
              {graph.getNodeAttribute(end, 'title')}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** What changed since the previous period, with the values of then. */
function ChangeLine({ change, previous }: { change: Change | undefined; previous: Previous | undefined }) {
  const styles = useStyles2(getStyles);
  if (change === undefined) {
    return null;
  }
  const { rate, errorRate, p95 } = previous?.metrics ?? {};
  const before = [
    previous?.status === undefined ? '' : statusName(previous.status),
    previous?.score?.text ?? '',
    rate?.text ?? '',
    errorRate === undefined ? '' : t('describe.errors', '{{share}} err', { share: errorRate.text, ...RAW }),
    p95 === undefined ? '' : `p95 ${p95.text}`,
  ].filter((part) => part !== '');
  return (
    <p className={styles.status}>
      <strong>{changeName(change)}</strong>
      {before.length > 0 && (
        <span>{t('details.before', 'before: {{values}}', { values: before.join(' · '), ...RAW })}</span>
      )}
    </p>
  );
}

function Values({ details }: { details: Detail[] }) {
  const styles = useStyles2(getStyles);
  return (
    <dl className={styles.values}>
      {details.map((detail, i) => (
        <div key={`${detail.label} ${i}`}>
          <dt>{detail.label}</dt>
          <dd>
            {detail.text || t('details.no-data', 'no data')}
            {detail.links().map((link, j) => (
              <DataLink key={j} link={link} />
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function DataLink({ link }: { link: LinkModel }) {
  const styles = useStyles2(getStyles);
  return (
    <a
      className={cx(styles.link, styles.dataLink)}
      href={link.href}
      target={link.target}
      rel="noopener noreferrer"
      onClick={link.onClick === undefined ? undefined : (event) => link.onClick?.(event)}
    >
      {link.title || link.href}
    </a>
  );
}

interface NeighboursProps {
  heading: string;
  edges: GraphEdge[];
  end: 'source' | 'target';
  graph: Adjacency;
  onSelect: Props['onSelect'];
}

function Neighbours({ heading, edges, end, graph, onSelect }: NeighboursProps) {
  const styles = useStyles2(getStyles);
  if (edges.length === 0) {
    return null;
  }
  return (
    <>
      <h4 className={styles.heading}>
        {heading} ({edges.length})
      </h4>
      <ul className={styles.neighbours}>
        {edges.map((edge) => {
          const title = graph.getNodeAttribute(edge[end], 'title');
          const values =
            edgeLabel(edge, ['rate', 'errors', 'p95']) ||
            (edge.declared ? t('details.declared-short', 'declared') : t('details.edge', 'details'));
          return (
            <li key={edge.id}>
              <button type="button" className={styles.link} onClick={() => onSelect({ kind: 'node', id: edge[end] })}>
                {title}
              </button>
              <button
                type="button"
                className={cx(styles.link, styles.edgeLink)}
                aria-label={`${heading} ${title}: ${values}`}
                onClick={() => onSelect({ kind: 'edge', id: edge.id })}
              >
                {values}
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    position: 'absolute',
    zIndex: 2,
    right: 0,
    overflow: 'auto',
    padding: theme.spacing(1, 1.5, 1.5),
    borderRadius: theme.shape.radius.default,
    border: `1px solid ${theme.colors.border.medium}`,
    background: theme.colors.background.elevated ?? theme.colors.background.primary,
    boxShadow: theme.shadows.z2,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
  beside: css({ top: 0, width: theme.spacing(CARD_UNITS), maxWidth: '50%', maxHeight: '100%' }),
  below: css({ bottom: 0, left: 0, maxHeight: '60%' }),
  header: css({ display: 'flex', alignItems: 'flex-start', justifyContent: 'space-between', gap: theme.spacing(1) }),
  title: css({ fontSize: theme.typography.h5.fontSize, margin: 0, overflowWrap: 'anywhere' }),
  status: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5), margin: theme.spacing(0.5, 0) }),
  subtitle: css({ color: theme.colors.text.secondary, margin: theme.spacing(0, 0, 1), '&:empty': { display: 'none' } }),
  heading: css({
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
    margin: theme.spacing(1, 0, 0.5),
  }),
  values: css({
    margin: 0,
    '& > div': {
      display: 'flex',
      justifyContent: 'space-between',
      gap: theme.spacing(2),
      padding: theme.spacing(0.25, 0),
      borderBottom: `1px solid ${theme.colors.border.weak}`,
    },
    '& dt': { color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightRegular },
    '& dd': { margin: 0, textAlign: 'right', overflowWrap: 'anywhere', fontVariantNumeric: 'tabular-nums' },
  }),
  neighbours: css({
    listStyle: 'none',
    margin: theme.spacing(0.5, 0, 0),
    '& > li': {
      display: 'flex',
      justifyContent: 'space-between',
      gap: theme.spacing(1),
      padding: theme.spacing(0.25, 0),
    },
  }),
  link: css({
    font: 'inherit',
    flex: '1 1 40%',
    background: 'none',
    border: 'none',
    padding: 0,
    textAlign: 'left',
    color: theme.colors.text.link,
    overflowWrap: 'anywhere',
    '&:hover': { textDecoration: 'underline' },
  }),
  edgeLink: css({
    flex: '1 1 60%',
    color: theme.colors.text.secondary,
    textAlign: 'right',
    fontVariantNumeric: 'tabular-nums',
  }),
  dataLink: css({ display: 'block', textAlign: 'right' }),
});
