import React from 'react';
import { fireEvent, render, screen, within } from '@testing-library/react';
import {
  type DataFrame,
  type DataQueryRequest,
  dateTime,
  EventBusSrv,
  FieldType,
  LoadingState,
  type PanelProps,
  toDataFrame,
} from '@grafana/data';
import { sampleFrames } from '../data/sample';
import { DEFAULT_OPTIONS } from '../options';
import { type ScorecardOptions } from '../types';
import { ScorecardPanel } from './ScorecardPanel';

const NOW = Date.UTC(2026, 0, 15, 12);

/** The panel has a query. */
const request = { targets: [{ refId: 'A' }] } as DataQueryRequest;

interface Setup {
  state?: LoadingState;
  error?: string;
  options?: Partial<ScorecardOptions>;
  width?: number;
  height?: number;
}

function props(
  series: DataFrame[],
  { state = LoadingState.Done, error, options, width = 900, height = 600 }: Setup = {}
) {
  const timeRange = { from: dateTime(NOW - 6 * 3600_000), to: dateTime(NOW), raw: { from: 'now-6h', to: 'now' } };
  return {
    id: 1,
    title: '',
    data: { state, series, timeRange, request, errors: error ? [{ message: error }] : undefined },
    timeRange,
    timeZone: 'utc',
    options: { ...DEFAULT_OPTIONS, ...options },
    transparent: false,
    width,
    height,
    fieldConfig: { defaults: {}, overrides: [] },
    renderCounter: 0,
    eventBus: new EventBusSrv(),
    onOptionsChange: jest.fn(),
    onFieldConfigChange: jest.fn(),
    replaceVariables: (text: string) => text,
    onChangeTimeRange: jest.fn(),
  } satisfies PanelProps<ScorecardOptions>;
}
const draw = (series: DataFrame[], setup?: Setup) => render(<ScorecardPanel {...props(series, setup)} />);
const many = (count: number) =>
  toDataFrame({
    name: 'scores',
    fields: [
      { name: 'entity', type: FieldType.string, values: Array.from({ length: count }, (_, i) => `svc-${i}`) },
      {
        name: 'score',
        type: FieldType.number,
        values: Array.from({ length: count }, (_, i) => (i === 5 ? null : i % 100)),
      },
    ],
  });

it('draws a card with its terms as a table', () => {
  draw(sampleFrames(NOW), { options: { view: 'card' } });
  const card = screen.getByRole('article', { name: /^payments-api: critical, score 40, down 53/ });
  expect(within(card).getByText('Capped at 40 by Error rate')).toBeInTheDocument();
  const table = within(card).getByRole('table', { name: 'Terms of the score of payments-api' });
  const row = within(table).getByRole('row', { name: /Error rate Failing/ });
  expect(within(row).getByText('Caps the score at 40')).toBeInTheDocument();
  expect(within(row).getByText('14.0%')).toBeInTheDocument();
  expect(within(card).getByRole('img', { name: /Trend: from 93 to 40, lowest 40/ })).toBeInTheDocument();
});

it('draws unknown as unknown', () => {
  draw(sampleFrames(NOW), { options: { view: 'card' } });
  const card = screen.getByRole('article', { name: /^mail-gateway: unknown, score unknown/ });
  expect(within(card).getByText('–', { selector: 'span' })).toBeInTheDocument();
  expect(within(card).getByText('No calls in the time range.')).toBeInTheDocument();
});

it('draws hundreds as a grid, worst first, few of them in the document', () => {
  draw([many(500)]);
  const tiles = screen.getAllByRole('listitem');
  expect(tiles.length).toBeLessThan(150);
  expect(tiles[0]).toHaveAttribute('aria-setsize', '500');
  expect(within(tiles[0]).getByRole('button')).toHaveAccessibleName(/^svc-0: critical, score 0/);
  expect(screen.getByRole('button', { name: '1 unknown' })).toBeInTheDocument();
});

it('opens a tile and comes back to it with Escape', () => {
  draw([many(50)]);
  const tile = screen.getByRole('button', { name: /^svc-3:/ });
  fireEvent.click(tile);
  const detail = screen.getByRole('region', { name: 'Details of svc-3' });
  expect(screen.getByRole('button', { name: 'All 50 scores' })).toHaveFocus();
  fireEvent.keyDown(detail, { key: 'Escape' });
  expect(screen.getByRole('button', { name: /^svc-3:/ })).toHaveFocus();
});

it('moves with the arrows and has one tab stop', () => {
  draw([many(50)]);
  const list = screen.getByRole('list', { name: 'Health scores' });
  fireEvent.keyDown(list, { key: 'ArrowRight' });
  expect(document.activeElement).toHaveAttribute('data-index', '1');
  fireEvent.keyDown(list, { key: 'End' });
  expect(document.activeElement).toHaveAttribute('data-index', '49');
  expect(list.querySelectorAll('[tabindex="0"]')).toHaveLength(1);
});

it('filters by status and says how many are hidden', () => {
  draw([many(50)]);
  fireEvent.click(screen.getByRole('button', { name: '1 unknown' }));
  expect(screen.getByText('49 hidden')).toBeInTheDocument();
  fireEvent.change(screen.getByRole('textbox', { name: 'Search entities' }), { target: { value: 'nothing (' } });
  expect(screen.getByText('All 50 entities are hidden.')).toBeInTheDocument();
});

it('limits cards and says so', () => {
  draw([many(50)], { options: { view: 'card' } });
  expect(screen.getByText(/26 more hidden/)).toBeInTheDocument();
});

it('designs the empty, loading, error and foreign states', () => {
  const { rerender } = draw([]);
  expect(screen.getByText('No data')).toBeInTheDocument();
  fireEvent.click(screen.getByRole('button', { name: 'Show a sample' }));
  expect(screen.getByText(/invented numbers, not your data/)).toBeInTheDocument();
  rerender(<ScorecardPanel {...props([many(2)])} />);
  expect(screen.queryByText(/invented numbers/)).not.toBeInTheDocument();
  rerender(<ScorecardPanel {...props([], { state: LoadingState.Loading })} />);
  rerender(<ScorecardPanel {...props([], { state: LoadingState.Error, error: 'boom' })} />);
});

it('says a failed query, with and without data', () => {
  const { rerender } = draw([], { state: LoadingState.Error, error: 'boom' });
  expect(screen.getByRole('alert')).toHaveTextContent('boom');
  rerender(<ScorecardPanel {...props(sampleFrames(NOW), { state: LoadingState.Error, error: 'boom' })} />);
  expect(screen.getByText(/Could not refresh \(boom\)/)).toBeInTheDocument();
  expect(screen.getAllByText('payments-api').length).toBeGreaterThan(0);
});

it('says what it got when it finds no scores', () => {
  draw([toDataFrame({ fields: [{ name: 'x', type: FieldType.boolean, values: [true] }] })]);
  expect(screen.getByText('No scores found in the data')).toBeInTheDocument();
  expect(screen.getByText(/It got: x/)).toBeInTheDocument();
});

it('works with options of nowhere', () => {
  render(<ScorecardPanel {...props(sampleFrames(NOW))} options={undefined as unknown as ScorecardOptions} />);
  expect(screen.getAllByText('payments-api').length).toBeGreaterThan(0);
});

it.each([
  [150, 100],
  [80, 50],
  [1, 1],
])('survives %d×%d', (width, height) => {
  for (const series of [sampleFrames(NOW), [many(500)], [many(1)], []]) {
    draw(series, { width, height }).unmount();
  }
});
