package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/sqlguard/sqlguardtest"
)

// secret is what only the other workspace has; ours is what a reader of workspace demo may see.
const (
	secret  = "seen-behind-the-fence"
	ours    = "seen-in-demo"
	fenceDB = "shadower_fence_test"
)

// fenceStore makes a database with rows of two workspaces in every kind of table that the datasource reads.
func fenceStore(t *testing.T, e endpoint) {
	t.Helper()
	e.run(t, "DROP DATABASE IF EXISTS "+fenceDB)
	e.run(t, "CREATE DATABASE "+fenceDB)
	t.Cleanup(func() { e.run(t, "DROP DATABASE "+fenceDB) })
	at := time.Now().UTC().Add(-5 * time.Minute).Truncate(time.Minute).Format("2006-01-02 15:04:05")
	fence := "workspace = {workspace:String} AND t >= {from:DateTime64(3, 'UTC')} AND t < {to:DateTime64(3, 'UTC')}"
	for _, s := range []string{
		"CREATE TABLE %d.catalog (json String, updated_at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY updated_at",
		"INSERT INTO %d.catalog VALUES ('" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(testCatalog) + "', now64(3, 'UTC'))",
		"CREATE VIEW %d.system_progress AS SELECT now64(3, 'UTC') AS complete_until, now64(3, 'UTC') AS updated_at, toUInt64(0) AS lag",
		"CREATE VIEW %d.system_coverage AS SELECT 'integration_calls' AS rollup, '1m' AS grain, toDateTime('2020-01-01 00:00:00', 'UTC') AS oldest",
		"CREATE TABLE %d.calls_1m (workspace LowCardinality(String), t DateTime('UTC'), integration LowCardinality(String), calls UInt64) ENGINE = MergeTree ORDER BY (workspace, t)",
		"CREATE TABLE %d.raw_calls (workspace LowCardinality(String), t DateTime64(3, 'UTC'), event_id String, integration LowCardinality(String), trace_id String) ENGINE = MergeTree ORDER BY (workspace, t)",
		"CREATE TABLE %d.dead_letters (workspace LowCardinality(String), t DateTime64(3, 'UTC'), topic String, code LowCardinality(String), reason String, payload String) ENGINE = MergeTree ORDER BY (workspace, t)",
		"CREATE TABLE %d.secrets (t DateTime('UTC'), integration String) ENGINE = MergeTree ORDER BY t",
		"INSERT INTO %d.calls_1m VALUES ('demo', '" + at + "', '" + ours + "', 60), ('other', '" + at + "', '" + secret + "', 60)",
		"INSERT INTO %d.raw_calls VALUES ('demo', '" + at + "', '1', '" + ours + "', 'a'), ('other', '" + at + "', '2', '" + secret + "', 'b')",
		"INSERT INTO %d.dead_letters VALUES ('demo', '" + at + "', 'x', 'EVENT_INVALID', '" + ours + "', '{}'), ('other', '" + at + "', 'x', 'EVENT_INVALID', '" + secret + "', '{}'), ('', '" + at + "', 'x', 'EVENT_INVALID', '" + secret + "', '{}')",
		"INSERT INTO %d.secrets VALUES ('" + at + "', '" + secret + "')",
		"CREATE VIEW %d.integration_calls__main__1m AS SELECT toDateTime64(intDiv(toUnixTimestamp(t), {step:UInt32}) * {step:UInt32}, 3, 'UTC') AS time, integration, sum(calls) / {step:UInt32} AS rate, max(calls) AS p95_ms FROM %d.calls_1m " +
			"WHERE " + fence + " AND (empty({integration:Array(String)}) OR has({integration:Array(String)}, integration)) GROUP BY time, integration",
		"CREATE VIEW %d.integration_endpoints__main__1m AS SELECT integration AS endpoint, integration AS owner, sum(c.calls) AS calls, sum(c.calls) > 100 AS critical, max(c.t) AS last_seen FROM %d.calls_1m AS c WHERE " + fence + " GROUP BY integration",
		"CREATE VIEW %d.integration_names__main__raw AS SELECT DISTINCT integration AS value FROM %d.calls_1m WHERE " + fence + " AND empty({owner:Array(String)})",
		"CREATE VIEW %d.calls__main__1m AS SELECT * FROM %d.calls_1m WHERE workspace = {workspace:String}",
	} {
		e.run(t, strings.ReplaceAll(s, "%d", fenceDB))
	}
}

