/**
 * Keeps callers of the endpoint inside the database. chDB is `clickhouse-local`: it has no users, reads any file that the
 * process can read, and opens connections for whoever asks. A server would fence that with grants; here every statement is
 * read token by token before the engine sees it. Lists name what is allowed wherever possible (statements, table functions,
 * engines), so that a function added by a later engine is refused until someone has looked at it. Views and tables
 * are created through the same door, so they cannot wrap what a query may not say.
 */
import { exception, type ClickHouseException } from './errors';
import { blank, Lexer, type Token } from './sql-lexer';

/** Table functions that stay inside the engine. */
const TABLE_FUNCTIONS = new Set(
  'numbers numbers_mt zeros zeros_mt primes generateseries generate_series generaterandom values view null merge format'.split(
    ' ',
  ),
);
/** Ordinary functions that read files, call out, or tell what is there. `ai*` call external services. */
const FUNCTIONS = new Set(
  'file filesystem url eval disk catboostevaluate hascolumnintable addresstoline addresstolinewithinlines'.split(' '),
);
const ENGINES = new Set(
  'mergetree replacingmergetree summingmergetree aggregatingmergetree collapsingmergetree versionedcollapsingmergetree graphitemergetree coalescingmergetree memory log tinylog stripelog null set join generaterandom atomic'.split(
    ' ',
  ),
);
const STATEMENTS = new Set(
  'SELECT WITH FROM SHOW DESCRIBE DESC EXISTS EXPLAIN INSERT CREATE REPLACE ALTER DROP TRUNCATE OPTIMIZE RENAME EXCHANGE DELETE UPDATE CHECK UNDROP SET USE SYSTEM VALUES'.split(
    ' ',
  ),
);
/** Statements that exist, and get a better answer than a syntax error. */
const REFUSED = new Set(
  'ATTACH DETACH KILL GRANT REVOKE BACKUP RESTORE EXECUTE BEGIN COMMIT ROLLBACK MOVE WATCH COPY ABORT'.split(' '),
);
const READS = new Set('SELECT WITH FROM SHOW DESCRIBE DESC EXISTS EXPLAIN CHECK VALUES'.split(' '));
const OBJECTS = new Set('TABLE VIEW DATABASE FUNCTION INDEX'.split(' '));
const MODIFIERS = new Set('OR REPLACE TEMPORARY MATERIALIZED IF NOT EXISTS EMPTY'.split(' '));
const SYSTEM_COMMANDS =
  /^(FLUSH LOGS|(START|STOP) (MERGES|TTL MERGES)|(DROP|CLEAR) (MARK|UNCOMPRESSED|QUERY|QUERY CONDITION) CACHE|WAIT LOADING PARTS)\b/;

/**
 * Settings that name files, change the language, reach out, or that this endpoint sets itself. Refused in the URL and in SQL.
 */
const SETTINGS =
  /^(dialect|polyglot_dialect|.*_dialect|log_comment|format_schema.*|output_format_schema|format_template_.*|.*_path|storage_policy|ai_.*|s3_.*|azure_.*|hdfs_.*|url_base|http_forbid_.*|allow_experimental_database_.*|remote_.*_url|implicit_select|implicit_table_at_top_level|input_format_values_interpret_expressions)$/i;
/** Settings whose text value is SQL. */
const SQL_SETTINGS = /^(additional_table_filters|additional_result_filter|parallel_replicas_custom_key)$/i;

const denied = (what: string, why = 'it would reach outside the embedded database'): ClickHouseException =>
  exception(497, `Not enough privileges. ${what} is not available over the embedded endpoint: ${why}.`);

/** Names of the engine's table functions: every one that `TABLE_FUNCTIONS` does not list is refused. Set once at start. */
let knownTableFunctions: ReadonlySet<string> = new Set();
export function setTableFunctions(names: readonly string[]): void {
  knownTableFunctions = new Set(names.map((n) => n.toLowerCase()));
}

function checkCall(name: string): void {
  const lower = name.toLowerCase();
  if (FUNCTIONS.has(lower) || (knownTableFunctions.has(lower) && !TABLE_FUNCTIONS.has(lower)) || /^ai[A-Z_]/.test(name))
    throw denied(`Function ${name}`);
}

