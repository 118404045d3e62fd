package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/frames"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/query"
	"github.com/shadower/analytics/pkg/sqlguard"
)

// sqlCache is how long the answer of a panel's SQL may be used again; it is of the class of system metrics.
const sqlCache = 60 * time.Second

// sql answers a statement that a person wrote, over the tables of the workspace.
func (r *run) sql(ctx context.Context, cat *catalog.Catalog, model *query.Model, in query.GrainInput) (data.Frames, error) {
	i := r.instance
	limit, err := model.RowLimit(i.settings.RowLimit)
	if err != nil {
		return nil, err
	}
	if r.alert && model.Format == query.FormatLogs {
		return nil, problem.New(problem.QueryBadParam, "log lines cannot be judged by an alert rule; count them, and choose the format timeseries or table")
	}
	schema, err := i.schema(ctx)
	if err != nil {
		return nil, err
	}
	// The range is aligned as that of every query, so that no bucket at its edges is half filled.
	in.Kind, in.Views = catalog.KindTimeseries, []catalog.View{{Grain: "sql"}}
	res, err := query.Resolve(in)
	if err != nil {
		return nil, err
	}
	m := &macros{instance: i, cat: cat, res: res, in: in}
	sql, err := sqlguard.Rewrite(model.SQL, schema, m)
	if err != nil {
		sqlRefused.Inc()
		return nil, err
	}
	if r.alert && !m.bounded {
		return nil, problem.New(problem.QueryBadParam, "an alert rule must not judge what is incomplete, so its SQL needs $__timeFilter(column), $__toTime or $__query(name)")
	}
	statement := m.statement(sql, limit, schema)
	reading, err := i.read(ctx, statement, r.ttl(sqlCache), in.CompleteUntil)
	if err != nil {
		return nil, wordSQL(err)
	}
	var notices []data.Notice
	answer := reading.result
	values, rows := append([]clickhouse.Column(nil), answer.Columns...), answer.Rows
	if rows > limit {
		text := fmt.Sprintf("The answer has more than %d rows and was cut off there: what is shown is incomplete. Aggregate, add a LIMIT, or choose a shorter range.", limit)
		if r.alert {
			return nil, problem.New(problem.QueryLimit, "the answer has more than %d rows, and a rule must not judge a part of it; aggregate, or add a LIMIT", limit)
		}
		notices = append(notices, warning("%s", text))
		rows = limit
		truncate(values, rows)
	}
	custom := i.custom(reading)
	custom.Query, custom.Why, custom.Step = "SQL", "tables and grain are those of the statement", res.Step
	part := frames.Part{Kind: catalog.KindTable, Name: "main", Columns: inferColumns(values), Values: values, Rows: rows, Executed: shown(statement), Custom: custom, Links: i.links(ctx)}
	var out data.Frames
	switch model.Format {
	case query.FormatTimeseries:
		part.Kind = catalog.KindTimeseries
		out, err = frames.Make(part)
	case query.FormatLogs:
		out, err = frames.Logs(part)
	default:
		out, err = frames.Make(part)
	}
	if err != nil {
		// What is a fault of the schema in a view is one of the statement here.
		return nil, problem.New(problem.QueryBadParam, "%s", strings.ReplaceAll(problem.From(err).Detail, "; run shadower migrate", ""))
	}
	out[0].AppendNotices(notices...)
	return out, nil
}

// wordSQL makes the author's what is the statement's fault.
func wordSQL(err error) error {
	var p *problem.Problem
	if errors.As(err, &p) && p.Origin != 0 && (p.Code == problem.StoreSchema || p.Code == problem.StoreUnavailable) {
		return problem.Wrap(err, problem.QueryBadParam, "ClickHouse cannot run the SQL: %s", p.Message)
	}
	return err
}

// inferColumns gives the columns of an answer the roles that a catalog would: texts tell series apart, numbers are measured.
func inferColumns(values []clickhouse.Column) []catalog.Column {
	out := make([]catalog.Column, len(values))
	for n, v := range values {
		c := catalog.Column{Name: v.Name}
		switch v.Kind {
		case clickhouse.KindTime:
			c.Type = "time"
		case clickhouse.KindNumber:
			c.Type, c.Role = "number", "measure"
		case clickhouse.KindBool:
			c.Type, c.Role = "boolean", "dimension"
		default:
			c.Type, c.Role = "string", "dimension"
		}
		out[n] = c
	}
	return out
}

