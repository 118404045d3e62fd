import { checkSetting, checkValues, readStatement, setTableFunctions } from './sql-guard';

beforeAll(() =>
  setTableFunctions([
    'file',
    'url',
    's3',
    'remote',
    'remoteSecure',
    'executable',
    'numbers',
    'merge',
    'loop',
    'dictionary',
    'eval',
  ]),
);

const refused = [
  "SELECT * FROM file('/etc/passwd')",
  "select * from FiLe('/etc/passwd', 'LineAsString')",
  "SELECT * FROM `file`('/etc/passwd')",
  'SELECT * FROM "file" (\'/etc/passwd\')',
  "SELECT * FROM/**/file/* x */('/etc/passwd')",
  "SELECT * FROM file -- )\n ('/etc/passwd')",
  "SELECT * FROM /* a /* b */ '*/ file('/etc/passwd')",
  "SELECT 1 WHERE 'a\\'' = file('/etc/passwd')",
  "SELECT 'it''s', file('/etc/passwd')",
  "SELECT * FROM `fi\\x6ce`('/etc/passwd')",
  "SELECT file('/etc/passwd')",
  "SELECT * FROM url('http://127.0.0.1/')",
  "SELECT * FROM s3('http://x/y')",
  "SELECT * FROM remote('127.0.0.1', system.one)",
  "SELECT * FROM remoteSecure('127.0.0.1', system.one)",
  "SELECT * FROM executable('id', TSV, 'a String')",
  'SELECT * FROM loop(`default`, `/etc/x.csv`)',
  "SELECT * FROM eval('select 1')",
  "INSERT INTO FUNCTION file('/tmp/x') SELECT 1",
  "INSERT INTO TABLE FUNCTION url('http://x') SELECT 1",
  "INSERT INTO t SELECT * FROM file('/etc/passwd')",
  "INSERT INTO t (a) FROM INFILE '/etc/passwd' FORMAT LineAsString",
  "SELECT 1 INTO OUTFILE '/tmp/x'",
  "SELECT 1 INTO /**/ OUTFILE '/tmp/x'",
  "CREATE VIEW v AS SELECT * FROM file('/etc/passwd')",
  'CREATE MATERIALIZED VIEW v ENGINE = File(CSV) AS SELECT 1',
  "CREATE TABLE t (a String) ENGINE = File(CSV, '/etc/passwd')",
  "CREATE TABLE t (a String) ENGINE URL('http://x')",
  "CREATE TABLE t (a String) ENGINE = `URL`('http://x')",
  "CREATE TABLE t (a String DEFAULT file('/etc/passwd')) ENGINE = Memory",
  "CREATE TABLE t AS url('http://x')",
  "CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'local', path = '/tmp/')",
  "CREATE DATABASE d ENGINE = Filesystem('/')",
  "CREATE DATABASE d ENGINE = MySQL('h', 'd', 'u', 'p')",
  "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd' format 'TSV')) LAYOUT(FLAT())",
  'CREATE NAMED COLLECTION c AS a = 1',
  'CREATE USER u',
  "CREATE FUNCTION f AS () -> file('/etc/passwd')",
  "ATTACH TABLE t FROM '/tmp' (a UInt8) ENGINE = Log",
  'SYSTEM SHUTDOWN',
  'SYSTEM /* x */ KILL',
  "BACKUP TABLE t TO Disk('d', 'x')",
  "RESTORE TABLE t FROM File('/tmp/x')",
  "ALTER TABLE t FETCH PARTITION 1 FROM '/x'",
  'ALTER TABLE t FREEZE',
  'DROP DATABASE default',
  'DETACH DATABASE d',
  'SELECT * FROM default.`/etc/x.csv`',
  "SELECT * FROM `default`.'/etc/x.csv'",
  "SELECT 1 SETTINGS dialect = 'prql'",
  "SET format_schema = '/etc/x'",
  "SELECT 1 SETTINGS additional_table_filters = {'t': 'file(\\'/etc/passwd\\') = \\'\\''}",
  'KILL QUERY WHERE 1',
  'CREATE VIEW v AS SELECT * FROM {d:/**/Identifier}.{t:Identifier}',
  "SELECT 1 SETTINGS implicit_table_at_top_level = 'x'",
  'SELECT 1 SETTINGS input_format_values_interpret_expressions = 1',
  'GRANT ALL ON *.* TO u',
  'EXECUTE AS u SELECT 1',
  'CREATE TABLE a (b UInt8) ENGINE = Memory PARALLEL WITH DROP TABLE c',
];
it.each(refused)('refuses %s', (sql) => expect(() => readStatement(sql)).toThrow(/Code: (497|62)/));

