import React, { useCallback, useMemo, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, type PanelData, type PanelProps } from '@grafana/data';
import { config } from '@grafana/runtime';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { findEntity, groupEntities } from '../data/composite';
import { listNames } from '../data/frames';
import { staleBy } from '../data/freshness';
import { chooseView } from '../data/layout';
import { type Scorecard } from '../data/model';
import { sampleFrames } from '../data/sample';
import { buildScorecard } from '../data/scorecard';
import { filterEntities, sortEntities } from '../data/sort';
import { t } from '../i18n';
import { TEXT_ZOOM, withDefaults } from '../options';
import { type ScorecardOptions } from '../types';
import { Detail } from './Detail';
import { EmptyState, Loading } from './EmptyState';
import { duration } from './format';
import { Banner, Notices } from './Notices';
import { Toolbar } from './Toolbar';
import { useFilters } from './useFilters';
import { VIEW_COMPONENTS, type ViewContext } from './view';

/** Entities from which filters, search and sort are worth their room. */
const MANY = 8;
/** Room that the toolbar's parts need, in theme spacing units. */
const ROOM = { summaryHeight: 12, toolbarHeight: 18, toolbarWidth: 22, controlsWidth: 110, controlsHeight: 50 };

export function ScorecardPanel(props: PanelProps<ScorecardOptions>) {
  const { data, timeZone, timeRange } = props;
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const options = useMemo(() => withDefaults(props.options), [props.options]);
  // Everything below works in the zoomed pixels, so that larger text means fewer things, not cut ones.
  const zoom = TEXT_ZOOM[options.textSize];
  const width = props.width / zoom;
  const height = props.height / zoom;

  const own = useMemo(() => buildScorecard(data.series, options), [data.series, options]);
  const empty = own.entities.length === 0;
  const sample = useSample(data, empty);
  const { frames: invented } = sample;
  const scorecard = useMemo(() => (invented ? buildScorecard(invented) : own), [invented, own]);

  const [filters, setFilters] = useFilters(options);
  const sorted = useMemo(
    () => sortEntities(filterEntities(scorecard.entities, filters), filters.sort),
    [scorecard, filters]
  );
  const groups = useMemo(
    () =>
      scorecard.groupFields.includes(filters.groupBy) ? groupEntities(sorted, filters.groupBy, filters.sort) : null,
    [scorecard, sorted, filters.groupBy, filters.sort]
  );
  const asComposites = groups !== null && options.groupStyle === 'composites';
  const entities = useMemo(() => (asComposites ? groups.map((g) => g.head) : sorted), [asComposites, groups, sorted]);

  // The entities that were opened, one from within the other.
  const [path, setPath] = useState<string[]>([]);
  const [focusKey, setFocusKey] = useState<string | null>(null);
  const opened = path.length === 0 ? undefined : findEntity(scorecard, groups, path[path.length - 1]);
  const parent = path.length < 2 ? undefined : findEntity(scorecard, groups, path[path.length - 2]);
  const open = useCallback((key: string) => setPath((before) => [...before, key]), []);
  const close = useCallback(() => {
    setFocusKey(path[0] ?? null);
    setPath(path.slice(0, -1));
  }, [path]);

  const from = timeRange.from.valueOf();
  const to = timeRange.to.valueOf();
  // Ranges like "today" end in the future, so the time of the request bounds them.
  const now = data.request?.endTime ?? data.request?.startTime ?? to;
  const targets = data.request?.targets;
  const context: ViewContext = useMemo(
    () => ({ scorecard, options, timeZone, range: { from, to }, now, targets: targets ?? [], explore: mayExplore() }),
    [scorecard, options, timeZone, from, to, now, targets]
  );

  const unit = theme.spacing.gridSize;
  const total = scorecard.entities.length;
  const small = height < ROOM.toolbarHeight * unit || width < ROOM.toolbarWidth * unit;
  const hasToolbar = total > 1 && height >= ROOM.summaryHeight * unit;
  const interactive = !small && options.showToolbar && total >= MANY;
  const roomy = width >= ROOM.controlsWidth * unit || height >= ROOM.controlsHeight * unit;
  const viewHeight = height - (hasToolbar ? 5 * unit : 0);
  const view = chooseView(filters.view, entities.length, { width, height: viewHeight }, unit);
  const View = VIEW_COMPONENTS[view];

  const error = data.state === LoadingState.Error || (data.errors?.length ?? 0) > 0;
  const message = data.errors?.[0]?.message ?? t('error.unknown', 'The query failed.');
  const stale = invented ? null : staleBy(scorecard, to, now);
  const notices =
    options.groupBy !== '' && !empty && !own.groupFields.includes(options.groupBy)
      ? [
          ...own.notices,
          t('notice.group', 'Field "{{field}}", chosen to group by, is not in the data.', { field: options.groupBy }),
        ]
      : own.notices;

  const body = () => {
    if (empty && !invented) {
      return <NoScores data={data} own={own} message={error ? message : null} onSample={small ? null : sample.show} />;
    }
    if (opened) {
      return (
        <Detail
          entity={opened}
          context={context}
          backTo={parent?.entity ?? null}
          total={total}
          width={width}
          height={height - 5 * unit}
          onOpen={open}
          onClose={close}
        />
      );
    }
    return (
      <>
        {hasToolbar && (
          <Toolbar
            entities={scorecard.entities}
            shown={sorted.length}
            groupFields={scorecard.groupFields}
            filters={filters}
            onChange={setFilters}
            roomy={roomy}
            interactive={interactive}
          />
        )}
        {entities.length === 0 ? (
          <NothingMatches total={total} onReset={() => setFilters({ ...filters, search: '', statuses: new Set() })} />
        ) : (
          <View
            entities={entities}
            groups={asComposites ? null : groups}
            context={context}
            width={width}
            height={viewHeight}
            onOpen={open}
            focusKey={focusKey}
          />
        )}
      </>
    );
  };

  return (
    <div className={styles.panel} style={{ width, height, ...(zoom === 1 ? {} : { zoom }) }}>
      {invented && (
        <Banner text={t('sample.banner', 'Sample: invented numbers, not your data.')} compact={small}>
          <button type="button" className={styles.linkButton} onClick={sample.hide}>
            {t('sample.hide', 'Hide')}
          </button>
        </Banner>
      )}
      {!empty && error && (
        <Banner
          text={t('error.refresh', 'Could not refresh ({{message}}). What is shown may be incomplete or old.', {
            message,
          })}
          compact={small}
        />
      )}
      {!empty && !error && stale !== null && (
        <Banner
          text={t('stale', 'Old data: the newest score is {{age}} old.', { age: duration(stale) })}
          compact={small}
        />
      )}
      {body()}
      {!invented && <Notices notices={notices} />}
    </div>
  );
}

