import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { locationService } from '@grafana/runtime';
import { useStyles2, useTheme2 } from '@grafana/ui';
import React, { useCallback, useLayoutEffect, useMemo, useState } from 'react';
import { adjacency, type Lit } from '../analysis/graphs';
import { type GraphModel, type NodeStatus, STATUSES } from '../data/model';
import { download, toPng, toSvg } from '../exportImage';
import { answer, type Question } from '../focus';
import { LAYOUTS } from '../migrations';
import { CameraStore } from '../render/cameraStore';
import { GraphCanvas } from '../render/GraphCanvas';
import { search as findNodes, type Selection } from '../selection';
import type { GraphOptions, Point } from '../types';
import { nodesText, RAW } from '../words';
import { CARD_UNITS, DetailsCard } from './DetailsCard';
import { FocusBar } from './FocusBar';
import { GraphMenu } from './GraphMenu';
import { HoverCard } from './HoverCard';
import { Legend } from './Legend';
import { Message, Waiting } from './Message';
import { Notices } from './Notices';
import { TableView } from './TableView';
import { Toolbar } from './Toolbar';
import { useArrangement } from './useArrangement';
import { useGroups } from './useGroups';
import { useReducedMotion } from './useMotion';
import { useScene } from './useScene';

/** Below these sizes (pixels) the panel leaves out its controls and keeps the graph. */
const ROOMY = { width: 260, height: 180 };
/** Below this width (pixels) the details card lies at the bottom. */
const NARROW = 480;
/** Smaller panels have no room for a minimap. */
const MAPPED = { width: 460, height: 320 };
const AROUND: Question = { kind: 'around', hops: 1, reach: 'both' };

export function isRoomy(width: number, height: number): boolean {
  return width >= ROOMY.width && height >= ROOMY.height;
}

interface Props {
  /** All that the data has. */
  full: GraphModel;
  /** The time looked at, undefined for the last one. */
  at: number | undefined;
  options: GraphOptions;
  width: number;
  height: number;
  onOptionsChange: (options: GraphOptions) => void;
}

type Choice = Partial<Pick<GraphOptions, 'layout' | 'edgeMetric' | 'compare'>>;

/** The saved options with what the toolbar chose, which lasts until the saved one changes and is not written to the dashboard. */
function useChosen(saved: GraphOptions): [GraphOptions, (choice: Choice) => void] {
  const [chosen, setChosen] = useState<{ over: GraphOptions; choice: Choice }>({ over: saved, choice: {} });
  const options = useMemo(() => {
    const kept = Object.entries(chosen.choice).filter(
      ([key]) => chosen.over[key as keyof Choice] === saved[key as keyof Choice]
    );
    return { ...saved, ...Object.fromEntries(kept) };
  }, [saved, chosen]);
  const choose = useCallback(
    (choice: Choice) => setChosen((last) => ({ over: saved, choice: { ...last.choice, ...choice } })),
    [saved]
  );
  return [options, choose];
}

