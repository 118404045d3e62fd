import React, { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, type PanelProps } from '@grafana/data';
import { Button, useStyles2, useTheme2 } from '@grafana/ui';
import { listNames } from '../data/frames';
import { staleBy } from '../data/freshness';
import { chooseView } from '../data/layout';
import { type EntityScore } from '../data/model';
import { sampleFrames } from '../data/sample';
import { buildScorecard } from '../data/scorecard';
import { filterEntities, sortEntities } from '../data/sort';
import { withDefaults } from '../options';
import { type ScorecardOptions, type SortBy } from '../types';
import { Card } from './Card';
import { EmptyState, Loading } from './EmptyState';
import { duration } from './format';
import { Banner, Notices } from './Notices';
import { type Filters, Toolbar } from './Toolbar';
import { VIEW_COMPONENTS, type ViewContext } from './view';

/** Entities from which filters, search and sort are worth their room. */
const MANY = 8;
/** Room that the toolbar's parts need, in theme spacing units. */
const ROOM = { summaryHeight: 12, toolbarHeight: 18, toolbarWidth: 22, controlsWidth: 95 };

export function ScorecardPanel(props: PanelProps<ScorecardOptions>) {
  const { data, width, height, timeZone, timeRange } = props;
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const options = useMemo(() => withDefaults(props.options), [props.options]);
  // When the viewer asked for the sample, in milliseconds since the epoch.
  const [sampleAt, setSampleAt] = useState<number | null>(null);

  const own = useMemo(() => buildScorecard(data.series, options.fields), [data.series, options.fields]);
  const empty = own.entities.length === 0;
  const sampled = sampleAt !== null && empty;
  const scorecard = useMemo(
    () => (sampleAt !== null && empty ? buildScorecard(sampleFrames(sampleAt)) : own),
    [sampleAt, empty, own]
  );

  const [chosen, setChosen] = useState<Filters & { savedSort: SortBy }>({
    search: '',
    statuses: new Set(),
    sort: options.sort,
    savedSort: options.sort,
  });
  // The viewer's order stays until the saved one is edited.
  const filters: Filters = useMemo(
    () => ({ ...chosen, sort: chosen.savedSort === options.sort ? chosen.sort : options.sort }),
    [chosen, options.sort]
  );
  const setFilters = (next: Filters) => setChosen({ ...next, savedSort: options.sort });
  const entities = useMemo(
    () => sortEntities(filterEntities(scorecard.entities, filters), filters.sort),
    [scorecard, filters]
  );

  const [openKey, setOpenKey] = useState<string | null>(null);
  const [focusKey, setFocusKey] = useState<string | null>(null);
  const opened = openKey === null ? undefined : scorecard.entities.find((e) => e.key === openKey);
  const close = useCallback(() => {
    setFocusKey(openKey);
    setOpenKey(null);
  }, [openKey]);

  const from = timeRange.from.valueOf();
  const to = timeRange.to.valueOf();
  const context: ViewContext = useMemo(
    () => ({ scorecard, options, timeZone, range: { from, to } }),
    [scorecard, options, timeZone, from, to]
  );

  const unit = theme.spacing.gridSize;
  const total = scorecard.entities.length;
  const many = total >= MANY;
  const small = height < ROOM.toolbarHeight * unit || width < ROOM.toolbarWidth * unit;
  const hasToolbar = total > 1 && height >= ROOM.summaryHeight * unit;
  const interactive = !small && options.showToolbar && many;
  const view = chooseView(options.view, total, { width, height: height - (hasToolbar ? 5 * unit : 0) }, unit);
  const View = VIEW_COMPONENTS[view];

  const error = data.state === LoadingState.Error || (data.errors?.length ?? 0) > 0;
  const message = data.errors?.[0]?.message ?? 'The query failed.';
  // Ranges like "today" end in the future, so the time of the request bounds them.
  const stale = sampled ? null : staleBy(scorecard, to, data.request?.endTime ?? data.request?.startTime ?? to);

  const body = () => {
    if (empty && !sampled) {
      if (error) {
        return (
          <EmptyState title="The query failed" tone="error">
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
          title={unread ? 'No scores found in the data' : 'No data'}
          action={small ? undefined : { label: 'Show a sample', onClick: () => setSampleAt(Date.now()) }}
        >
          {unread
            ? `The panel needs a field with the entity's name and one with its score. It got: ${listNames(fields)}. ` +
              `Choose the fields in the panel's options under "Field mapping".`
            : 'No entity was scored in this time range. Try a longer range, or check the query.'}
        </EmptyState>
      );
    }
    if (opened) {
      return (
        <Detail
          entity={opened}
          context={context}
          total={total}
          width={width}
          height={height - 5 * unit}
          onClose={close}
        />
      );
    }
    return (
      <>
        {hasToolbar && (
          <Toolbar
            entities={scorecard.entities}
            shown={entities.length}
            filters={filters}
            onChange={setFilters}
            roomy={width >= ROOM.controlsWidth * unit}
            interactive={interactive}
          />
        )}
        {entities.length === 0 ? (
          <EmptyState
            title="Nothing matches the filter"
            action={{
              label: 'Show all',
              onClick: () => setFilters({ ...filters, search: '', statuses: new Set() }),
            }}
          >
            {`All ${total} entities are hidden.`}
          </EmptyState>
        ) : (
          <View
            entities={entities}
            context={context}
            width={width}
            height={height}
            onOpen={setOpenKey}
            focusKey={focusKey}
          />
        )}
      </>
    );
  };

  return (
    <div className={styles.panel} style={{ width, height }}>
      {sampled && (
        <Banner text="Sample: invented numbers, not your data." compact={small}>
          <button type="button" className={styles.linkButton} onClick={() => setSampleAt(null)}>
            Hide
          </button>
        </Banner>
      )}
      {!empty && error && (
        <Banner text={`Could not refresh (${message}). What is shown may be incomplete or old.`} compact={small} />
      )}
      {!empty && !error && stale !== null && (
        <Banner text={`Old data: the newest score is ${duration(stale)} old.`} compact={small} />
      )}
      {body()}
      {!sampled && <Notices notices={scorecard.notices} />}
    </div>
  );
}

interface DetailProps {
  entity: EntityScore;
  context: ViewContext;
  total: number;
  width: number;
  height: number;
  onClose: () => void;
}

/** The card of one entity of the grid. Escape goes back. */
function Detail({ entity, context, total, width, height, onClose }: DetailProps) {
  const styles = useStyles2(getStyles);
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus({ preventScroll: true }), []);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape') {
      // Grafana leaves the panel's full view on Escape; this one is for the detail.
      event.stopPropagation();
      onClose();
    }
  };
  return (
    <section className={styles.detail} aria-label={`Details of ${entity.entity}`} onKeyDown={onKeyDown}>
      <Button
        className={styles.back}
        ref={back}
        size="sm"
        variant="secondary"
        fill="text"
        icon="arrow-left"
        onClick={onClose}
      >
        {`All ${total} scores`}
      </Button>
      {/* Focusable, so that the keyboard can scroll it. */}
      <div className={styles.scroll} tabIndex={0} role="group" aria-label={`Scorecard of ${entity.entity}`}>
        <Card entity={entity} context={context} width={width} height={height} />
      </div>
    </section>
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
  detail: css({ flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column', alignItems: 'flex-start' }),
  // Room for the focus ring, which the panel's edge would cut.
  back: css({ margin: theme.spacing(0.5) }),
  scroll: css({ flex: 1, minHeight: 0, width: '100%', overflow: 'auto' }),
  linkButton: css({
    padding: 0,
    border: 'none',
    background: 'none',
    color: theme.colors.text.link,
    textDecoration: 'underline',
  }),
});
