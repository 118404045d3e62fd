import { t } from '@grafana/i18n';
import { ContextMenu, Menu } from '@grafana/ui';
import React from 'react';
import type { Adjacency } from '../analysis/graphs';
import type { Question } from '../focus';
import type { Selection } from '../selection';
import type { Point } from '../types';
import { RAW } from '../words';

interface Props {
  graph: Adjacency;
  of: Selection | undefined;
  /** A point of the page. */
  at: Point;
  onClose: () => void;
  onSelect: (selection: Selection) => void;
  onQuestion: (question: Question) => void;
  /** The node the user looked at before, from which a path can lead here. */
  pathFrom: string | undefined;
  isPinned: (id: string) => boolean;
  onPin: (id: string, pin: boolean) => void;
  onGroup: (group: string, collapse: boolean) => void;
  /** Name of the dashboard variable a node can be set to, '' for none. */
  variable: string;
  onVariable: (id: string) => void;
  onFit: () => void;
}

/** What can be done with a node, an edge or the graph, where the pointer is. */
export function GraphMenu(props: Props) {
  const { graph, of, at, onClose } = props;
  const exists = of === undefined || (of.kind === 'node' ? graph.hasNode(of.id) : graph.hasEdge(of.id));
  if (!exists) {
    return null;
  }
  return (
    <ContextMenu
      x={at.x}
      y={at.y}
      onClose={onClose}
      renderMenuItems={() =>
        of?.kind === 'node' ? (
          <NodeItems {...props} id={of.id} />
        ) : of?.kind === 'edge' ? (
          <EdgeItems {...props} id={of.id} />
        ) : (
          <GeneralItems {...props} />
        )
      }
    />
  );
}

function NodeItems(props: Props & { id: string }) {
  const { graph, id, onSelect, onQuestion, pathFrom, isPinned, onPin, onGroup, variable, onVariable } = props;
  const node = graph.getNodeAttributes(id);
  const title = (of: string) => graph.getNodeAttribute(of, 'title');
  const collapsed = node.members !== undefined;
  const around = (hops: number, reach: 'up' | 'down' | 'both') => () => {
    onSelect({ kind: 'node', id });
    onQuestion({ kind: 'around', hops, reach });
  };
  return (
    <>
      <Menu.Group label={node.title}>
        <Menu.Item label={t('menu.callers', 'Callers, 3 hops')} icon="arrow-left" onClick={around(3, 'up')} />
        <Menu.Item label={t('menu.called', 'Called, 3 hops')} icon="arrow-right" onClick={around(3, 'down')} />
        <Menu.Item
          label={t('menu.blast', 'Blast radius')}
          icon="fire"
          onClick={() => onQuestion({ kind: 'blast', id })}
        />
        {pathFrom !== undefined && pathFrom !== id && graph.hasNode(pathFrom) ? (
          <Menu.Item
            label={t('menu.path-from', 'Path from {{title}}', { title: title(pathFrom), ...RAW })}
            icon="link"
            onClick={() => onQuestion({ kind: 'path', from: pathFrom, to: id })}
          />
        ) : (
          <Menu.Item
            label={t('menu.path-to', 'Path to another node')}
            icon="link"
            onClick={() => onQuestion({ kind: 'path', from: id })}
          />
        )}
      </Menu.Group>
      <Menu.Group label={t('menu.arrange', 'Arrange')}>
        <Menu.Item
          label={isPinned(id) ? t('menu.unpin', 'Unpin') : t('menu.pin', 'Pin here')}
          icon="map-marker"
          onClick={() => onPin(id, !isPinned(id))}
        />
        {node.group !== '' && (
          <Menu.Item
            label={
              collapsed
                ? t('menu.open-group', 'Open group')
                : t('menu.collapse-group', 'Collapse group {{group}}', { group: node.group, ...RAW })
            }
            icon="layer-group"
            onClick={() => onGroup(node.group, !collapsed)}
          />
        )}
      </Menu.Group>
      {variable !== '' && !collapsed && (
        <Menu.Item
          label={t('menu.variable', 'Set ${{name}}', { name: variable, ...RAW })}
          icon="filter"
          onClick={() => onVariable(id)}
        />
      )}
      <Links details={node.details()} />
    </>
  );
}

function EdgeItems({ graph, id, onSelect }: Props & { id: string }) {
  const edge = graph.getEdgeAttributes(id);
  return (
    <>
      <Menu.Item
        label={t('menu.edge-details', 'Details')}
        icon="info-circle"
        onClick={() => onSelect({ kind: 'edge', id })}
      />
      <Links details={edge.details()} />
    </>
  );
}

function GeneralItems({ onQuestion, onFit }: Props) {
  return (
    <>
      <Menu.Item label={t('toolbar.fit', 'Show all')} icon="expand-arrows" onClick={onFit} />
      <Menu.Item
        label={t('toolbar.critical', 'Critical path')}
        icon="bolt"
        onClick={() => onQuestion({ kind: 'critical' })}
      />
      <Menu.Item
        label={t('toolbar.cuts', 'Single points of failure')}
        icon="exclamation-triangle"
        onClick={() => onQuestion({ kind: 'cuts' })}
      />
    </>
  );
}

function Links({ details }: { details: ReturnType<ReturnType<Adjacency['getNodeAttributes']>['details']> }) {
  const links = details.flatMap((detail) => detail.links());
  return links.length === 0 ? null : (
    <Menu.Group label={t('menu.links', 'Links')}>
      {links.map((link, i) => (
        <Menu.Item
          key={i}
          label={link.title || link.href}
          icon="external-link-alt"
          url={link.href}
          target={link.target}
          onClick={link.onClick === undefined ? undefined : (event) => link.onClick?.(event)}
        />
      ))}
    </Menu.Group>
  );
}