/** The graph with its controls; holds what the user is looking at. */
export function GraphPanel({ full, at, options: saved, width, height, onOptionsChange }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const reducedMotion = useReducedMotion();
  const [options, choose] = useChosen(saved);
  const [camera] = useState(() => new CameraStore());
  const [selection, setSelection] = useState<Selection>();
  const [question, setQuestion] = useState<Question>(AROUND);
  const [query, setQuery] = useState('');
  const [table, setTable] = useState(false);
  const [drag, setDrag] = useState<{ id: string; to: Point }>();
  const [hovered, setHovered] = useState<{ of: Selection; at: Point }>();
  const [menu, setMenu] = useState<{ of: Selection | undefined; at: Point }>();
  const [hiddenStatuses, setHiddenStatuses] = useState<ReadonlySet<NodeStatus>>(() => new Set());
  const [failure, setFailure] = useState<string>();

  const roomy = isRoomy(width, height);
  const grid = theme.spacing.gridSize;
  const showToolbar = options.showToolbar && roomy;
  const showLegend = options.showLegend && roomy && height >= 1.3 * ROOMY.height && !table;
  const bodyHeight = Math.max(1, height - (showToolbar ? grid * 5 : 0) - (showLegend ? grid * 3 : 0));
  const comparing = options.compare && full.hasPrevious;

  const groups = useGroups(full, saved, onOptionsChange);
  const { model } = groups;
  const graph = useMemo(() => adjacency(model), [model]);
  const arranged = useArrangement(model, options, width, bodyHeight, drag);
  const { layout, placement, bounds, pins, viewport } = arranged;

  useLayoutEffect(() => {
    const key = layout.result === undefined ? '' : layout.key;
    camera.setFrame({ key, bounds, width, height: bodyHeight, padding: Math.min(grid, width / 20) });
  }, [camera, layout, bounds, width, bodyHeight, grid]);

  const hidden = useMemo(
    () =>
      new Set(
        model.nodes.flatMap(({ id, status }) => (status !== undefined && hiddenStatuses.has(status) ? [id] : []))
      ),
    [model, hiddenStatuses]
  );
  const found = useMemo(() => findNodes(model, query), [model, query]);
  const matches = useMemo(() => new Set(found), [found]);
  const answered = useMemo(() => answer(graph, question, selection), [graph, question, selection]);
  const lit = useMemo((): Lit | undefined => {
    if (answered !== undefined || query.trim() === '') {
      return answered?.lit;
    }
    const edges = model.edges.filter((e) => matches.has(e.source) && matches.has(e.target));
    return { nodes: matches, edges: new Set(edges.map((e) => e.id)) };
  }, [answered, query, matches, model]);
  // What is gone from the data is not selected any more.
  const selected =
    selection !== undefined && (selection.kind === 'node' ? graph.hasNode(selection.id) : graph.hasEdge(selection.id))
      ? selection
      : undefined;
  const scene = useScene({ model, placement, options, camera, lit, selection: selected, matches, hidden, comparing });

  const clear = () => {
    setSelection(undefined);
    setQuestion((last) => (last.kind === 'around' ? last : AROUND));
  };
  const select = (next: Selection | undefined) => {
    setHovered(undefined);
    if (next === undefined) {
      clear();
      return;
    }
    if (question.kind === 'path' && question.to === undefined && next.kind === 'node' && next.id !== question.from) {
      setQuestion({ ...question, to: next.id });
      return;
    }
    setQuestion((last) => (last.kind === 'around' ? last : AROUND));
    setSelection(next);
    const to = next.kind === 'node' ? placement.positions.get(next.id) : undefined;
    if (to !== undefined) {
      // Out from under the details card.
      const free =
        width < NARROW ? { width, height: bodyHeight * 0.4 } : { width: width - CARD_UNITS * grid, height: bodyHeight };
      camera.reveal(to, free.width, free.height, 6 * grid);
    }
    if (next.kind === 'node' && options.variable !== '' && graph.getNodeAttribute(next.id, 'members') === undefined) {
      setVariable(options.variable, next.id);
    }
  };
  const ask = (next: Question) => {
    setQuestion(next);
    if (next.kind !== 'around') {
      setSelection(undefined);
    }
  };

  const savePins = (positions: Record<string, Point>) => {
    const { [options.layout]: _, ...others } = saved.pinned;
    const pinned =
      Object.keys(positions).length === 0 ? others : { ...others, [options.layout]: { at: positions, in: viewport } };
    onOptionsChange({ ...saved, pinned });
  };
  const pin = (id: string, on: boolean) => {
    const to = placement.positions.get(id);
    const { [id]: _, ...others } = pins.at;
    camera.freeze();
    savePins(on && to !== undefined ? { ...others, [id]: rounded(to) } : others);
  };
  const onDrag = useCallback(
    (id: string, to: Point) => {
      camera.freeze();
      setDrag({ id, to });
    },
    [camera]
  );
  const onDrop = (id: string, to: Point | undefined) => {
    setDrag(undefined);
    if (to !== undefined) {
      savePins({ ...pins.at, [id]: to });
    }
  };

  const exportImage = async (format: 'svg' | 'png') => {
    const title = t('export.title', 'Dependency graph');
    try {
      const content =
        format === 'svg' ? new Blob([toSvg(scene, title)], { type: 'image/svg+xml' }) : await toPng(scene);
      download(content, `dependency-graph.${format}`);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };

  const statuses = STATUSES.filter((status) => model.nodes.some((node) => node.status === status));
  const layouts = LAYOUTS.filter(
    (one) =>
      (one !== 'geographic' || full.nodes.some((node) => node.geo !== undefined)) &&
      (one !== 'grouped' || groups.names.length > 0)
  );
  const notices = [
    ...(failure === undefined
      ? []
      : [
          {
            severity: 'warning' as const,
            text: t('export.failed', 'Export failed: {{reason}}', { reason: failure, ...RAW }),
          },
        ]),
    ...(hidden.size === 0
      ? []
      : [
          {
            severity: 'info' as const,
            text: t('notices.filtered', '{{nodes}} hidden by the filter for health.', {
              nodes: nodesText(hidden.size),
            }),
          },
        ]),
    ...model.notices,
  ];

  let body: React.ReactNode;
  if (table) {
    body = (
      <TableView
        model={model}
        graph={graph}
        matches={query.trim() === '' ? undefined : matches}
        hidden={hidden}
        comparing={comparing}
        onSelect={select}
      />
    );
  } else if (layout.error !== undefined) {
    body = (
      <Message
        icon="exclamation-triangle"
        role="alert"
        title={t('panel.layout-failed', 'The layout failed')}
        text={t('panel.layout-failed-hint', "{{error}}. Try the other layout in the panel's options, or the table.", {
          error: layout.error,
          ...RAW,
        })}
      />
    );
  } else if (layout.result === undefined) {
    body = <Waiting text={t('panel.laying-out', 'Laying out {{nodes}}', { nodes: nodesText(model.nodes.length) })} />;
  } else {
    body = (
      <GraphCanvas
        scene={scene}
        graph={graph}
        camera={camera}
        width={width}
        height={bodyHeight}
        minimap={options.showMinimap && width >= MAPPED.width && bodyHeight >= MAPPED.height}
        animate={options.animate && !reducedMotion && drag === undefined}
        onSelect={select}
        onHover={(of, where) => setHovered(of === undefined ? undefined : { of, at: where })}
        onMenu={(of, where) => {
          setHovered(undefined);
          setMenu({ of, at: where });
        }}
        onDrag={onDrag}
        onDrop={onDrop}
      />
    );
  }

  return (
    <>
      {showToolbar && (
        <div className={styles.toolbar}>
          <Toolbar
            width={width}
            search={query}
            onSearch={setQuery}
            onSearchEnter={() => found.length > 0 && select({ kind: 'node', id: found[0] })}
            matches={query.trim() === '' ? undefined : found.length}
            metric={options.edgeMetric}
            onMetric={(edgeMetric) => choose({ edgeMetric })}
            layout={options.layout}
            layouts={layouts}
            onLayout={(next) => choose({ layout: next })}
            table={table}
            onTable={setTable}
            statuses={statuses}
            hidden={hiddenStatuses}
            onHide={(status) => setHiddenStatuses((last) => toggled(last, status))}
            comparing={comparing}
            onCompare={full.hasPrevious ? () => choose({ compare: !comparing }) : undefined}
            onCritical={() => ask({ kind: 'critical' })}
            onCuts={() => ask({ kind: 'cuts' })}
            onGroups={groups.names.length > 0 ? (close) => groups.collapse(groups.names, close) : undefined}
            pinned={model.nodes.filter((node) => Object.hasOwn(pins.at, node.id)).length}
            onPinAll={() => {
              camera.freeze();
              savePins(Object.fromEntries([...placement.positions].map(([id, p]) => [id, rounded(p)])));
            }}
            onUnpin={() => savePins({})}
            onZoom={(factor) => camera.zoom(factor)}
            onFit={() => camera.reset()}
            onExport={(format) => void exportImage(format)}
          />
        </div>
      )}
      <div className={styles.body} style={{ height: bodyHeight }}>
        {body}
        {roomy && answered !== undefined && !table && (
          <FocusBar
            question={question}
            text={answered.text}
            around={selected?.kind === 'node'}
            onQuestion={ask}
            onClear={clear}
            narrow={width < NARROW}
          />
        )}
        {hovered !== undefined && drag === undefined && roomy && !table && (
          <HoverCard
            model={model}
            graph={graph}
            of={hovered.of}
            at={hovered.at}
            width={width}
            height={bodyHeight}
            timeIndex={timeIndex(full, at)}
            comparing={comparing}
          />
        )}
        {menu !== undefined && (
          <GraphMenu
            graph={graph}
            of={menu.of}
            at={menu.at}
            onClose={() => setMenu(undefined)}
            onSelect={select}
            onQuestion={ask}
            pathFrom={selected?.kind === 'node' ? selected.id : undefined}
            isPinned={(id) => Object.hasOwn(pins.at, id)}
            onPin={pin}
            onGroup={(group, close) => groups.collapse([group], close)}
            variable={options.variable}
            onVariable={(id) => setVariable(options.variable, id)}
            onFit={() => camera.reset()}
          />
        )}
        {selected !== undefined && (
          <DetailsCard
            model={model}
            graph={graph}
            selection={selected}
            onSelect={select}
            onOpenGroup={(group) => groups.collapse([group], false)}
            below={width < NARROW}
            timeIndex={timeIndex(full, at)}
            comparing={comparing}
          />
        )}
        <Notices notices={notices} hiddenNodes={model.hidden.nodes + hidden.size} />
      </div>
      {showLegend && <Legend model={model} options={options} comparing={comparing} />}
    </>
  );
}

function timeIndex({ times }: GraphModel, at: number | undefined): number {
  return at === undefined ? times.length - 1 : times.indexOf(at);
}

function rounded({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) };
}

function toggled<T>(set: ReadonlySet<T>, item: T): Set<T> {
  return set.has(item) ? new Set([...set].filter((other) => other !== item)) : new Set([...set, item]);
}

/** Sets a dashboard variable, as choosing it by hand does. */
function setVariable(name: string, value: string): void {
  locationService.partial({ [`var-${name}`]: value }, true);
}

const getStyles = (theme: GrafanaTheme2) => ({
  toolbar: css({ height: theme.spacing(5), flexShrink: 0 }),
  body: css({ position: 'relative', flexShrink: 0, overflow: 'hidden' }),
});
