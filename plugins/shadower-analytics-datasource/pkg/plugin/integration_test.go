package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/problem"
)

// The tests below run against a real ClickHouse (a server, or the embedded engine) that may be written to:
// SHADOWER_TEST_CLICKHOUSE_URL, _USER and _PASSWORD. They make and drop a database of their own.
type endpoint struct{ url, user, password string }

func realEndpoint(t *testing.T) endpoint {
	e := endpoint{os.Getenv("SHADOWER_TEST_CLICKHOUSE_URL"), os.Getenv("SHADOWER_TEST_CLICKHOUSE_USER"), os.Getenv("SHADOWER_TEST_CLICKHOUSE_PASSWORD")}
	if e.url == "" {
		t.Skip("SKIPPED: nothing was tested against a real ClickHouse; set SHADOWER_TEST_CLICKHOUSE_URL, SHADOWER_TEST_CLICKHOUSE_USER and SHADOWER_TEST_CLICKHOUSE_PASSWORD")
	}
	return e
}

func (e endpoint) run(t *testing.T, sql string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, e.url, bytes.NewBufferString(sql))
	require.NoError(t, err)
	req.SetBasicAuth(e.user, e.password)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s\n%s", sql, body)
	return string(body)
}

func (e endpoint) instance(t *testing.T, database, workspace string) *Instance {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"database": database, "workspace": workspace})
	require.NoError(t, err)
	i := newInstance(context.Background(), backend.DataSourceInstanceSettings{
		URL: e.url, User: e.user, JSONData: raw, DecryptedSecureJSONData: map[string]string{"password": e.password},
	}, time.Now)
	t.Cleanup(i.Dispose)
	return i
}

