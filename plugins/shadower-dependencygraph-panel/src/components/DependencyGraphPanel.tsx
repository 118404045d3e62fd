import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, type PanelProps } from '@grafana/data';
import { Button, useStyles2, useTheme2 } from '@grafana/ui';
import React, { useCallback, useMemo, useState } from 'react';
import { buildGraph } from '../data/buildGraph';
import { count } from '../data/compare';
import { emptiness, recognise } from '../data/frames';
import type { Emptiness, GraphModel } from '../data/model';
import { sampleFrames } from '../data/sample';
import { layoutInput } from '../layout/layoutInput';
import type { LayoutResult } from '../layout/types';
import { useLayout } from '../layout/useLayout';
import { parseViewport, viewportOf } from '../layout/viewport';
import { normalizeOptions } from '../migrations';
import { reveal, zoomAt } from '../render/camera';
import { adjacency } from '../render/describe';
import { GraphCanvas } from '../render/GraphCanvas';
import { place, styleEdges } from '../render/scene';
import { useCamera } from '../render/useCamera';
import { around, search as findNodes, type Selection } from '../selection';
import type { EdgeMetric, GraphOptions, Point } from '../types';
import { CARD_UNITS, DetailsCard } from './DetailsCard';
import { Legend } from './Legend';
import { Message, Waiting } from './Message';
import { Notices } from './Notices';
import { TableView } from './TableView';
import { Toolbar } from './Toolbar';

/** Below these sizes (pixels) the panel leaves out its controls and keeps the graph. */
const ROOMY = { width: 260, height: 180 };
/** Below this width (pixels) the details card lies at the bottom. */
const NARROW = 480;
const EMPTY_LAYOUT: LayoutResult = { positions: {}, routes: {}, width: 0, height: 0 };

const EMPTY_TEXTS: Record<Emptiness, { title: string; text: string }> = {
  'no-frames': {
    title: 'No data',
    text: 'Choose a query that returns a graph: a frame "nodes" with a field id, and a frame "edges" with the fields id, source and target.',
  },
  'no-rows': {
    title: 'No nodes in this time range',
    text: 'The query returned a graph without rows. Choose a longer time range or a wider filter.',
  },
  'not-a-graph': {
    title: 'The data is not a graph',
    text: 'A graph needs a frame with a field id (nodes) or one with the fields source and target (edges).',
  },
};

/** The panel: decides between graph, table and message, and holds what the user is looking at. */
export function DependencyGraphPanel(props: PanelProps<GraphOptions>) {
  const { data, width, height, timeZone } = props;
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const options = useMemo(() => normalizeOptions(props.options), [props.options]);
  const [sample, setSample] = useState(false);

  const empty = useMemo(() => emptiness(data.series, recognise(data.series)), [data.series]);
  const showSample = sample && empty !== undefined;
  const frames = useMemo(() => (showSample ? sampleFrames() : data.series), [showSample, data.series]);
  const { maxNodes, maxEdges, scoreHealthy, scoreDegraded } = options;
  const model = useMemo(
    () => buildGraph(frames, { theme, timeZone, maxNodes, maxEdges, scoreHealthy, scoreDegraded }),
    [frames, theme, timeZone, maxNodes, maxEdges, scoreHealthy, scoreDegraded]
  );

  const small = width < ROOMY.width || height < ROOMY.height;
  if (empty !== undefined && !showSample) {
    if (data.state === LoadingState.Loading || data.state === LoadingState.NotStarted) {
      return <Waiting text="Loading" />;
    }
    if (data.state === LoadingState.Error) {
      const message = data.errors?.[0]?.message ?? 'The datasource gave no reason.';
      return <Message icon="exclamation-triangle" role="alert" title="The query failed" text={message} />;
    }
    const fields = data.series.flatMap((frame) => frame.fields.map((field) => field.name)).slice(0, 8);
    const { title, text } = EMPTY_TEXTS[empty];
    const full = empty === 'not-a-graph' ? `${text} Fields found: ${fields.join(', ')}.` : text;
    return (
      <Message
        icon="sitemap"
        title={title}
        text={small ? undefined : full}
        onSample={small ? undefined : () => setSample(true)}
      />
    );
  }
  if (model.nodes.length === 0) {
    return (
      <Message icon="sitemap" title="No usable rows" text={model.notices.map((notice) => notice.text).join(' ')} />
    );
  }
  return (
    <div className={styles.panel} style={{ width, height }}>
      {showSample && (
        <div className={styles.sample} role="status">
          Sample, not your data
          <Button size="sm" fill="text" onClick={() => setSample(false)}>
            Hide sample
          </Button>
        </div>
      )}
      <GraphPanel
        model={model}
        options={options}
        width={width}
        height={height - (showSample ? theme.spacing.gridSize * 4 : 0)}
        onOptionsChange={props.onOptionsChange}
      />
    </div>
  );
}

