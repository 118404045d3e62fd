import React, { useState } from 'react';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { type DataSourceInstanceSettings } from '@grafana/data';
import { setTemplateSrv } from '@grafana/runtime';
import { DataSource } from '../datasource';
import { catalog } from '../testing/catalog';
import { type ShadowerJsonData, type ShadowerQuery } from '../types';
import { QueryEditor } from './QueryEditor';
import { VariableEditor } from './VariableEditor';

const settings = {
  id: 1,
  uid: 'u',
  type: 't',
  name: 'n',
  jsonData: {},
} as DataSourceInstanceSettings<ShadowerJsonData>;

beforeAll(() => {
  setTemplateSrv({
    getVariables: () => [],
    replace: (target = '') => target,
    containsTemplate: () => false,
    updateTimeRange: () => undefined,
  });
  // jsdom lays nothing out; the virtual list of options needs a size, and text widths a canvas.
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, value: 400 });
  Object.defineProperty(HTMLElement.prototype, 'getBoundingClientRect', {
    configurable: true,
    value: () => ({ width: 400, height: 400, top: 0, left: 0, bottom: 400, right: 400, x: 0, y: 0 }),
  });
  Object.defineProperty(HTMLCanvasElement.prototype, 'getContext', {
    configurable: true,
    value: () => ({ measureText: (text: string) => ({ width: text.length * 8 }) }),
  });
});

function setup(query: Partial<ShadowerQuery>, Editor: typeof QueryEditor | typeof VariableEditor = QueryEditor) {
  const datasource = new DataSource(settings);
  jest.spyOn(datasource, 'getCatalog').mockResolvedValue(catalog);
  const getValues = jest
    .spyOn(datasource, 'getValues')
    .mockResolvedValue({ values: [{ value: 'stripe' }, { value: 'paypal' }], truncated: false });
  const onChange = jest.fn();
  const onRunQuery = jest.fn();
  const Harness = () => {
    const [current, setCurrent] = useState<ShadowerQuery>({ refId: 'A', schemaVersion: 2, query: '', ...query });
    return (
      <Editor
        datasource={datasource}
        query={current}
        onRunQuery={onRunQuery}
        onChange={(next) => {
          onChange(next);
          setCurrent(next);
        }}
      />
    );
  };
  render(<Harness />);
  return { onChange, onRunQuery, getValues, datasource };
}

const choose = async (label: string | RegExp, option: RegExp) => {
  fireEvent.click(await screen.findByLabelText(label));
  fireEvent.click(await screen.findByRole('option', { name: option }));
};

describe('QueryEditor', () => {
  it('offers the queries of the catalog, without those for variables', async () => {
    setup({});
    await waitFor(() => expect(screen.getByPlaceholderText('Choose a query')).toBeInTheDocument());
    fireEvent.click(screen.getByLabelText('Query'));
    expect(await screen.findByRole('option', { name: /Calls over time/ })).toBeInTheDocument();
    expect(screen.queryByRole('option', { name: /Integration names/ })).not.toBeInTheDocument();
  });

  it('writes the model when a query is chosen, keeps parameters it shares and drops the rest', async () => {
    const { onChange, onRunQuery } = setup({
      query: 'integration_calls',
      params: { integration: ['stripe'], endpoint: ['/v1'] },
      columns: ['p95_ms'],
    });
    await screen.findByLabelText(/^Measures/);
    await choose('Query', /Health/);
    expect(onChange).toHaveBeenLastCalledWith({
      refId: 'A',
      schemaVersion: 2,
      query: 'integration_health',
      params: { integration: ['stripe'] },
      columns: undefined,
      part: undefined,
    });
    expect(onRunQuery).toHaveBeenCalled();
  });

  it('offers measures only for a time series, with unit and meaning', async () => {
    const { onChange } = setup({ query: 'integration_calls' });
    await choose(/^Measures/, /p95_ms/);
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ columns: ['p95_ms'] }));
    expect(screen.getByText(/95th percentile · milliseconds \(ms\)/)).toBeInTheDocument();
    expect(screen.queryByRole('option', { name: /^time/ })).not.toBeInTheDocument();
  });

  it('suggests values of a parameter, narrowed by the other parameters', async () => {
    const { onChange, getValues } = setup({ query: 'integration_calls', params: { integration: ['stripe'] } });
    await choose(/^endpoint/, /paypal/);
    expect(getValues).toHaveBeenCalledWith('integration_endpoints', { integration: ['stripe'] }, undefined);
    expect(onChange).toHaveBeenLastCalledWith(
      expect.objectContaining({ params: { integration: ['stripe'], endpoint: ['paypal'] } })
    );
  });

  it('says why values cannot be listed', async () => {
    const { getValues } = setup({ query: 'integration_calls' });
    getValues.mockRejectedValue({ data: { message: 'ClickHouse cannot be reached (STORE_UNAVAILABLE)' } });
    fireEvent.click(await screen.findByLabelText(/^endpoint/));
    expect(await screen.findByText(/Values cannot be listed: ClickHouse cannot be reached/)).toBeInTheDocument();
  });

  it('lets a part be picked where there are several, and then its columns', async () => {
    const { onChange } = setup({ query: 'integration_health' });
    await screen.findByLabelText('Part');
    expect(screen.queryByLabelText(/^Columns/)).not.toBeInTheDocument();
    await choose('Part', /terms/);
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ part: 'terms' }));
    expect(await screen.findByLabelText(/^Columns/)).toBeInTheDocument();
  });

  it('takes a step when the field is left, and none when it is emptied', async () => {
    const { onChange } = setup({ query: 'integration_calls' });
    const step = await screen.findByLabelText(/^Step/);
    fireEvent.change(step, { target: { value: '300' } });
    expect(onChange).not.toHaveBeenCalled();
    fireEvent.blur(step);
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ stepSeconds: 300 }));
    fireEvent.change(step, { target: { value: '' } });
    fireEvent.blur(step);
    expect(onChange.mock.lastCall?.[0]).toHaveProperty('stepSeconds', undefined);
  });

  it('shows what is wrong with a query that the catalog does not know', async () => {
    setup({ query: 'gone' });
    expect(await screen.findByText(/There is no query "gone"/)).toBeInTheDocument();
  });

  it('lets an unknown parameter be removed', async () => {
    const { onChange } = setup({ query: 'network_flows', params: { region: ['eu'] } });
    fireEvent.click(await screen.findByText('Remove it'));
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ params: {} }));
  });

  it('shows the backend’s message when there is no catalog', async () => {
    const datasource = new DataSource(settings);
    jest.spyOn(datasource, 'getCatalog').mockRejectedValue({ data: { message: 'run shadower migrate' } });
    render(
      <QueryEditor
        datasource={datasource}
        query={{ refId: 'A', schemaVersion: 2, query: '' }}
        onChange={jest.fn()}
        onRunQuery={jest.fn()}
      />
    );
    expect(await screen.findByText('run shadower migrate')).toBeInTheDocument();
  });
});

describe('VariableEditor', () => {
  it('offers queries that list values, and chains through their parameters', async () => {
    const { onChange } = setup({}, VariableEditor);
    await waitFor(() => expect(screen.getByPlaceholderText('Choose a query')).toBeInTheDocument());
    await choose('Query', /Endpoints/);
    expect(onChange).toHaveBeenLastCalledWith(
      expect.objectContaining({ refId: 'A', schemaVersion: 2, query: 'integration_endpoints', params: {} })
    );
    await choose(/^integration/, /stripe/);
    expect(onChange).toHaveBeenLastCalledWith(expect.objectContaining({ params: { integration: ['stripe'] } }));
  });
});
