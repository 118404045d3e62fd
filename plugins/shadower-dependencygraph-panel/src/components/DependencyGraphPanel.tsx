import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, type PanelProps } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, useStyles2, useTheme2 } from '@grafana/ui';
import React, { useMemo, useState } from 'react';
import { buildGraph } from '../data/buildGraph';
import { emptiness, recognise } from '../data/frames';
import type { Emptiness } from '../data/model';
import { sampleFrames } from '../data/sample';
import { normalizeOptions } from '../migrations';
import type { GraphOptions } from '../types';
import { RAW } from '../words';
import { GraphPanel, isRoomy } from './GraphPanel';
import { Message, Waiting } from './Message';
import { Scrubber } from './Scrubber';

/** Fields named in the message about data that is no graph. */
const FIELDS_NAMED = 8;

function emptyTexts(empty: Emptiness): { title: string; text: string } {
  switch (empty) {
    case 'no-frames':
      return {
        title: t('empty.no-frames', 'No data'),
        text: t(
          'empty.no-frames-hint',
          'Choose a query that returns a graph: a frame "nodes" with a field id, and a frame "edges" with the fields id, source and target.'
        ),
      };
    case 'no-rows':
      return {
        title: t('empty.no-rows', 'No nodes in this time range'),
        text: t(
          'empty.no-rows-hint',
          'The query returned a graph without rows. Choose a longer time range or a wider filter.'
        ),
      };
    case 'not-a-graph':
      return {
        title: t('empty.not-a-graph', 'The data is not a graph'),
        text: t(
          'empty.not-a-graph-hint',
          'A graph needs a frame with a field id (nodes) or one with the fields source and target (edges).'
        ),
      };
  }
}

/** The panel: reads the data, and decides between graph and message. */
export function DependencyGraphPanel(props: PanelProps<GraphOptions>) {
  const { data, width, height, timeZone } = props;
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const options = useMemo(() => normalizeOptions(props.options), [props.options]);
  const [sample, setSample] = useState(false);
  const [chosenTime, setChosenTime] = useState<number>();

  const empty = useMemo(() => emptiness(data.series, recognise(data.series)), [data.series]);
  const showSample = sample && empty !== undefined;
  const frames = useMemo(() => (showSample ? sampleFrames() : data.series), [showSample, data.series]);
  const { groupBy, scoreHealthy, scoreDegraded } = options;
  const model = useMemo(
    () => buildGraph(frames, { theme, timeZone, groupBy, scoreHealthy, scoreDegraded, at: chosenTime }),
    [frames, theme, timeZone, groupBy, scoreHealthy, scoreDegraded, chosenTime]
  );
  // New data with other times begins at its last one again.
  if (chosenTime !== undefined && !model.times.includes(chosenTime)) {
    setChosenTime(undefined);
  }

  const roomy = isRoomy(width, height);
  if (empty !== undefined && !showSample) {
    if (data.state === LoadingState.Loading || data.state === LoadingState.NotStarted) {
      return <Waiting text={t('panel.loading', 'Loading')} />;
    }
    if (data.state === LoadingState.Error) {
      const message = data.errors?.[0]?.message ?? t('panel.no-reason', 'The datasource gave no reason.');
      return (
        <Message
          icon="exclamation-triangle"
          role="alert"
          title={t('panel.failed', 'The query failed')}
          text={message}
        />
      );
    }
    const fields = data.series.flatMap((frame) => frame.fields.map((field) => field.name)).slice(0, FIELDS_NAMED);
    const { title, text } = emptyTexts(empty);
    const found = t('empty.fields-found', 'Fields found: {{fields}}.', { fields: fields.join(', '), ...RAW });
    return (
      <Message
        icon="sitemap"
        title={title}
        text={!roomy ? undefined : empty === 'not-a-graph' ? `${text} ${found}` : text}
        onSample={roomy ? () => setSample(true) : undefined}
      />
    );
  }
  if (model.nodes.length === 0) {
    return (
      <Message
        icon="sitemap"
        title={t('panel.no-usable', 'No usable rows')}
        text={model.notices.map((notice) => notice.text).join(' ')}
      />
    );
  }
  const grid = theme.spacing.gridSize;
  const scrubs = model.times.length > 1 && roomy;
  return (
    <div className={styles.panel} style={{ width, height }}>
      {showSample && (
        <div className={styles.sample} role="status">
          {t('panel.sample', 'Sample, not your data')}
          <Button size="sm" fill="text" onClick={() => setSample(false)}>
            {t('panel.hide-sample', 'Hide sample')}
          </Button>
        </div>
      )}
      <GraphPanel
        full={model}
        at={chosenTime}
        options={options}
        width={width}
        height={height - (showSample ? grid * 4 : 0) - (scrubs ? grid * 3 : 0)}
        onOptionsChange={props.onOptionsChange}
      />
      {scrubs && (
        <Scrubber
          times={model.times}
          at={chosenTime ?? model.times[model.times.length - 1]}
          timeZone={timeZone}
          onChange={setChosenTime}
        />
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  panel: css({ display: 'flex', flexDirection: 'column', position: 'relative', overflow: 'hidden' }),
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
