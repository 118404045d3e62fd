package plugin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"
	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/frames"
	"github.com/shadower/analytics/pkg/problem"
)

// serveSchema tells of two tables with a workspace and one without.
func serveSchema(t *testing.T, f *fakeClickHouse) {
	f.serve("system.columns", native(t,
		col("table", str("calls_1m", "calls_1m", "calls_1m", "raw_calls", "raw_calls", "raw_calls", "raw_calls", "raw_calls", "secrets")),
		col("name", str("workspace", "t", "calls", "workspace", "t", "event_id", "integration", "trace_id", "t")),
		col("type", str("LowCardinality(String)", "DateTime('UTC')", "UInt64", "LowCardinality(String)", "DateTime64(3, 'UTC')", "String", "LowCardinality(String)", "String", "DateTime"))))
}

func notices(res backend.DataResponse) string {
	var out []string
	for _, f := range res.Frames {
		for _, n := range f.Meta.Notices {
			out = append(out, n.Text)
		}
	}
	return strings.Join(out, "\n")
}

func TestGoldenModes(t *testing.T) {
	f := newFake(t)
	serveSchema(t, f)
	f.serve("FROM `shadower`.`calls_1m`", native(t, col("at", moments(minute(1), minute(0))), col("integration", lowStr("stripe", "stripe")), col("calls", counts(2, 1))))
	f.serve("FROM `shadower`.`raw_calls`", native(t, col("timestamp", moments(minute(1), minute(0))), col("body", str("b", "a")), col("severity", str("error", "info")),
		col("id", str("2", "1")), col("integration", str("stripe", "")), col("trace_id", str("4bf92f", ""))))
	i := f.instance(t, map[string]any{"traceDatasourceUid": "tempo", "traceDatasourceType": "tempo"})
	for name, model := range map[string]string{
		"sql_table":      `{"schemaVersion":2,"mode":"sql","query":"","sql":"SELECT t AS at, integration, sum(calls) AS calls FROM calls_1m WHERE $__timeFilter(t) GROUP BY ALL"}`,
		"sql_timeseries": `{"schemaVersion":2,"mode":"sql","query":"","format":"timeseries","sql":"SELECT $__timeInterval(t) AS at, integration, sum(calls) AS calls FROM calls_1m WHERE $__timeFilter(t) GROUP BY ALL"}`,
		"sql_logs":       `{"schemaVersion":2,"mode":"sql","query":"","format":"logs","sql":"SELECT t AS timestamp, integration AS body FROM raw_calls"}`,
		"logs":           `{"schemaVersion":2,"mode":"logs","query":"","table":"raw_calls","search":"stripe","filters":[{"key":"integration","operator":"!=","values":["paypal"]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			res := ask(t, i, false, model, now.Add(-time.Hour), now)
			experimental.CheckGoldenJSONResponse(t, "testdata", name, steady(t, res), update)
		})
	}
	last := f.asked("FROM `shadower`.`raw_calls`")
	for _, r := range last {
		require.Contains(t, r.query.Get("additional_table_filters"), "shadower.raw_calls")
	}
}

func TestSQLInAlerts(t *testing.T) {
	f := newFake(t)
	serveSchema(t, f)
	f.serve("FROM `shadower`.`calls_1m`", native(t, col("calls", counts(2))))
	i := f.instance(t, nil)
	model := func(sql string) string { return `{"schemaVersion":2,"mode":"sql","query":"","sql":"` + sql + `"}` }
	res := ask(t, i, true, model("SELECT count() AS calls FROM calls_1m"), now.Add(-time.Hour), now)
	require.ErrorContains(t, res.Error, "$__timeFilter")
	res = ask(t, i, true, model("SELECT count() AS calls FROM calls_1m WHERE $__timeFilter(t)"), now.Add(-time.Hour), now)
	require.NoError(t, res.Error)
	to, err := time.Parse("2006-01-02 15:04:05.000", f.asked("calls_1m`")[0].query.Get("param_sql_to"))
	require.NoError(t, err)
	require.False(t, to.After(completeUntil), "an alert rule judges complete steps only")
	res = ask(t, i, true, `{"schemaVersion":2,"mode":"logs","query":"","table":"raw_calls"}`, now.Add(-time.Hour), now)
	require.ErrorContains(t, res.Error, "cannot be judged")
}

func TestReadonlyUser(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	f.refuseSettings = true
	i := f.instance(t, nil)
	res := ask(t, i, false, `{"schemaVersion":2,"query":"integration_calls"}`, now.Add(-time.Hour), now)
	require.NoError(t, res.Error)
	require.True(t, i.db.Plain())
	for _, r := range f.asked("integration_calls__main") {
		require.Empty(t, r.query.Get("max_execution_time"))
		require.Equal(t, "demo", strings.Trim(r.query.Get("param_workspace"), "'"))
	}
}

func TestCache(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	i := f.instance(t, nil)
	clock := now
	i.now = func() time.Time { return clock }
	asked := func() int { return len(f.asked("integration_calls__main")) }
	model := `{"schemaVersion":2,"query":"integration_calls"}`
	panel := func() backend.DataResponse { return ask(t, i, false, model, now.Add(-time.Hour), now) }
	require.NoError(t, panel().Error)
	clock = now.Add(59 * time.Second)
	res := panel()
	require.Equal(t, 1, asked(), "the class of the query allows 60 s")
	c, ok := res.Frames[0].Meta.Custom.(frames.Custom)
	require.True(t, ok)
	require.EqualValues(t, 59, c.CachedSeconds)

	// What was counted meanwhile does not make a cached answer more complete.
	f.progress(t, now, clock)
	require.Contains(t, notices(panel()), "Complete until 2026-11-21 11:58:30 UTC")

	require.NoError(t, ask(t, i, true, model, now.Add(-time.Hour), now).Error)
	require.NoError(t, ask(t, i, true, model, now.Add(-time.Hour), now).Error)
	require.Equal(t, 3, asked(), "alert rules always ask")
	clock = now.Add(61 * time.Second)
	require.NoError(t, panel().Error)
	require.Equal(t, 4, asked())
}

func TestPanelTellsNoDataFromUnknown(t *testing.T) {
	f := newFake(t)
	f.serve("integration_calls__main")
	i := f.instance(t, nil)
	model := `{"schemaVersion":2,"query":"integration_calls"}`
	require.Contains(t, notices(ask(t, i, false, model, now.Add(-2*time.Hour), now.Add(-time.Hour))), "No data: the range is complete")
	require.Contains(t, notices(ask(t, i, false, model, now.Add(-time.Minute), now)), "Unknown, which is not the same as no data")
	require.Contains(t, notices(ask(t, i, false, model, now.AddDate(0, 0, -60), now.AddDate(0, 0, -59))), "No data")
	require.ErrorIs(t, ask(t, i, true, model, now.Add(-time.Minute), now).Error, problem.Of(problem.QueryIncomplete))
}

func TestPartialFailure(t *testing.T) {
	f := newFake(t)
	f.serve("integration_dependencies__nodes__raw", native(t, col("id", str("a")), col("title", str("A")), col("mainstat", nullableFloats(97.5)), col("arc__healthy", floats(1)), col("external", flags(false))))
	f.handle("integration_dependencies__edges__raw", func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
	i := f.instance(t, nil)
	res := ask(t, i, false, `{"schemaVersion":2,"query":"integration_dependencies"}`, now.Add(-time.Hour), now)
	require.NoError(t, res.Error)
	require.Len(t, res.Frames, 1)
	require.Contains(t, notices(res), "The part edges is missing")
	require.Equal(t, data.NoticeSeverityError, res.Frames[0].Meta.Notices[0].Severity)
	f.handle("integration_dependencies__nodes__raw", func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
	require.ErrorIs(t, ask(t, i, false, `{"schemaVersion":2,"query":"integration_dependencies"}`, now.Add(-2*time.Hour), now).Error, problem.Of(problem.Busy))
}

func TestFiltersAndTop(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	f.serve("integration_endpoints__main__1m", native(t, col("endpoint", str("/v1", "/v2", "/v3")), col("owner", str("a", "b", "c")), col("calls", counts(1, 3, 2)), col("critical", flags(true, false, false)), col("last_seen", moments(now, now, now))))
	i := f.instance(t, nil)
	panel := func(model string) backend.DataResponse { return ask(t, i, false, model, now.Add(-time.Hour), now) }

	require.NoError(t, panel(`{"schemaVersion":2,"query":"integration_calls","params":{"integration":["a","b"]},"filters":[{"key":"integration","operator":"=|","values":["b","c"]}]}`).Error)
	require.Equal(t, "['b']", f.asked("integration_calls__main")[0].query.Get("param_integration"), "a filter on a parameter narrows the parameter")
	require.NoError(t, panel(`{"schemaVersion":2,"query":"integration_endpoints","filters":[{"key":"endpoint","operator":"=~","values":["/v[12]"]},{"key":"owner","operator":"!=","values":["x"]}]}`).Error)
	r := f.asked("integration_endpoints__main")[0]
	require.Contains(t, r.sql, "WHERE match(ifNull(toString(`endpoint`), ''), {filter_0:String}) AND NOT has({filter_1:Array(String)}, ifNull(toString(`owner`), ''))")
	require.Equal(t, "^(?:/v[12])$", r.query.Get("param_filter_0"))

	res := panel(`{"schemaVersion":2,"query":"integration_calls","adHoc":[{"key":"endpoint","operator":"=","values":["x"]}]}`)
	require.Contains(t, notices(res), "The filter on endpoint does not apply")
	res = ask(t, i, true, `{"schemaVersion":2,"query":"integration_calls","adHoc":[{"key":"endpoint","operator":"=","values":["x"]}]}`, now.Add(-time.Hour), now)
	require.ErrorContains(t, res.Error, "must not judge more than was asked for")
	require.ErrorContains(t, panel(`{"schemaVersion":2,"query":"integration_calls","filters":[{"key":"endpoint","operator":"=","values":["x"]}]}`).Error, "it has integration")
	for _, bad := range []string{`{"key":"integration","operator":"<","values":["x"]}`, `{"key":"integration","operator":"=~","values":["("]}`, `{"key":"integration","operator":"=","values":["$x"]}`, `{"key":"integration","operator":"=","values":[]}`} {
		require.ErrorIs(t, panel(`{"schemaVersion":2,"query":"integration_calls","filters":[`+bad+`]}`).Error, problem.Of(problem.QueryBadParam), bad)
	}

	res = panel(`{"schemaVersion":2,"query":"integration_endpoints","top":{"n":2,"by":"calls"}}`)
	require.Equal(t, 2, res.Frames[0].Rows())
	require.Equal(t, "/v2", *res.Frames[0].Fields[0].At(0).(*string))
	require.Contains(t, notices(res), "The 2 largest of 3 by calls are shown")
	res = panel(`{"schemaVersion":2,"query":"integration_calls","top":{"n":1,"by":"rate"}}`)
	require.Len(t, res.Frames, 2, "both measures of the one series that is the largest")
	require.Equal(t, "stripe", res.Frames[0].Fields[1].Labels["integration"])
	require.NotEmpty(t, res.Frames[0].Meta.ExecutedQueryString)
}

func TestOriginIsTold(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	query := func(i *Instance) string {
		_, err := i.QueryData(t.Context(), &backend.QueryDataRequest{
			PluginContext: backend.PluginContext{OrgID: 1, User: &backend.User{Login: "ada"}}, Headers: map[string]string{"http_X-Dashboard-Uid": "d1", "http_X-Panel-Id": "7"},
			Queries: []backend.DataQuery{{RefID: "A", JSON: []byte(`{"schemaVersion":2,"query":"integration_calls"}`), Interval: time.Minute, TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now}}},
		})
		require.NoError(t, err)
		asked := f.asked("integration_calls__main")
		return asked[len(asked)-1].referer
	}
	require.Equal(t, "grafana:///?dashboard=d1&org=1&panel=7&user=ada", query(f.instance(t, nil)))
	require.Empty(t, query(f.instance(t, map[string]any{"logUser": false})))
}
