import {
  type DataFrame,
  EventBusSrv,
  FieldType,
  getDefaultTimeRange,
  LoadingState,
  type PanelProps,
  toDataFrame,
} from '@grafana/data';
import { configure, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import React from 'react';
import type { GraphOptions } from '../types';
import { DependencyGraphPanel } from './DependencyGraphPanel';

function frames(): DataFrame[] {
  return [
    toDataFrame({
      name: 'nodes',
      fields: [
        { name: 'id', type: FieldType.string, values: ['web', 'api', 'db'], config: {} },
        { name: 'title', type: FieldType.string, values: ['frontend', 'api', 'orders'], config: {} },
        { name: 'status', type: FieldType.string, values: ['degraded', 'healthy', 'unknown'], config: {} },
        { name: 'score', type: FieldType.number, values: [72, 98, null], config: {} },
      ],
    }),
    toDataFrame({
      name: 'edges',
      fields: [
        { name: 'id', type: FieldType.string, values: ['1', '2'], config: {} },
        { name: 'source', type: FieldType.string, values: ['web', 'api'], config: {} },
        { name: 'target', type: FieldType.string, values: ['api', 'db'], config: {} },
        { name: 'rate', type: FieldType.number, values: [12, 3], config: { unit: 'reqps' } },
      ],
    }),
  ];
}

function props(series: DataFrame[], more: Partial<PanelProps<GraphOptions>> = {}): PanelProps<GraphOptions> {
  const timeRange = getDefaultTimeRange();
  return {
    id: 1,
    data: { series, state: LoadingState.Done, timeRange },
    timeRange,
    timeZone: 'utc',
    // As in a new panel before Grafana filled in the defaults, and in hand-written JSON.
    options: {} as GraphOptions,
    transparent: false,
    width: 900,
    height: 500,
    fieldConfig: { defaults: {}, overrides: [] },
    renderCounter: 0,
    title: '',
    eventBus: new EventBusSrv(),
    onOptionsChange: jest.fn(),
    onFieldConfigChange: jest.fn(),
    replaceVariables: (text) => text,
    onChangeTimeRange: jest.fn(),
    ...more,
  };
}

// The layout's code is loaded when it is first wanted.
configure({ asyncUtilTimeout: 20_000 });
jest.setTimeout(60_000);

const frontend = () => screen.findByRole('button', { name: 'frontend, degraded, score 72, 12 req/s out' });

describe('DependencyGraphPanel', () => {
  it('draws nodes with names for assistive technology, without any option set', async () => {
    render(<DependencyGraphPanel {...props(frames())} />);
    expect(await frontend()).toBeVisible();
    expect(screen.getByRole('button', { name: 'orders, unknown, 3 req/s in' })).toBeInTheDocument();
    expect(screen.getByRole('application', { name: /3 nodes and 2 edges/ })).toBeInTheDocument();
  });

  it('focuses on click, shows the neighbours, clears on Escape', async () => {
    render(<DependencyGraphPanel {...props(frames())} />);
    fireEvent.click(await frontend());
    const card = screen.getByRole('region', { name: 'Details of frontend' });
    expect(card).toHaveTextContent('Degraded, score 72 of 100');
    fireEvent.click(within(card).getByRole('button', { name: 'api' }));
    expect(screen.getByRole('region', { name: 'Details of api' })).toBeInTheDocument();
    fireEvent.keyDown(await frontend(), { key: 'Escape' });
    expect(screen.queryByRole('region', { name: /Details/ })).not.toBeInTheDocument();
  });

  it('walks to the neighbour with arrow keys and opens it with Enter', async () => {
    render(<DependencyGraphPanel {...props(frames())} />);
    const start = await frontend();
    start.focus();
    fireEvent.keyDown(start, { key: 'ArrowRight' });
    const next = screen.getByRole('button', { name: /^api, healthy/ });
    await waitFor(() => expect(next).toHaveFocus());
    fireEvent.keyDown(next, { key: 'Enter' });
    expect(screen.getByRole('region', { name: 'Details of api' })).toBeInTheDocument();
  });

  it('unpins all', async () => {
    const onOptionsChange = jest.fn();
    const at = { web: { x: 50, y: 50 }, gone: { x: 1, y: 1 } };
    const options = { pinned: { layered: { at } } } as unknown as GraphOptions;
    render(<DependencyGraphPanel {...props(frames(), { options, onOptionsChange })} />);
    // A button of 68 units around the node's centre.
    expect((await frontend()).style).toMatchObject({ left: '16px', top: '16px' });
    fireEvent.click(screen.getByRole('button', { name: 'Unpin all (1)' }));
    expect(onOptionsChange).toHaveBeenCalledWith(expect.objectContaining({ pinned: {} }));
  });

  it('forgets the selection when the node is gone', async () => {
    const { rerender } = render(<DependencyGraphPanel {...props(frames())} />);
    fireEvent.click(await frontend());
    rerender(
      <DependencyGraphPanel {...props([toDataFrame({ name: 'nodes', fields: [{ name: 'id', values: ['other'] }] })])} />
    );
    expect(await screen.findByRole('button', { name: /^other/ })).toBeInTheDocument();
    expect(screen.queryByRole('region', { name: /Details/ })).not.toBeInTheDocument();
  });

  it.each([
    ['no frames', [], 'No data'],
    ['no rows', [toDataFrame({ name: 'nodes', fields: [{ name: 'id', values: [] }] })], 'No nodes in this time range'],
    ['another kind of data', [toDataFrame({ fields: [{ name: 'value', values: [1] }] })], 'The data is not a graph'],
  ])('says so for %s', (_what, series, words) => {
    render(<DependencyGraphPanel {...props(series)} />);
    expect(screen.getByText(words)).toBeInTheDocument();
  });

  it('shows the reason of a failed query', () => {
    const data = { ...props([]).data, state: LoadingState.Error, errors: [{ message: 'no route to host' }] };
    render(<DependencyGraphPanel {...props([], { data })} />);
    expect(screen.getByRole('alert')).toHaveTextContent('no route to host');
  });
});
