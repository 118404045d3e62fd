package plugin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/frames"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/query"
	"github.com/shadower/analytics/pkg/sqlguard"
)

// logLines is how many lines are shown when the query names no limit.
const logLines = 1000

// eventTime is the column with an event's time; tables that have it and no window are event tables.
const eventTime = "t"

// eventTables are the tables whose rows are events of their own: raw events, dead letters, findings. Rollups are none.
func eventTables(s *sqlguard.Schema) []string {
	var names []string
	for name, t := range s.Tables {
		if slices.ContainsFunc(t.Columns, func(c sqlguard.Column) bool { return c.Name == eventTime && strings.HasPrefix(c.Type, "DateTime64") }) &&
			!strings.HasSuffix(name, "_1m") && !strings.HasSuffix(name, "_1h") && !strings.HasSuffix(name, "_1d") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// logs answers with the newest rows of an event table as log lines.
func (r *run) logs(ctx context.Context, model *query.Model, in query.GrainInput) (data.Frames, error) {
	i := r.instance
	if r.alert {
		return nil, problem.New(problem.QueryBadParam, "log lines cannot be judged by an alert rule; choose a query of the catalog, or count them in SQL")
	}
	schema, err := i.schema(ctx)
	if err != nil {
		return nil, err
	}
	tables := eventTables(schema)
	if !slices.Contains(tables, model.Table) {
		return nil, problem.New(problem.QueryUnknown, "there is no table of events %q; there are %s", model.Table, strings.Join(tables, ", "))
	}
	limit, err := model.RowLimit(i.settings.RowLimit)
	if err != nil {
		return nil, err
	}
	if model.Limit == 0 {
		limit = min(limit, logLines)
	}
	statement, ignored, err := logStatement(i.settings.Database, i.settings.Workspace, schema.Tables[model.Table], model, in, limit)
	if err != nil {
		return nil, err
	}
	statement.Settings = map[string]string{"additional_table_filters": schema.Filters(i.settings.Workspace)}
	reading, err := i.read(ctx, statement, 0, in.CompleteUntil)
	if err != nil {
		return nil, err
	}
	values, rows := append([]clickhouse.Column(nil), reading.result.Columns...), reading.result.Rows
	var notices []data.Notice
	if rows > limit {
		notices = append(notices, info("The newest %d lines are shown; there are more.", limit))
		rows = limit
		truncate(values, rows)
	}
	if len(ignored) > 0 {
		notices = append(notices, warning("The filter on %s does not apply to %s, which has no such column: what is shown is not narrowed down by it.", strings.Join(ignored, ", "), model.Table))
	}
	custom := i.custom(reading)
	custom.Query, custom.View, custom.Why, custom.Step = "logs", model.Table, "single events, not a rollup", 1
	out, err := frames.Logs(frames.Part{Columns: inferColumns(values), Values: values, Rows: rows, Executed: shown(statement), Custom: custom, Links: i.links(ctx)})
	if err != nil {
		return nil, err
	}
	out[0].AppendNotices(notices...)
	return out, nil
}

// place are columns that say where an event lay in its log; they are details, not labels.
var place = []string{"workspace", "topic", "part", "off", "idx", "written_at", eventTime}

// logStatement selects timestamp, body, severity, id and trace_id, and labels one by one, of one table.
func logStatement(database, workspace string, table sqlguard.Table, model *query.Model, in query.GrainInput, limit int) (clickhouse.Statement, []string, error) {
	has := map[string]string{}
	for _, c := range table.Columns {
		has[c.Name] = c.Type
	}
	params := []clickhouse.Param{clickhouse.String("workspace", workspace), clickhouse.Time("from", in.From), clickhouse.Time("to", in.To)}
	where := "workspace = {workspace:String} AND t >= {from:DateTime64(3,'UTC')} AND t < {to:DateTime64(3,'UTC')}"

	body, details := "", []string{}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if !slices.Contains(place, name) && name != "event_id" && name != "payload" && name != "reason" {
			details = append(details, name)
		}
	}
	switch {
	case has["payload"] != "" && has["reason"] != "":
		body = "concat(reason, ' ', payload)"
	default:
		pairs := make([]string, len(details))
		for n, d := range details {
			pairs[n] = fmt.Sprintf("if(ifNull(toString(`%s`), '') = '', '', concat('%s=', toString(`%s`)))", d, d, d)
		}
		body = "arrayStringConcat(arrayFilter(x -> x != '', [" + strings.Join(pairs, ", ") + "]), ' ')"
	}
	severity := "'info'"
	switch {
	case has["severity"] != "":
		severity = "toString(severity)"
	case has["reason"] != "":
		severity = "'error'"
	case has["failed"] != "" && has["status_code"] != "":
		severity = "multiIf(ifNull(failed, false) OR ifNull(status_code, 0) >= 500, 'error', ifNull(status_code, 0) >= 400, 'warning', 'info')"
	case has["failed"] != "":
		severity = "if(ifNull(failed, false), 'error', 'info')"
	}
	id := "concat(toString(t)"
	for _, name := range []string{"event_id", "topic", "part", "off", "idx"} {
		if has[name] != "" {
			id += ", '/', toString(" + name + ")"
		}
	}
	selected := []string{"toTimeZone(t, 'UTC') AS timestamp", body + " AS body", severity + " AS severity", id + ") AS id"}
	for _, name := range details {
		// Labels have few values; free text is in the line.
		if strings.HasPrefix(has[name], "LowCardinality") || name == traceColumn {
			selected = append(selected, fmt.Sprintf("toString(`%s`) AS `%s`", name, name))
		}
	}

	var ignored []string
	for n, f := range slices.Concat(model.Filters, model.AdHoc) {
		if err := f.Check(); err != nil {
			return clickhouse.Statement{}, nil, err
		}
		if has[f.Key] == "" || f.Key == sqlguard.WorkspaceColumn {
			if n < len(model.Filters) {
				return clickhouse.Statement{}, nil, problem.New(problem.QueryBadParam, "the table %s has no column %q to filter by; it has %s", table.Name, f.Key, strings.Join(details, ", "))
			}
			ignored = append(ignored, f.Key)
			continue
		}
		condition, p := query.Condition(f, f.Key, "filter_"+strconv.Itoa(n))
		where += " AND " + condition
		params = append(params, p)
	}
	if model.Search != "" {
		if err := (query.Filter{Key: "search", Operator: "=", Values: []string{model.Search}}).Check(); err != nil {
			return clickhouse.Statement{}, nil, err
		}
		where += " AND positionCaseInsensitiveUTF8(" + body + ", {search:String}) > 0"
		params = append(params, clickhouse.String("search", model.Search))
	}
	sql := fmt.Sprintf("SELECT %s FROM `%s`.`%s` WHERE %s ORDER BY t DESC LIMIT %d", strings.Join(selected, ", "), database, table.Name, where, limit+1)
	return clickhouse.Statement{SQL: sql, Params: params, MaxRows: limit + 1}, ignored, nil
}