/** Invented data: at once where the panel has no query yet, else when the viewer asks for it. Never over real data. */
function useSample(data: PanelData, empty: boolean) {
  const unqueried =
    data.series.length === 0 && data.state === LoadingState.Done && (data.request?.targets.length ?? 0) === 0;
  const [wanted, setWanted] = useState<boolean | null>(null);
  const [at] = useState(() => Date.now());
  const shown = empty && (wanted ?? unqueried);
  const frames = useMemo(() => (shown ? sampleFrames(at) : null), [shown, at]);
  return { frames, show: () => setWanted(true), hide: () => setWanted(false) };
}

/** Explore is off in some Grafanas, and closed to some users. */
const mayExplore = (): boolean =>
  config.exploreEnabled && config.bootData?.user?.permissions?.['datasources:explore'] === true;

interface NoScoresProps {
  data: PanelData;
  own: Scorecard;
  /** What went wrong, if something did. */
  message: string | null;
  onSample: (() => void) | null;
}

/** Why there is nothing to see. */
function NoScores({ data, own, message, onSample }: NoScoresProps) {
  if (message !== null) {
    return (
      <EmptyState title={t('error.title', 'The query failed')} tone="error">
        {message}
      </EmptyState>
    );
  }
  if (data.state === LoadingState.Loading || data.state === LoadingState.NotStarted) {
    return <Loading />;
  }
  const fields = data.series.flatMap((frame) => frame.fields.map((f) => f.name));
  const unread = fields.length > 0 && !own.recognised;
  return (
    <EmptyState
      title={unread ? t('empty.unread', 'No scores found in the data') : t('empty.title', 'No data')}
      action={onSample ? { label: t('empty.sample', 'Show a sample'), onClick: onSample } : undefined}
    >
      {unread
        ? t(
            'empty.unread-hint',
            'The panel needs a field with the entity\'s name and one with its score. It got: {{fields}}. Choose the fields in the panel\'s options under "Field mapping".',
            { fields: listNames(fields) }
          )
        : t('empty.hint', 'No entity was scored in this time range. Try a longer range, or check the query.')}
    </EmptyState>
  );
}

function NothingMatches({ total, onReset }: { total: number; onReset: () => void }) {
  return (
    <EmptyState
      title={t('filter.nothing', 'Nothing matches the filter')}
      action={{ label: t('toolbar.all', 'Show all'), onClick: onReset }}
    >
      {t('filter.all-hidden', 'All {{total}} entities are hidden.', { total })}
    </EmptyState>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  panel: css({
    display: 'flex',
    flexDirection: 'column',
    gap: theme.spacing(1),
    overflow: 'hidden',
    position: 'relative',
  }),
  linkButton: css({
    padding: 0,
    border: 'none',
    background: 'none',
    color: theme.colors.text.link,
    textDecoration: 'underline',
  }),
});