interface GraphPanelProps {
  model: GraphModel;
  options: GraphOptions;
  width: number;
  height: number;
  onOptionsChange: (options: GraphOptions) => void;
}

function GraphPanel({ model, options: saved, width, height, onOptionsChange }: GraphPanelProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const [selection, setSelection] = useState<Selection>();
  const [query, setQuery] = useState('');
  const [table, setTable] = useState(false);
  const [drag, setDrag] = useState<{ id: string; to: Point }>();
  // The toolbar's choice lasts until the saved one changes, and is not written to the dashboard.
  const [chosen, setChosen] = useState<{ over: EdgeMetric; metric: EdgeMetric }>();
  const edgeMetric = chosen?.over === saved.edgeMetric ? chosen.metric : saved.edgeMetric;
  const options = useMemo(() => ({ ...saved, edgeMetric }), [saved, edgeMetric]);

  const roomy = width >= ROOMY.width && height >= ROOMY.height;
  const grid = theme.spacing.gridSize;
  const showToolbar = options.showToolbar && roomy;
  const showLegend = options.showLegend && roomy && height >= 1.3 * ROOMY.height && !table;
  const bodyHeight = Math.max(1, height - (showToolbar ? grid * 5 : 0) - (showLegend ? grid * 3 : 0));

  const graph = useMemo(() => adjacency(model), [model]);
  const [viewportName, setViewportName] = useState<string>();
  const fresh = viewportOf(width, bodyHeight, viewportName).name;
  if (fresh !== viewportName) {
    setViewportName(fresh);
  }
  // What was pinned fits one arrangement: it is kept, whatever the panel's size, until all is unpinned.
  const pinnedIn = Object.keys(saved.pinned).length > 0 ? parseViewport(saved.pinnedIn)?.name : undefined;
  const viewport = pinnedIn ?? fresh;
  const input = useMemo(
    () =>
      layoutInput(
        model,
        options.layout,
        options.direction,
        parseViewport(viewport) ?? viewportOf(ROOMY.width, ROOMY.height)
      ),
    [model, options.layout, options.direction, viewport]
  );
  const layout = useLayout(input);
  const pins = useMemo(
    () => (drag === undefined ? options.pinned : { ...options.pinned, [drag.id]: drag.to }),
    [options.pinned, drag]
  );
  const placement = useMemo(() => place(model, layout.result ?? EMPTY_LAYOUT, pins), [model, layout.result, pins]);
  // Fitted to where things rest: a drag must not zoom under the pointer.
  const rested = useMemo(() => place(model, layout.result ?? EMPTY_LAYOUT, {}).bounds, [model, layout.result]);
  const bounds = drag === undefined ? placement.bounds : rested;
  const view = useCamera(
    layout.result === undefined ? '' : layout.key,
    bounds,
    width,
    bodyHeight,
    Math.min(grid, width / 20)
  );
  const edgeStyles = useMemo(() => styleEdges(model, options, theme), [model, options, theme]);

  const found = useMemo(() => findNodes(model, query), [model, query]);
  const matches = useMemo(() => new Set(found), [found]);
  const focus = useMemo(() => around(selection, graph), [selection, graph]);
  const lit = useMemo(() => {
    if (focus !== undefined || query.trim() === '') {
      return focus;
    }
    return {
      nodes: matches,
      edges: new Set(model.edges.filter((e) => matches.has(e.source) && matches.has(e.target)).map((e) => e.id)),
    };
  }, [focus, query, matches, model]);
  // What is gone from the data is not selected any more.
  const selected = focus === undefined ? undefined : selection;

  const { move } = view;
  const onDrag = useCallback(
    (id: string, to: Point) => {
      // Freezes the view at what it shows.
      move((camera) => ({ ...camera }));
      setDrag({ id, to });
    },
    [move]
  );
  const select = useCallback(
    (next: Selection | undefined) => {
      setSelection(next);
      const at = next?.kind === 'node' ? placement.positions.get(next.id) : undefined;
      if (at !== undefined) {
        // Out from under the details card.
        const free =
          width < NARROW
            ? { width, height: bodyHeight * 0.4 }
            : { width: width - CARD_UNITS * grid, height: bodyHeight };
        move((camera) => reveal(camera, at, free.width, free.height, 6 * grid));
      }
    },
    [placement.positions, move, width, bodyHeight, grid]
  );
  const onDrop = (id: string, to: Point | undefined) => {
    setDrag(undefined);
    if (to !== undefined) {
      onOptionsChange({ ...saved, pinned: { ...saved.pinned, [id]: to }, pinnedIn: viewport });
    }
  };

  let body: React.ReactNode;
  if (table) {
    body = (
      <TableView model={model} graph={graph} matches={query.trim() === '' ? undefined : matches} onSelect={select} />
    );
  } else if (layout.error !== undefined) {
    body = (
      <Message
        icon="exclamation-triangle"
        role="alert"
        title="The layout failed"
        text={`${layout.error}. Try the other layout in the panel's options, or the table.`}
      />
    );
  } else if (layout.result === undefined) {
    body = <Waiting text={`Laying out ${count(model.nodes.length, 'node')}`} />;
  } else {
    body = (
      <GraphCanvas
        model={model}
        graph={graph}
        placement={placement}
        edgeStyles={edgeStyles}
        view={view}
        width={width}
        height={bodyHeight}
        selection={selected}
        lit={lit}
        matches={matches}
        onSelect={select}
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
            metric={edgeMetric}
            onMetric={(metric) => setChosen({ over: saved.edgeMetric, metric })}
            table={table}
            onTable={setTable}
            pinned={model.nodes.filter((node) => Object.hasOwn(saved.pinned, node.id)).length}
            onUnpin={() => onOptionsChange({ ...saved, pinned: {}, pinnedIn: undefined })}
            onZoom={(factor) => move((camera) => zoomAt(camera, factor, { x: width / 2, y: bodyHeight / 2 }))}
            onFit={view.reset}
          />
        </div>
      )}
      <div className={styles.body} style={{ height: bodyHeight }}>
        {body}
        {selected !== undefined && (
          <DetailsCard graph={graph} selection={selected} onSelect={select} below={width < NARROW} />
        )}
        <Notices notices={model.notices} hiddenNodes={model.hidden.nodes} />
      </div>
      {showLegend && <Legend model={model} options={options} />}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  panel: css({ display: 'flex', flexDirection: 'column', position: 'relative', overflow: 'hidden' }),
  toolbar: css({ height: theme.spacing(5), flexShrink: 0 }),
  body: css({ position: 'relative', flexShrink: 0, overflow: 'hidden' }),
  sample: css({
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    height: theme.spacing(4),
    flexShrink: 0,
    background: theme.colors.info.transparent,
    color: theme.colors.text.primary,
    borderRadius: theme.shape.radius.default,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
});