/** Refuses a setting that callers may not give. @throws ClickHouseException ACCESS_DENIED */
export function checkSetting(name: string, value?: string): void {
  if (SETTINGS.test(name))
    throw denied(`Setting ${name}`, 'it would reach outside the embedded database or is set by the endpoint');
  if (value !== undefined && SQL_SETTINGS.test(name)) checkSqlValue(value);
}

/** Checks SQL that hides in a value, where quoting may be nested: judged as flat text, strictly. */
function checkSqlValue(value: string): void {
  if (/\/\*|--|\$|\\x/.test(value)) throw denied('A comment, heredoc or escape in a filter setting');
  for (const [, name] of value.matchAll(/([A-Za-z_]\w*)[\s`"\\']*\(/g)) checkCall(name!);
  if (/\bdefault[\s`"\\']*\./i.test(value)) throw denied('Database default', 'it is the overlay of the file system');
}

/** Refuses a query parameter that would smuggle a name past the guard. */
export function checkIdentifierParam(value: string): void {
  if (/^\s*[`"]?default[`"]?\s*(\.|$)/i.test(value) || /[/\\`"]/.test(value)) throw denied(`Identifier '${value}'`);
}

/** Checks the tokens of expressions: everything that can stand anywhere in a statement. */
function checkTokens(tokens: readonly Token[]): void {
  let sqlSettings = false;
  let inSettings = tokens[0]?.upper === 'SET';
  for (let i = 0; i < tokens.length; i++) {
    const t = tokens[i]!;
    const next = tokens[i + 1];
    const isName = t.kind === 'word' || t.kind === 'quoted';
    if (!isName) continue;
    if (next?.text === '(' && next.kind === 'punct' && !(t.upper === 'VALUES' || t.upper === 'NULL')) checkCall(t.text);
    if (t.upper === 'SETTINGS' || t.upper === 'SETTING') inSettings = true;
    if (inSettings && next?.kind === 'punct' && next.text === '=') {
      checkSetting(t.text);
      if (SQL_SETTINGS.test(t.text)) sqlSettings = true;
    }
    if (t.text.toLowerCase() === 'default') {
      // chDB's database `default` overlays the file system: a table of it is any file.
      const before = tokens[i - 1]?.upper;
      if ((next?.kind === 'punct' && next.text === '.') || before === 'DATABASE' || before === 'USE')
        throw denied('Database default', 'it is the overlay of the file system; leave the database out or name yours');
    }
    if (t.upper === 'OUTFILE' || t.upper === 'INFILE') {
      const before = tokens[i - 1]?.upper;
      if (before === 'INTO' || before === 'FROM') throw denied(`${before} ${t.upper}`);
    }
    if (t.upper === 'INTO' && next?.upper === 'FUNCTION') throw denied('INSERT INTO FUNCTION');
  }
  if (sqlSettings) for (const t of tokens) if (t.kind === 'string') checkSqlValue(t.text);
}

function checkCreate(tokens: readonly Token[]): void {
  const head = tokens[0]!.upper;
  let i = 1;
  while (MODIFIERS.has(tokens[i]?.upper ?? '')) i++;
  // `REPLACE TABLE` has its object right after the verb, like CREATE.
  const object = tokens[i]?.upper ?? '';
  if (!OBJECTS.has(object))
    throw denied(`${head} ${object || '…'}`, 'only tables, views, databases and SQL functions can be made');
  for (let k = i; k < tokens.length; k++) {
    const t = tokens[k]!;
    if (t.upper === 'ENGINE') {
      const name = tokens[k + 1]?.text === '=' ? tokens[k + 2] : tokens[k + 1];
      if ((name?.kind === 'word' || name?.kind === 'quoted') && !ENGINES.has(name.text.toLowerCase()))
        throw denied(`Engine ${name.text}`);
    }
    if (object === 'FUNCTION' && t.upper === 'LANGUAGE') throw denied('CREATE FUNCTION … LANGUAGE');
    if (t.upper === 'ATTACH') throw denied('ATTACH');
  }
}

export interface Statement {
  /** SQL for the engine: comments blanked, trailing semicolons cut; latin1 like the input. */
  sql: string;
  /** Reads only: safe to cancel, and goes to a reader. */
  reads: boolean;
  /** `{name:Type}` placeholders that the request has to fill. */
  params: { name: string; type: string }[];
  /** Output format that the statement names itself. */
  format?: string;
  insert?: InsertParts;
}
/** An INSERT whose data follows, cut so that the data can be given as a file. */
export interface InsertParts {
  /** `INSERT INTO t (columns)`. */
  head: string;
  /** ` SETTINGS …` or ''. */
  settings: string;
  /** Input format; undefined when the statement names none. */
  format: string | undefined;
  /** Byte offset in the text at which the data begins. */
  dataAt: number;
}

function outputFormat(tokens: readonly Token[]): { format?: string } {
  for (let i = tokens.length - 2; i > 0; i--) {
    const [t, name, after] = [tokens[i]!, tokens[i + 1]!, tokens[i + 2]];
    if (t.upper === 'FORMAT' && name.kind === 'word' && (!after || after.upper === 'SETTINGS'))
      return { format: name.text };
  }
  return {};
}

function placeholders(tokens: readonly Token[]): Statement['params'] {
  const found: Statement['params'] = [];
  for (let i = 0; i + 2 < tokens.length; i++) {
    const [open, name, colon] = [tokens[i]!, tokens[i + 1]!, tokens[i + 2]!];
    if (open.text !== '{' || open.kind !== 'punct' || name.kind !== 'word' || colon.text !== ':') continue;
    const close = tokens.findIndex((t, k) => k > i && t.kind === 'punct' && t.text === '}');
    // From the tokens, not the text: a comment must not hide the type.
    if (close > 0)
      found.push({
        name: name.text,
        type: tokens
          .slice(i + 3, close)
          .map((t) => t.text)
          .join(''),
      });
  }
  return found;
}

/**
 * Reads one statement and judges it.
 * @param text SQL, latin1-decoded; for an INSERT the data may follow.
 * @throws ClickHouseException SYNTAX_ERROR (not one readable statement) or ACCESS_DENIED (reaches outside)
 */
export function readStatement(text: string): Statement {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  const first = lexer.next();
  if (!first) throw exception(62, 'Syntax error: Empty query.');
  tokens.push(first);
  const insert = first.upper === 'INSERT' ? readInsertHead(lexer, tokens) : undefined;
  let end = insert ? insert.dataAt : text.length;
  if (!insert) {
    for (let t = lexer.next(); t; t = lexer.next()) {
      if (t.kind === 'punct' && t.text === ';') {
        end = t.start;
        for (let rest = lexer.next(); rest; rest = lexer.next())
          if (rest.text !== ';')
            throw exception(
              62,
              `Syntax error: failed at position ${rest.start + 1}: Multi-statements are not allowed.`,
            );
        break;
      }
      tokens.push(t);
    }
  }
  // "(SELECT …) UNION ALL …" starts with brackets.
  const verb = tokens.find((t) => t.text !== '(') ?? first;
  if (REFUSED.has(verb.upper)) throw denied(`Statement ${verb.upper}`, 'it is not one of the statements served');
  if (!STATEMENTS.has(verb.upper))
    throw exception(62, `Syntax error: failed at position ${verb.start + 1} (${utf8(verb.text.slice(0, 40))}).`);
  checkTokens(tokens);
  if (verb.upper === 'CREATE' || verb.upper === 'REPLACE') checkCreate(tokens);
  if (verb.upper === 'ALTER') checkAlter(tokens);
  if (verb.upper === 'SYSTEM' && !SYSTEM_COMMANDS.test(words(tokens.slice(1)))) throw denied(`${words(tokens)}`);
  if (tokens.some((t, i) => t.upper === 'PARALLEL' && tokens[i + 1]?.upper === 'WITH')) throw denied('PARALLEL WITH');

  const sql = blank(
    text.slice(0, end),
    lexer.comments.filter(([s]) => s < end).map(([s, e]) => [s, Math.min(e, end)]),
  );
  // A parameterised view keeps its placeholders for its callers.
  const isView = verb.upper === 'CREATE' && tokens.slice(0, 6).some((t) => t.upper === 'VIEW');
  const params = placeholders(tokens);
  if (isView && params.some((p) => /identifier/i.test(p.type)))
    throw denied('A view with a parameter of type Identifier', 'its callers could name what a query may not');
  return {
    sql,
    reads: READS.has(verb.upper),
    params: isView ? [] : params,
    ...(!insert && outputFormat(tokens)),
    ...(insert && {
      insert: {
        format: insert.format,
        dataAt: insert.dataAt,
        head: sql.slice(0, insert.headEnd),
        settings: insert.settings(sql),
      },
    }),
  };
}

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');
const words = (tokens: readonly Token[]): string =>
  tokens
    .slice(0, 5)
    .map((t) => t.upper)
    .join(' ');

function checkAlter(tokens: readonly Token[]): void {
  if (tokens[1]?.upper !== 'TABLE' && tokens[1]?.upper !== 'TEMPORARY')
    throw denied(`ALTER ${tokens[1]?.text ?? ''}`, 'only tables can be altered');
  const bad = tokens.find(
    (t) => ['FETCH', 'FREEZE', 'UNFREEZE', 'EXPORT', 'UNLOCK'].includes(t.upper) && t.kind === 'word',
  );
  if (bad) throw denied(`ALTER TABLE … ${bad.upper}`);
}

interface InsertHead {
  headEnd: number;
  settings: (sql: string) => string;
  format: string | undefined;
  dataAt: number;
}

/** Reads `INSERT INTO t (…) [SETTINGS …] VALUES|FORMAT f`; undefined for INSERT … SELECT, whose tokens it leaves read. */
function readInsertHead(lexer: Lexer, tokens: Token[]): InsertHead | undefined {
  const { text } = lexer;
  let depth = 0;
  let settingsAt: number | undefined;
  const head = (at: number, format: string | undefined, dataAt: number): InsertHead => ({
    headEnd: settingsAt ?? at,
    settings: (sql) => (settingsAt === undefined ? '' : ` ${sql.slice(settingsAt, at)}`),
    format,
    dataAt,
  });
  for (;;) {
    const t = lexer.next();
    if (!t) return head(text.length, undefined, text.length);
    if (t.kind === 'punct' && t.text === ';') {
      return head(t.start, undefined, t.end);
    }
    tokens.push(t);
    if (t.kind === 'punct' && '([{'.includes(t.text)) depth++;
    if (t.kind === 'punct' && ')]}'.includes(t.text)) depth--;
    if (t.kind !== 'word') continue;
    // A SELECT inside brackets begins a query as well: INSERT INTO t (SELECT …).
    const afterBracket = depth === 1 && tokens[tokens.length - 2]?.text === '(';
    if ((depth === 0 || afterBracket) && (t.upper === 'SELECT' || t.upper === 'WITH')) return undefined;
    if (depth > 0 || tokens.length < 3) continue;
    const before = tokens[tokens.length - 2]!;
    // The name of the table comes first; `INSERT INTO format …` is a table called format.
    if (before.upper === 'INTO' || before.upper === 'TABLE' || before.text === '.' || before.text === '=') continue;
    if (t.upper === 'SETTINGS') settingsAt = t.start;
    else if (t.upper === 'VALUES') return head(t.start, 'Values', t.end);
    else if (t.upper === 'FORMAT') {
      const name = lexer.next();
      if (name?.kind !== 'word')
        throw exception(62, `Syntax error: failed at position ${t.end + 1}: a format name is expected.`);
      let dataAt = lexer.pos;
      while (/[ \t\r]/.test(text[dataAt] ?? '')) dataAt++;
      if (text[dataAt] === ';') dataAt++;
      if (text[dataAt] === '\r') dataAt++;
      if (text[dataAt] === '\n') dataAt++;
      return head(t.start, name.text, dataAt);
    }
  }
}

/** Judges the data of `INSERT … VALUES`: they are expressions, and so can call functions. */
export function checkValues(text: string): void {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  for (let t = lexer.next(); t; t = lexer.next()) tokens.push(t);
  checkTokens(tokens);
  if (lexer.comments.length) throw exception(62, 'Syntax error: comments are not accepted between VALUES.');
}
