/** Reads what a request says beside its SQL: parameters, settings, format, database. */
import { exception } from './errors';
import { checkIdentifierParam, checkSetting } from './sql-guard';

export interface RequestOptions {
  query: string;
  /** The database asked for, if any. */
  database: string | undefined;
  /** Default output (and input) format. */
  format: string;
  queryId: string | undefined;
  user: string | undefined;
  password: string | undefined;
  /** Raw text of `param_*`, still escaped the way ClickHouse wants it. */
  params: Map<string, string>;
  /** Settings for the engine, names checked. */
  settings: Map<string, string>;
  /** `enable_http_compression=1`. */
  compress: boolean;
}

/** Parameters of the HTTP handler of a server that make no difference here: results are always complete before they are sent. */
const IGNORED = new Set(
  'wait_end_of_query buffer_size stacktrace quota_key add_http_cors_header send_progress_in_http_headers http_headers_progress_interval_ms http_response_buffer_size http_zlib_compression_level cancel_http_readonly_queries_on_client_close http_write_exception_in_output_format async_insert wait_for_async_insert'.split(
    ' ',
  ),
);
const UNSUPPORTED: Readonly<Record<string, string>> = {
  session_id: 'sessions are not kept; send settings with each request',
  session_timeout: 'sessions are not kept',
  session_check: 'sessions are not kept',
  close_session: 'sessions are not kept',
  role: 'there are no roles',
  client_protocol_version: 'the engine writes Native of protocol version 0 only',
};
const truthy = (v: string): boolean => v === '1' || v === 'true';

/**
 * Reads the URL (and multipart fields, which count the same).
 * @param known names of the engine's settings
 * @throws ClickHouseException UNKNOWN_SETTING, NOT_IMPLEMENTED, ACCESS_DENIED, BAD_ARGUMENTS
 */
export function readOptions(
  fields: Iterable<[string, string]>,
  headers: { format?: string | undefined; database?: string | undefined },
  known: ReadonlySet<string>,
): RequestOptions {
  const o: RequestOptions = {
    query: '',
    database: headers.database,
    format: headers.format ?? 'TabSeparated',
    queryId: undefined,
    user: undefined,
    password: undefined,
    params: new Map(),
    settings: new Map(),
    compress: false,
  };
  for (const [name, value] of fields) {
    if (name.startsWith('param_')) {
      const param = name.slice(6);
      if (!/^[A-Za-z_]\w*$/.test(param)) throw exception(36, `Parameter name '${param}' is not an identifier.`);
      o.params.set(param, value);
    } else if (name === 'query') o.query += value;
    else if (name === 'database') o.database = value || undefined;
    else if (name === 'default_format') o.format = headers.format ?? value;
    else if (name === 'query_id') o.queryId = value || undefined;
    else if (name === 'user') o.user = value;
    else if (name === 'password') o.password = value;
    else if (name === 'enable_http_compression') o.compress = truthy(value);
    else if (name === 'compress' || name === 'decompress') {
      if (truthy(value))
        throw exception(
          48,
          `URL parameter ${name} (ClickHouse's block compression) is not supported; use enable_http_compression=1 or Content-Encoding: gzip.`,
        );
    } else if (UNSUPPORTED[name])
      throw exception(48, `URL parameter ${name} is not supported by the embedded ClickHouse: ${UNSUPPORTED[name]}.`);
    else if (IGNORED.has(name)) continue;
    else {
      checkSetting(name, value);
      if (!known.has(name))
        throw exception(115, `Setting ${name.slice(0, 100)} is unknown to this version of ClickHouse.`);
      o.settings.set(name, value);
    }
  }
  if (!/^[A-Za-z]\w*$/.test(o.format)) throw exception(36, `Format '${o.format.slice(0, 60)}' is not a format name.`);
  return o;
}

/** A ClickHouse string literal. */
export const quote = (value: string): string => {
  if (value.includes('\0')) throw exception(36, 'A NUL byte in a parameter or setting is not accepted.');
  return `'${value.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
};
/** A quoted identifier. */
export function identifier(name: string): string {
  if (/[`\\\0/]/.test(name)) throw exception(81, `Database ${name.slice(0, 100)} does not exist.`);
  return `\`${name}\``;
}

/**
 * Assignments that bring settings and query parameters into a session; '' when there are none. Values travel as
 * literals, which the engine converts itself.
 * @param needed placeholders of the statement; each has to be given
 */
export function assignments(
  settings: ReadonlyMap<string, string>,
  params: ReadonlyMap<string, string>,
  needed: readonly { name: string; type: string }[],
): string {
  const parts = [...settings].map(([name, value]) => `${name}=${quote(value)}`);
  for (const { name, type } of needed) {
    const value = params.get(name);
    if (value === undefined)
      throw exception(456, `Substitution \`${name}\` is not set. Send it as URL parameter param_${name}.`);
    if (/identifier/i.test(type)) checkIdentifierParam(value);
  }
  const names = new Set(needed.map((n) => n.name));
  for (const [name, value] of params) if (names.has(name)) parts.push(`param_${name}=${quote(value)}`);
  return parts.join(', ');
}