// everything asks the instance in every way there is, and gives all that it answered.
type everything struct {
	answers []string
	refused int
}

func (all *everything) ask(t *testing.T, i *Instance, model any, ways ...bool) string {
	t.Helper()
	raw, err := json.Marshal(model)
	require.NoError(t, err)
	text := ""
	for _, alert := range append([]bool{false}, ways...) {
		res := ask(t, i, alert, string(raw), time.Now().Add(-time.Hour), time.Now())
		if res.Error != nil {
			all.refused++
		}
		answer, err := json.Marshal(res)
		require.NoError(t, err)
		text += string(answer)
	}
	// The question itself may hold the secret's name; the answer repeats statements.
	all.answers = append(all.answers, string(raw)+" => "+text)
	return text
}

func (all *everything) resource(t *testing.T, i *Instance, method, target string, body any) string {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	path, _, _ := strings.Cut(target, "?")
	out := &sent{}
	require.NoError(t, i.CallResource(context.Background(), &backend.CallResourceRequest{Method: method, Path: path, URL: target, Body: raw}, out))
	all.answers = append(all.answers, target+" => "+string(out.Body))
	return string(out.Body)
}

func (all *everything) live(t *testing.T, i *Instance, model any) string {
	t.Helper()
	q, err := json.Marshal(model)
	require.NoError(t, err)
	asked, err := json.Marshal(liveQuery{Query: q, RangeMs: 3_600_000, IntervalMs: 60_000, MaxDataPoints: 100})
	require.NoError(t, err)
	var got bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	sender := backend.NewStreamSender(packets(func(raw []byte) { got.Write(raw); cancel() }))
	_ = i.RunStream(ctx, &backend.RunStreamRequest{Path: pathOf(asked), Data: asked}, sender)
	cancel()
	all.answers = append(all.answers, "live "+string(q)+" => "+got.String())
	return got.String()
}

type packets func([]byte)

func (p packets) Send(packet *backend.StreamPacket) error { p(packet.Data); return nil }

// sqlModel is a query in SQL mode.
func sqlModel(sql string) map[string]any {
	return map[string]any{"schemaVersion": 2, "mode": "sql", "query": "", "sql": sql}
}

// allowed are statements of every shape that the fence lets pass: each shows this workspace's rows, and no others.
var allowed = []string{
	"SELECT * FROM calls_1m",
	"SELECT integration FROM calls_1m UNION ALL SELECT integration FROM raw_calls",
	"WITH x AS (SELECT * FROM calls_1m) SELECT x.integration FROM x",
	"WITH secrets AS (SELECT * FROM calls_1m) SELECT integration FROM secrets",
	"WITH calls_1m AS (SELECT * FROM raw_calls) SELECT integration FROM calls_1m",
	"SELECT a.integration FROM calls_1m a CROSS JOIN raw_calls b",
	"SELECT integration FROM calls_1m WHERE integration IN (SELECT integration FROM raw_calls)",
	"SELECT (SELECT any(integration) FROM calls_1m) AS x",
	"SELECT x FROM (SELECT groupArray(integration) AS a, arrayStringConcat(a, ',') AS x FROM calls_1m)",
	"SELECT integration FROM calls_1m WHERE workspace = 'other' OR 1 = 1",
	"SELECT integration FROM calls_1m WHERE workspace != 'demo' OR workspace = 'demo' OR $__workspace = 'other'",
	"SELECT integration FROM $__query(integration_calls)",
	"SELECT reason FROM dead_letters",
	"SELECT integration FROM calls_1m WHERE $__timeFilter(t) GROUP BY integration, calls",
}