func TestRealClickHouse(t *testing.T) {
	e := realEndpoint(t)
	const db = "shadower_datasource_test"
	e.run(t, "DROP DATABASE IF EXISTS "+db)
	e.run(t, "CREATE DATABASE "+db)
	t.Cleanup(func() { e.run(t, "DROP DATABASE "+db) })

	end := time.Now().UTC().Truncate(time.Minute)
	sql := func(at time.Time) string { return "'" + at.Format("2006-01-02 15:04:05.000") + "'" }
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(testCatalog)
	for _, s := range []string{
		"CREATE TABLE " + db + ".catalog (json String, updated_at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY updated_at",
		"INSERT INTO " + db + ".catalog VALUES ('" + quoted + "', now64(3, 'UTC'))",
		"CREATE VIEW " + db + ".system_progress AS SELECT toDateTime64(" + sql(end) + ", 3, 'UTC') AS complete_until, now64(3, 'UTC') AS updated_at, toUInt64(3) AS lag",
		"CREATE VIEW " + db + ".system_coverage AS SELECT 'integration_calls' AS rollup, '1m' AS grain, toDateTime('2020-01-01 00:00:00', 'UTC') AS oldest",
		"CREATE TABLE " + db + ".calls (workspace LowCardinality(String), t DateTime('UTC'), integration LowCardinality(String), owner LowCardinality(Nullable(String)), calls UInt64, ms Nullable(Float64)) ENGINE = MergeTree ORDER BY (workspace, t)",
		fmt.Sprintf("INSERT INTO %s.calls VALUES ('demo', %s, 'str\\'ipe', 'a', 60, 120), ('demo', %s, 'str\\'ipe', NULL, 120, NULL), ('demo', %s, 'paypal', NULL, 6, 5), ('other', %s, 'hidden', NULL, 1, 1)", db,
			sql(end.Add(-3 * time.Minute))[:20]+"'", sql(end.Add(-2 * time.Minute))[:20]+"'", sql(end.Add(-2 * time.Minute))[:20]+"'", sql(end.Add(-2 * time.Minute))[:20]+"'"),
		"CREATE VIEW " + db + ".integration_calls__main__1m AS SELECT toDateTime64(intDiv(toUnixTimestamp(t), {step:UInt32}) * {step:UInt32}, 3, 'UTC') AS time, integration, sum(calls) / {step:UInt32} AS rate, max(ms) AS p95_ms FROM " + db + ".calls " +
			"WHERE workspace = {workspace:String} AND t >= {from:DateTime64(3, 'UTC')} AND t < {to:DateTime64(3, 'UTC')} AND (empty({integration:Array(String)}) OR has({integration:Array(String)}, integration)) GROUP BY time, integration",
		"CREATE VIEW " + db + ".integration_endpoints__main__1m AS SELECT integration AS endpoint, any(c.owner) AS owner, sum(c.calls) AS calls, sum(c.calls) > 100 AS critical, max(c.t) AS last_seen FROM " + db + ".calls AS c " +
			"WHERE workspace = {workspace:String} AND t >= {from:DateTime64(3, 'UTC')} AND t < {to:DateTime64(3, 'UTC')} GROUP BY integration ORDER BY calls DESC",
	} {
		e.run(t, s)
	}
	i := e.instance(t, db, "demo")
	from := end.Add(-10 * time.Minute)

	res := health(t, i)
	require.Equal(t, backend.HealthStatusOk, res.Status, res.Message)

	t.Run("time series, fenced to the workspace", func(t *testing.T) {
		got := ask(t, i, true, `{"schemaVersion":1,"query":"integration_calls"}`, from, end)
		require.NoError(t, got.Error)
		require.Len(t, got.Frames, 4, "two integrations, two measures")
		rate := got.Frames[2]
		require.Equal(t, "str'ipe", rate.Fields[1].Labels["integration"])
		require.Equal(t, 2, rate.Rows())
		require.InDelta(t, 1.0, *rate.Fields[1].At(0).(*float64), 1e-9)
		require.InDelta(t, 2.0, *rate.Fields[1].At(1).(*float64), 1e-9)
		require.Nil(t, got.Frames[3].Fields[1].At(1), "unknown stays null")
	})
	t.Run("values with quotes are values", func(t *testing.T) {
		got := ask(t, i, false, `{"schemaVersion":1,"query":"integration_calls","params":{"integration":["str'ipe"]},"columns":["rate"]}`, from, end)
		require.NoError(t, got.Error)
		require.Len(t, got.Frames, 1)
		got = ask(t, i, false, `{"schemaVersion":1,"query":"integration_calls","params":{"integration":["'] OR 1=1"]},"columns":["rate"]}`, from, end)
		require.NoError(t, got.Error)
		require.Empty(t, got.Frames[0].Fields)
	})
	t.Run("table with nullable dictionary, flag and time", func(t *testing.T) {
		got := ask(t, i, false, `{"schemaVersion":1,"query":"integration_endpoints"}`, from, end)
		require.NoError(t, got.Error)
		f := got.Frames[0]
		require.Equal(t, 2, f.Rows())
		require.Equal(t, "str'ipe", *f.Fields[0].At(0).(*string))
		require.Equal(t, "a", *f.Fields[1].At(0).(*string))
		require.Nil(t, f.Fields[1].At(1))
		require.InDelta(t, 180, *f.Fields[2].At(0).(*float64), 0)
		require.True(t, *f.Fields[3].At(0).(*bool))
		require.Equal(t, end.Add(-2*time.Minute), f.Fields[4].At(0).(*time.Time).UTC())
	})
	t.Run("an empty range is no data, not an error", func(t *testing.T) {
		got := ask(t, i, true, `{"schemaVersion":1,"query":"integration_calls"}`, from.AddDate(-1, 0, 0), end.AddDate(-1, 0, 0))
		require.NoError(t, got.Error)
		require.Empty(t, got.Frames[0].Fields)
	})
	t.Run("truncation", func(t *testing.T) {
		got := ask(t, i, true, `{"schemaVersion":1,"query":"integration_calls","limit":2}`, from, end)
		require.ErrorIs(t, got.Error, problem.Of(problem.QueryLimit))
	})
	t.Run("a view that is not there", func(t *testing.T) {
		got := ask(t, i, false, `{"schemaVersion":1,"query":"integration_names"}`, from, end)
		require.ErrorIs(t, got.Error, problem.Of(problem.StoreSchema))
	})
	t.Run("wrong password", func(t *testing.T) {
		wrong := e
		wrong.password += "x"
		require.Contains(t, health(t, wrong.instance(t, db, "demo")).Message, string(problem.AuthInvalid))
	})
	t.Run("no such database", func(t *testing.T) {
		require.Contains(t, health(t, e.instance(t, "shadower_nowhere", "demo")).Message, "run shadower migrate")
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := i.db.Query(ctx, "SELECT sleep(3)")
		require.Error(t, err)
	})
}

// TestRealCatalog asks every query of the migrated schema, if there is one, at every grain.
func TestRealCatalog(t *testing.T) {
	e := realEndpoint(t)
	if strings.TrimSpace(e.run(t, "SELECT count() FROM system.tables WHERE database = 'shadower' AND name = 'catalog'")) == "0" {
		t.Skip("SKIPPED: the ClickHouse holds no Shadower schema; run shadower migrate to have every query of the catalog tested")
	}
	i := e.instance(t, "shadower", "demo")
	cat, err := i.reader.Get(context.Background())
	require.NoError(t, err)
	require.NotEmpty(t, cat.Queries)
	end := time.Now()
	for _, q := range cat.Queries {
		for _, hours := range []int{1, 48, 24 * 60} {
			t.Run(fmt.Sprintf("%s over %d h", q.Name, hours), func(t *testing.T) {
				got := ask(t, i, false, fmt.Sprintf(`{"schemaVersion":1,"query":%q}`, q.Name), end.Add(-time.Duration(hours)*time.Hour), end)
				require.NoError(t, got.Error)
				require.NotEmpty(t, got.Frames)
				if q.Kind == catalog.KindGraph || q.Kind == catalog.KindScorecard {
					require.Len(t, got.Frames, len(q.Parts))
				}
			})
		}
	}
}
