import React, { useId } from 'react';
import {
  type DataSourcePluginOptionsEditorProps,
  onUpdateDatasourceSecureJsonDataOption,
  updateDatasourcePluginResetOption,
} from '@grafana/data';
import { config } from '@grafana/runtime';
import {
  Divider,
  Field,
  FieldSet,
  Input,
  SecretInput,
  SecretTextArea,
  SecureSocksProxySettings,
  Stack,
  Switch,
} from '@grafana/ui';
import { type ShadowerJsonData, type ShadowerSecureJsonData } from '../types';
import { NumberField } from './NumberField';

type Props = DataSourcePluginOptionsEditorProps<ShadowerJsonData, ShadowerSecureJsonData>;
type Flag = 'tlsSkipVerify' | 'tlsAuthWithCACert' | 'tlsAuth';

const WIDTH = 60;
const URL_PATTERN = /^https?:\/\/[^\s/@]+(\/[^\s]*)?$/;
const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const WORKSPACE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Connection, workspace, TLS and limits of a datasource. */
export function ConfigEditor(props: Props) {
  const { options, onOptionsChange } = props;
  const { jsonData, secureJsonFields } = options;
  const id = useId();

  const setJson = (next: Partial<ShadowerJsonData>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...next } });
  const reset = (key: keyof ShadowerSecureJsonData) => () => updateDatasourcePluginResetOption(props, key);

  const badUrl = Boolean(options.url) && !URL_PATTERN.test(options.url);
  const badWorkspace = Boolean(jsonData.workspace) && !WORKSPACE_PATTERN.test(jsonData.workspace ?? '');
  const badDatabase = Boolean(jsonData.database) && !NAME_PATTERN.test(jsonData.database ?? '');

  const toggle = (key: Flag, label: string, description: string) => (
    <Field label={label} description={description} htmlFor={`${id}-${key}`} noMargin>
      <Switch
        id={`${id}-${key}`}
        value={jsonData[key] ?? false}
        onChange={(event) => setJson({ [key]: event.currentTarget.checked })}
      />
    </Field>
  );
  const certificate = (key: 'tlsCACert' | 'tlsClientCert' | 'tlsClientKey', label: string, begin: string) => (
    <Field label={label} htmlFor={`${id}-${key}`} noMargin>
      <SecretTextArea
        id={`${id}-${key}`}
        rows={6}
        cols={WIDTH}
        placeholder={`-----BEGIN ${begin}-----`}
        isConfigured={Boolean(secureJsonFields?.[key])}
        onChange={onUpdateDatasourceSecureJsonDataOption(props, key)}
        onReset={reset(key)}
      />
    </Field>
  );

  return (
    <>
      <FieldSet label="Connection">
        <Stack direction="column" gap={2}>
          <Field
            label="URL"
            description="ClickHouse's HTTP address"
            htmlFor={`${id}-url`}
            required
            invalid={badUrl}
            error="Of the form http://host:8123 or https://host:8443, without user and password"
            noMargin
          >
            <Input
              id={`${id}-url`}
              width={WIDTH}
              required
              value={options.url ?? ''}
              placeholder="http://localhost:8123"
              onChange={(event) => onOptionsChange({ ...options, url: event.currentTarget.value })}
            />
          </Field>
          <Field
            label="Workspace"
            description="Everyone who can use this datasource sees this workspace, and no other"
            htmlFor={`${id}-workspace`}
            required
            invalid={badWorkspace}
            error="Letters, digits, '.', '_' and '-', at most 64"
            noMargin
          >
            <Input
              id={`${id}-workspace`}
              width={WIDTH}
              required
              value={jsonData.workspace ?? ''}
              placeholder="demo"
              onChange={(event) => setJson({ workspace: event.currentTarget.value })}
            />
          </Field>
          <Field
            label="Database"
            htmlFor={`${id}-database`}
            invalid={badDatabase}
            error="A plain name: letters, digits and underscores"
            noMargin
          >
            <Input
              id={`${id}-database`}
              width={WIDTH}
              value={jsonData.database ?? ''}
              placeholder="shadower"
              onChange={(event) => setJson({ database: event.currentTarget.value || undefined })}
            />
          </Field>
        </Stack>
      </FieldSet>
      <Divider />
      <FieldSet label="Authentication">
        <Stack direction="column" gap={2}>
          <Field label="User" description="A ClickHouse user that may only read" htmlFor={`${id}-user`} noMargin>
            <Input
              id={`${id}-user`}
              width={WIDTH}
              autoComplete="off"
              value={options.user ?? ''}
              placeholder="default"
              onChange={(event) => onOptionsChange({ ...options, user: event.currentTarget.value })}
            />
          </Field>
          <Field label="Password" htmlFor={`${id}-password`} noMargin>
            <SecretInput
              id={`${id}-password`}
              width={WIDTH}
              autoComplete="new-password"
              isConfigured={Boolean(secureJsonFields?.password)}
              onChange={onUpdateDatasourceSecureJsonDataOption(props, 'password')}
              onReset={reset('password')}
            />
          </Field>
        </Stack>
      </FieldSet>
      <Divider />
      <FieldSet label="TLS">
        <Stack direction="column" gap={2}>
          {toggle('tlsAuthWithCACert', 'Own certificate authority', 'Trust the certificate below')}
          {jsonData.tlsAuthWithCACert && certificate('tlsCACert', 'CA certificate', 'CERTIFICATE')}
          {toggle('tlsAuth', 'Client certificate', 'Identify with a certificate')}
          {jsonData.tlsAuth && certificate('tlsClientCert', 'Client certificate text', 'CERTIFICATE')}
          {jsonData.tlsAuth && certificate('tlsClientKey', 'Client key', 'PRIVATE KEY')}
          {(jsonData.tlsAuth || jsonData.tlsAuthWithCACert) && (
            <Field label="Server name" description="Name in the server's certificate" htmlFor={`${id}-sn`} noMargin>
              <Input
                id={`${id}-sn`}
                width={WIDTH}
                value={jsonData.serverName ?? ''}
                onChange={(event) => setJson({ serverName: event.currentTarget.value || undefined })}
              />
            </Field>
          )}
          {toggle('tlsSkipVerify', 'Skip verification', 'Accept any certificate. Only for tests.')}
        </Stack>
      </FieldSet>
      <Divider />
      <FieldSet label="Limits">
        <Stack direction="row" gap={2} wrap="wrap">
          <NumberField
            label="Row limit"
            description="Most rows per part of a query"
            placeholder="100000"
            max={1_000_000}
            value={jsonData.rowLimit}
            onChange={(rowLimit) => setJson({ rowLimit })}
          />
          <NumberField
            label="Timeout"
            description="Longest time of a query"
            placeholder="30"
            suffix="s"
            max={600}
            value={jsonData.timeoutSeconds}
            onChange={(timeoutSeconds) => setJson({ timeoutSeconds })}
          />
          <NumberField
            label="Concurrent queries"
            description="Most at the same time"
            placeholder="8"
            max={64}
            value={jsonData.maxConcurrentQueries}
            onChange={(maxConcurrentQueries) => setJson({ maxConcurrentQueries })}
          />
          <NumberField
            label="Response limit"
            description="Largest answer"
            placeholder="128"
            suffix="MiB"
            max={1024}
            value={jsonData.responseLimitMiB}
            onChange={(responseLimitMiB) => setJson({ responseLimitMiB })}
          />
        </Stack>
      </FieldSet>
      {config.secureSocksDSProxyEnabled && (
        <SecureSocksProxySettings options={options} onOptionsChange={onOptionsChange} />
      )}
    </>
  );
}
