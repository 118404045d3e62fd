import React, { useId } from 'react';
import {
  type DataSourcePluginOptionsEditorProps,
  onUpdateDatasourceSecureJsonDataOption,
  updateDatasourcePluginResetOption,
} from '@grafana/data';
import { config, DataSourcePicker } from '@grafana/runtime';
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
import { t } from '../i18n';
import { type ShadowerJsonData, type ShadowerSecureJsonData } from '../types';
import { NumberField } from './NumberField';

type Props = DataSourcePluginOptionsEditorProps<ShadowerJsonData, ShadowerSecureJsonData>;
type Flag = 'tlsSkipVerify' | 'tlsAuthWithCACert' | 'tlsAuth' | 'cache' | 'logUser';

const WIDTH = 60;
const URL_PATTERN = /^https?:\/\/[^\s/@]+(\/[^\s]*)?$/;
const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const TRACE_URL_PATTERN = /^https?:\/\/[^\s"'<>]*\$\{traceId\}[^\s"'<>]*$/;
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

  const toggle = (key: Flag, label: string, description: string, absent = false) => (
    <Field label={label} description={description} htmlFor={`${id}-${key}`} noMargin>
      <Switch
        id={`${id}-${key}`}
        value={jsonData[key] ?? absent}
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
      <FieldSet label={t('config.connection', 'Connection')}>
        <Stack direction="column" gap={2}>
          <Field
            label={t('config.url', 'URL')}
            description={t('config.clickhouseSHttpAddress', "ClickHouse's HTTP address")}
            htmlFor={`${id}-url`}
            required
            invalid={badUrl}
            error={t(
              'config.ofTheFormHttp',
              'Of the form http://host:8123 or https://host:8443, without user and password'
            )}
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
            label={t('config.workspace', 'Workspace')}
            description={t(
              'config.everyoneWhoCanUse',
              'Everyone who can use this datasource sees this workspace, and no other'
            )}
            htmlFor={`${id}-workspace`}
            required
            invalid={badWorkspace}
            error={t('config.lettersDigitsAndAt', "Letters, digits, '.', '_' and '-', at most 64")}
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
            label={t('config.database', 'Database')}
            htmlFor={`${id}-database`}
            invalid={badDatabase}
            error={t('config.aPlainNameLetters', 'A plain name: letters, digits and underscores')}
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
      <FieldSet label={t('config.authentication', 'Authentication')}>
        <Stack direction="column" gap={2}>
          <Field
            label={t('config.user', 'User')}
            description={t('config.aClickhouseUserThat', 'A ClickHouse user that may only read')}
            htmlFor={`${id}-user`}
            noMargin
          >
            <Input
              id={`${id}-user`}
              width={WIDTH}
              autoComplete="off"
              value={options.user ?? ''}
              placeholder="default"
              onChange={(event) => onOptionsChange({ ...options, user: event.currentTarget.value })}
            />
          </Field>
          <Field label={t('config.password', 'Password')} htmlFor={`${id}-password`} noMargin>
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
      <FieldSet label={t('config.tls', 'TLS')}>
        <Stack direction="column" gap={2}>
          {toggle(
            'tlsAuthWithCACert',
            t('config.ownCertificateAuthority', 'Own certificate authority'),
            t('config.trustTheCertificateBelow', 'Trust the certificate below')
          )}
          {jsonData.tlsAuthWithCACert &&
            certificate('tlsCACert', t('config.caCertificate', 'CA certificate'), 'CERTIFICATE')}
          {toggle(
            'tlsAuth',
            t('config.clientCertificate', 'Client certificate'),
            t('config.identifyWithACertificate', 'Identify with a certificate')
          )}
          {jsonData.tlsAuth &&
            certificate('tlsClientCert', t('config.clientCertificateText', 'Client certificate text'), 'CERTIFICATE')}
          {jsonData.tlsAuth && certificate('tlsClientKey', t('config.clientKey', 'Client key'), 'PRIVATE KEY')}
          {(jsonData.tlsAuth || jsonData.tlsAuthWithCACert) && (
            <Field
              label={t('config.serverName', 'Server name')}
              description={t('config.nameInTheServer', "Name in the server's certificate")}
              htmlFor={`${id}-sn`}
              noMargin
            >
              <Input
                id={`${id}-sn`}
                width={WIDTH}
                value={jsonData.serverName ?? ''}
                onChange={(event) => setJson({ serverName: event.currentTarget.value || undefined })}
              />
            </Field>
          )}
          {toggle(
            'tlsSkipVerify',
            t('config.skipVerification', 'Skip verification'),
            t('config.acceptAnyCertificateOnly', 'Accept any certificate. Only for tests.')
          )}
        </Stack>
      </FieldSet>
      <Divider />
      <FieldSet label={t('config.limits', 'Limits')}>
        <Stack direction="row" gap={2} wrap="wrap">
          <NumberField
            label={t('config.rowLimit', 'Row limit')}
            description={t('config.mostRowsPerPart', 'Most rows per part of a query')}
            placeholder="100000"
            max={1_000_000}
            value={jsonData.rowLimit}
            onChange={(rowLimit) => setJson({ rowLimit })}
          />
          <NumberField
            label={t('config.timeout', 'Timeout')}
            description={t('config.longestTimeOfA', 'Longest time of a query')}
            placeholder="30"
            suffix="s"
            max={600}
            value={jsonData.timeoutSeconds}
            onChange={(timeoutSeconds) => setJson({ timeoutSeconds })}
          />
          <NumberField
            label={t('config.concurrentQueries', 'Concurrent queries')}
            description={t('config.mostAtTheSame', 'Most at the same time')}
            placeholder="8"
            max={64}
            value={jsonData.maxConcurrentQueries}
            onChange={(maxConcurrentQueries) => setJson({ maxConcurrentQueries })}
          />
          <NumberField
            label={t('config.responseLimit', 'Response limit')}
            description={t('config.largestAnswer', 'Largest answer')}
            placeholder="128"
            suffix="MiB"
            max={1024}
            value={jsonData.responseLimitMiB}
            onChange={(responseLimitMiB) => setJson({ responseLimitMiB })}
          />
        </Stack>
      </FieldSet>
      <Divider />
      <FieldSet label={t('config.behaviour', 'Behaviour')}>
        <Stack direction="column" gap={2}>
          {toggle(
            'cache',
            t('config.cache', 'Keep answers'),
            t(
              'config.cacheDescription',
              'Panels may show an answer as old as its query allows, mostly a minute; alert rules never do'
            ),
            true
          )}
          {toggle(
            'logUser',
            t('config.logUser', 'Log who asks'),
            t('config.logUserDescription', "User, dashboard and panel go into ClickHouse's query log (http_referer)"),
            true
          )}
        </Stack>
      </FieldSet>
      <Divider />
      <FieldSet label={t('config.traces', 'Trace links')}>
        <Stack direction="column" gap={2}>
          <Field
            label={t('config.traceDatasource', 'Tracing datasource')}
            description={t('config.traceDatasourceDescription', 'Tempo or Jaeger, where trace ids lead')}
            noMargin
          >
            <DataSourcePicker
              tracing
              noDefault
              width={WIDTH}
              current={jsonData.traceDatasourceUid ?? null}
              onChange={(chosen) => setJson({ traceDatasourceUid: chosen.uid, traceDatasourceType: chosen.type })}
              onClear={() => setJson({ traceDatasourceUid: undefined, traceDatasourceType: undefined })}
            />
          </Field>
          <Field
            label={t('config.traceUrl', 'Or a URL')}
            description={t('config.traceUrlDescription', 'A page outside of Grafana; ${traceId} stands for the id')}
            htmlFor={`${id}-trace-url`}
            invalid={Boolean(jsonData.traceUrl) && !TRACE_URL_PATTERN.test(jsonData.traceUrl ?? '')}
            error={t('config.traceUrlError', 'Of the form https://host/path/${traceId}')}
            noMargin
          >
            <Input
              id={`${id}-trace-url`}
              width={WIDTH}
              value={jsonData.traceUrl ?? ''}
              placeholder="https://jaeger.example.com/trace/${traceId}"
              onChange={(event) => setJson({ traceUrl: event.currentTarget.value || undefined })}
            />
          </Field>
        </Stack>
      </FieldSet>
      {config.secureSocksDSProxyEnabled && (
        <SecureSocksProxySettings options={options} onOptionsChange={onOptionsChange} />
      )}
    </>
  );
}
