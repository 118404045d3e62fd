import React from 'react';
import { fireEvent, render, screen } from '@testing-library/react';
import { type DataSourceSettings } from '@grafana/data';
import { type DataSourceSrv, setDataSourceSrv } from '@grafana/runtime';
import { type ShadowerJsonData, type ShadowerSecureJsonData } from '../types';
import { ConfigEditor } from './ConfigEditor';

type Options = DataSourceSettings<ShadowerJsonData, ShadowerSecureJsonData>;

beforeAll(() => {
  const none = { getList: () => [], getInstanceSettings: () => undefined };
  setDataSourceSrv(none as unknown as DataSourceSrv);
});

function setup(options: Partial<Options>) {
  const onOptionsChange = jest.fn();
  render(
    <ConfigEditor
      options={{ url: '', user: '', jsonData: {}, secureJsonFields: {}, ...options } as Options}
      onOptionsChange={onOptionsChange}
    />
  );
  return onOptionsChange;
}

describe('ConfigEditor', () => {
  it('says when a trace URL has no place for the id', () => {
    setup({ jsonData: { traceUrl: 'https://jaeger/trace/' } });
    expect(screen.getByText('Of the form https://host/path/${traceId}')).toBeInTheDocument();
  });
  it('shows what is on unless it was switched off', () => {
    const change = setup({});
    expect(screen.getByLabelText(/^Keep answers/)).toBeChecked();
    fireEvent.click(screen.getByLabelText(/^Log who asks/));
    expect(change).toHaveBeenLastCalledWith(expect.objectContaining({ jsonData: { logUser: false } }));
  });
  it('writes URL, workspace and user to where the backend reads them', () => {
    const change = setup({});
    fireEvent.change(screen.getByLabelText(/^URL/), { target: { value: 'http://localhost:8123' } });
    expect(change).toHaveBeenLastCalledWith(expect.objectContaining({ url: 'http://localhost:8123' }));
    fireEvent.change(screen.getByLabelText(/^Workspace/), { target: { value: 'demo' } });
    expect(change).toHaveBeenLastCalledWith(expect.objectContaining({ jsonData: { workspace: 'demo' } }));
    fireEvent.change(screen.getByLabelText(/^User/), { target: { value: 'reader' } });
    expect(change).toHaveBeenLastCalledWith(expect.objectContaining({ user: 'reader' }));
  });

  it('keeps the password out of the plain settings', () => {
    const change = setup({});
    fireEvent.change(screen.getByLabelText('Password'), { target: { value: 'secret' } });
    const saved: Options = change.mock.lastCall?.[0];
    expect(saved.secureJsonData).toEqual({ password: 'secret' });
    expect(JSON.stringify({ ...saved, secureJsonData: undefined })).not.toContain('secret');
  });

  it('says what is wrong with a URL that holds credentials and with a bad workspace', () => {
    setup({ url: 'http://user:pw@host:8123', jsonData: { workspace: 'a b' } });
    expect(screen.getByText(/without user and password/)).toBeInTheDocument();
    expect(screen.getByText(/at most 64/)).toBeInTheDocument();
  });

  it('asks for certificates only when they are wanted', () => {
    setup({ jsonData: { tlsAuth: true } });
    expect(screen.getByLabelText('Client key')).toBeInTheDocument();
    expect(screen.queryByLabelText('CA certificate')).not.toBeInTheDocument();
  });

  it('writes limits as numbers within their bounds', () => {
    const change = setup({});
    const field = screen.getByLabelText(/^Timeout/);
    fireEvent.change(field, { target: { value: '9000' } });
    fireEvent.blur(field);
    expect(change).toHaveBeenLastCalledWith(expect.objectContaining({ jsonData: { timeoutSeconds: 600 } }));
  });
});