// TestFence tries to read another workspace through every path that the datasource has, against a real ClickHouse, both
// with a user that may set settings and as one with readonly = 1, who gets no second fence.
func TestFence(t *testing.T) {
	e := realEndpoint(t)
	fenceStore(t, e)

	tryAll := func(t *testing.T, i *Instance) *everything {
		all := &everything{}
		for _, sql := range sqlguardtest.Escapes {
			sql = strings.ReplaceAll(sql, "shadower", fenceDB)
			for _, format := range []string{"table", "timeseries", "logs"} {
				m := sqlModel(sql)
				m["format"] = format
				all.ask(t, i, m, true)
			}
			all.live(t, i, sqlModel(sql))
			all.resource(t, i, http.MethodPost, "check-sql", map[string]string{"sql": sql})
		}
		require.Equal(t, len(sqlguardtest.Escapes)*6, all.refused, "every escape is refused")
		for _, sql := range allowed {
			all.ask(t, i, sqlModel(sql), true)
			all.live(t, i, sqlModel(sql))
		}
		attacks := []string{"other", "' OR 1=1 --", "') OR workspace = 'other' --", "\\' OR 1=1 --", "x', workspace='other", "$__workspace", "{workspace:String}"}
		for _, attack := range attacks {
			// Builder, which annotations and variables use as well; filters and ad hoc filters.
			for _, q := range []string{"integration_calls", "integration_endpoints", "integration_names"} {
				for _, extra := range []map[string]any{
					{"params": map[string]any{"integration": []string{attack}}},
					{"params": map[string]any{"workspace": []string{attack}}},
					{"params": map[string]any{"owner": []string{attack}}},
					{"workspace": attack},
					{"database": attack},
					{"part": attack},
					{"columns": []string{attack}},
					{"filters": []map[string]any{{"key": "workspace", "operator": "=", "values": []string{attack}}}},
					{"filters": []map[string]any{{"key": "endpoint", "operator": "!=", "values": []string{attack}}}},
					{"filters": []map[string]any{{"key": "endpoint", "operator": "=~", "values": []string{".*"}}}},
					{"adHoc": []map[string]any{{"key": "integration", "operator": "!=|", "values": []string{attack}}}},
					{"adHoc": []map[string]any{{"key": attack, "operator": "=", "values": []string{attack}}}},
				} {
					m := map[string]any{"schemaVersion": 2, "query": q}
					for k, v := range extra {
						m[k] = v
					}
					all.ask(t, i, m, true)
					// A stream asks as a panel does; one attack through it is enough.
					if attack == attacks[0] {
						all.live(t, i, m)
					}
				}
			}
			// Logs.
			for _, table := range []string{"raw_calls", "dead_letters", "secrets", "calls_1m", fenceDB + ".raw_calls", "raw_calls` --", attack} {
				for _, extra := range []map[string]any{
					{},
					{"search": attack},
					{"filters": []map[string]any{{"key": "workspace", "operator": "=", "values": []string{"other"}}}},
					{"filters": []map[string]any{{"key": "integration", "operator": "!=", "values": []string{attack}}}},
					{"adHoc": []map[string]any{{"key": "workspace", "operator": "=", "values": []string{"other"}}}},
				} {
					m := map[string]any{"schemaVersion": 2, "mode": "logs", "query": "", "table": table}
					for k, v := range extra {
						m[k] = v
					}
					all.ask(t, i, m)
				}
			}
			// Resources.
			v := url.QueryEscape(attack)
			for _, target := range []string{
				"catalog", "schema",
				"values?query=integration_names", "values?query=integration_names&param_owner=" + v, "values?query=integration_names&param_workspace=" + v,
				"values?query=integration_names&workspace=" + v, "values?query=" + v,
				"filter-values?query=integration_endpoints&key=endpoint", "filter-values?query=integration_endpoints&key=workspace", "filter-values?query=integration_endpoints&key=" + v,
				"filter-values?table=raw_calls&key=integration", "filter-values?table=raw_calls&key=workspace", "filter-values?table=secrets&key=integration", "filter-values?table=" + v + "&key=" + v,
			} {
				all.resource(t, i, http.MethodGet, target, nil)
			}
		}
		return all
	}
	leaks := func(all *everything) (leaking []string) {
		for _, a := range all.answers {
			// What follows the question; statements and questions never name the secret.
			if _, answer, _ := strings.Cut(a, " => "); strings.Contains(answer, secret) {
				leaking = append(leaking, a)
			}
		}
		return leaking
	}

	for name, plain := range map[string]bool{"settings allowed": false, "readonly = 1": true} {
		t.Run(name, func(t *testing.T) {
			i := e.instance(t, fenceDB, "demo")
			i.db.SetPlain(plain)
			all := tryAll(t, i)
			require.Greater(t, len(all.answers), 700)
			require.Empty(t, leaks(all))
		})
	}
	t.Run("what is allowed shows this workspace", func(t *testing.T) {
		i := e.instance(t, fenceDB, "demo")
		all := &everything{}
		for _, sql := range allowed {
			require.Contains(t, all.ask(t, i, sqlModel(sql)), ours, sql)
		}
		require.Contains(t, all.live(t, i, sqlModel(allowed[0])), ours)
		require.Contains(t, all.ask(t, i, map[string]any{"schemaVersion": 2, "mode": "logs", "query": "", "table": "dead_letters"}), ours)
		require.Contains(t, all.resource(t, i, http.MethodGet, "filter-values?table=raw_calls&key=integration", nil), ours)
	})
	t.Run("control: the other workspace sees its own by the same paths", func(t *testing.T) {
		all := tryAll(t, e.instance(t, fenceDB, "other"))
		require.Greater(t, len(leaks(all)), 100, "if the paths showed nothing to anybody, the test would prove nothing")
	})
	t.Run("control: without the first fence the second holds, and without both the secret is read", func(t *testing.T) {
		i := e.instance(t, fenceDB, "demo")
		sql := fmt.Sprintf("SELECT groupUniqArray(integration) AS x, arrayStringConcat(x, ',') AS seen FROM %s.calls_1m", fenceDB)
		sql = "SELECT seen FROM (" + sql + ")"
		schema, err := i.schema(t.Context())
		require.NoError(t, err)
		res, err := i.db.Run(t.Context(), clickhouse.Statement{SQL: sql, Settings: map[string]string{"additional_table_filters": schema.Filters("demo")}})
		require.NoError(t, err)
		require.Equal(t, ours, *res.Columns[0].Strings[0])
		res, err = i.db.Run(t.Context(), clickhouse.Statement{SQL: sql})
		require.NoError(t, err)
		require.Contains(t, *res.Columns[0].Strings[0], secret)
	})
	t.Run("nobody can put another query on a stream", func(t *testing.T) {
		i := e.instance(t, fenceDB, "demo")
		raw := func(sql string) []byte {
			q, err := json.Marshal(sqlModel(sql))
			require.NoError(t, err)
			out, err := json.Marshal(liveQuery{Query: q, RangeMs: 3_600_000})
			require.NoError(t, err)
			return out
		}
		res, err := i.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{Path: pathOf(raw("SELECT 1")), Data: raw("SELECT 2")})
		require.NoError(t, err)
		require.Equal(t, backend.SubscribeStreamStatusNotFound, res.Status)
		res, err = i.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{Path: pathOf(raw("SELECT 1")), Data: raw("SELECT 1")})
		require.NoError(t, err)
		require.Equal(t, backend.SubscribeStreamStatusOK, res.Status)
		pub, err := i.PublishStream(t.Context(), &backend.PublishStreamRequest{})
		require.NoError(t, err)
		require.Equal(t, backend.PublishStreamStatusPermissionDenied, pub.Status)
	})
}