it.each([
  'SELECT 1; DROP TABLE t',
  'SELECT $a$ x $a$',
  'SELECT \u2018a\u2019',
  "SELECT 'a",
  'SELECT 1 /* x',
  'SELECT 1\0',
  '',
])('cannot judge %j, so refuses it', (sql) =>
  expect(() => readStatement(Buffer.from(sql).toString('latin1'))).toThrow(/Code: 62/),
);

const allowed = [
  "SELECT 'file(x)', \"url\", `remote` FROM t WHERE a = 'INTO OUTFILE' -- file('x')",
  "SELECT url, file FROM t WHERE url IN ('a') AND path = '/x'",
  "SELECT disk, user_path FROM t WHERE user_path = '/x' AND disk = 'a'",
  'SELECT * FROM numbers(10)',
  "SELECT format('{}', 1)",
  "SELECT engine FROM system.tables WHERE engine = 'URL'",
  'CREATE TABLE t (url String, file String DEFAULT .5, t DateTime) ENGINE = ReplacingMergeTree ORDER BY url TTL t + toIntervalDay(1)',
  'CREATE TABLE IF NOT EXISTS db.t (a UInt8 DEFAULT 1) ENGINE = MergeTree() ORDER BY a',
  'CREATE OR REPLACE VIEW v AS SELECT * FROM t WHERE a = {x:String}',
  'ALTER TABLE t ADD COLUMN b UInt8 DEFAULT 0',
  'DROP TABLE IF EXISTS t SYNC',
  'SYSTEM STOP MERGES t',
  'WITH x AS (SELECT 1) SELECT * FROM x',
  '(SELECT 1) UNION ALL (SELECT 2)',
  'SELECT 1;;  ',
  "SELECT 1 SETTINGS max_threads = 1, additional_table_filters = {'t': 'workspace = \\'demo\\''}",
  'INSERT INTO t (url, b) SELECT 1, 2',
  "SELECT '\u00e4\u20ac' AS `\u00f6`",
];
it.each(allowed)('lets %s pass', (sql) =>
  expect(() => readStatement(Buffer.from(sql).toString('latin1'))).not.toThrow(),
);

it('hands the engine no comments, at unchanged positions', () => {
  expect(readStatement("SELECT /* it's */ 1 -- end").sql).toBe(`SELECT ${' '.repeat(10)} 1 ${' '.repeat(6)}`);
});

it('cuts an INSERT before its data', () => {
  expect(
    readStatement('INSERT INTO t (a, b) SETTINGS x_y = \'FORMAT\' FORMAT JSONEachRow\n{"a":1}; DROP').insert,
  ).toMatchObject({
    head: 'INSERT INTO t (a, b) ',
    settings: " SETTINGS x_y = 'FORMAT' ",
    format: 'JSONEachRow',
    dataAt: 64,
  });
  expect(readStatement('INSERT INTO format FORMAT CSV 1').insert).toMatchObject({
    head: 'INSERT INTO format ',
    format: 'CSV',
    dataAt: 30,
  });
  expect(readStatement('INSERT INTO t VALUES (1)').insert).toMatchObject({ head: 'INSERT INTO t ', format: 'Values' });
  expect(readStatement('INSERT INTO t SELECT 1').insert).toBeUndefined();
  expect(readStatement('INSERT INTO t (SELECT 1)').insert).toBeUndefined();
});

it('judges VALUES and settings', () => {
  expect(() => checkValues("(1, 'file(x)'), (2, now())")).not.toThrow();
  expect(() => checkValues("(1, file('/etc/passwd'))")).toThrow(/497/);
  expect(() => checkSetting('additional_table_filters', "{'t':'1 IN (SELECT 1 FROM `url` (\\'http://x\\'))'}")).toThrow(
    /497/,
  );
  expect(() => checkSetting('additional_table_filters', "{'t':'url = 1'}")).not.toThrow();
});