// shown is a statement with its values written out, for the query inspector.
func shown(s clickhouse.Statement) string {
	text := s.SQL
	for _, p := range s.Params {
		text = strings.ReplaceAll(text, "{"+p.Name+":"+p.Type+"}", p.Literal())
	}
	return text
}

// macros expands $__… with bound values, and notes whether the statement is bounded by the range.
type macros struct {
	instance *Instance
	cat      *catalog.Catalog
	res      query.Resolution
	in       query.GrainInput
	bounded  bool
	params   []clickhouse.Param
}

const (
	sqlFrom = "{sql_from:DateTime64(3,'UTC')}"
	sqlTo   = "{sql_to:DateTime64(3,'UTC')}"
)

func (m *macros) statement(sql string, limit int, schema *sqlguard.Schema) clickhouse.Statement {
	workspace := clickhouse.String(sqlguard.WorkspaceParam, m.instance.settings.Workspace)
	params := append([]clickhouse.Param{workspace, clickhouse.Time("sql_from", m.res.From), clickhouse.Time("sql_to", m.res.To)}, m.params...)
	return clickhouse.Statement{
		SQL: sql, MaxRows: limit + 1, Params: params,
		Settings: map[string]string{"additional_table_filters": schema.Filters(m.instance.settings.Workspace)},
	}
}

// Expand implements sqlguard.Macros.
func (m *macros) Expand(name string, args []string) (string, error) {
	one := func(format string, n int) (string, error) {
		if len(args) != n {
			return "", problem.New(problem.QueryBadParam, "$__%s takes %d argument(s), not %d", name, n, len(args))
		}
		if n == 1 {
			return strings.ReplaceAll(format, "%c", args[0]), nil
		}
		return format, nil
	}
	switch name {
	case "timeFilter":
		m.bounded = true
		return one("(%c >= "+sqlFrom+" AND %c < "+sqlTo+")", 1)
	case "fromTime":
		return one(sqlFrom, 0)
	case "toTime":
		m.bounded = true
		return one(sqlTo, 0)
	case "timeInterval":
		return one(fmt.Sprintf("toStartOfInterval(toDateTime(%%c, 'UTC'), toIntervalSecond(%d))", m.res.Step), 1)
	case "interval", "interval_s":
		return one(fmt.Sprint(m.res.Step), 0)
	case "interval_ms":
		return one(fmt.Sprint(m.res.Step*1000), 0)
	case "rangeSeconds":
		return one(fmt.Sprint(int64(m.res.To.Sub(m.res.From).Seconds())), 0)
	case "workspace":
		return one("{"+sqlguard.WorkspaceParam+":String}", 0)
	default:
		return "", problem.New(problem.QueryBadParam, "there is no macro $__%s; there are $__timeFilter(column), $__fromTime, $__toTime, $__timeInterval(column), $__interval (seconds), $__interval_ms, $__rangeSeconds, $__workspace, and FROM $__query(name)", name)
	}
}

// Source implements sqlguard.Macros: $__query(name) and $__query(name, part) stand for a query of the catalog, so that SQL
// can build on the numbers that everything else shows.
func (m *macros) Source(name string, args []string) (string, error) {
	if name != "query" || len(args) < 1 || len(args) > 2 {
		return "", problem.New(problem.QueryBadParam, "behind FROM there can be a table or $__query(name) with a query of the catalog, not $__%s", name)
	}
	model := &query.Model{Query: args[0]}
	if len(args) == 2 {
		model.Part = args[1]
	}
	req, err := model.Check(m.cat, m.instance.settings.RowLimit)
	if err != nil {
		return "", err
	}
	if len(req.Parts) != 1 {
		return "", problem.New(problem.QueryBadParam, "the query %q has several parts; write $__query(%s, part)", args[0], args[0])
	}
	in := m.in
	in.Kind, in.Views = req.Query.Kind, req.Parts[0].Part.Views
	res, err := query.Resolve(in)
	if err != nil {
		return "", err
	}
	prefix := fmt.Sprintf("view%d_", len(m.params))
	sql, params, err := query.Source(m.instance.settings.Database, m.instance.settings.Workspace, prefix, req, req.Parts[0], res)
	if err != nil {
		return "", err
	}
	m.params = append(m.params, params...)
	m.bounded = true
	return sql, nil
}
