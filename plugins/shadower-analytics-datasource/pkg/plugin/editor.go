package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/query"
	"github.com/shadower/analytics/pkg/sqlguard"
)

// Description is what SQL may read, for completion.
type Description struct {
	Tables []DescribedTable `json:"tables"`
	// Functions are those that the fence lets pass, in lower case.
	Functions []string `json:"functions"`
}

// DescribedTable is a table with its columns; Events tells that its rows are single events, which can be shown as logs.
type DescribedTable struct {
	sqlguard.Table
	Events bool `json:"events"`
}

func (i *Instance) describe(ctx context.Context) (*Description, error) {
	schema, err := i.schema(ctx)
	if err != nil {
		return nil, err
	}
	events := eventTables(schema)
	out := &Description{Tables: []DescribedTable{}, Functions: sqlguard.Functions()}
	for name, t := range schema.Tables {
		out.Tables = append(out.Tables, DescribedTable{Table: t, Events: slices.Contains(events, name)})
	}
	slices.SortFunc(out.Tables, func(a, b DescribedTable) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out, nil
}

// Verdict is what the fence says to a statement; an empty message lets it pass.
type Verdict struct {
	Message string `json:"message"`
}

// checkSQL judges a statement without running it: live validation in the editor.
func (i *Instance) checkSQL(r *http.Request) (*Verdict, error) {
	raw, err := body(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		SQL string `json:"sql"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, problem.New(problem.QueryBadParam, "the request has no sql")
	}
	cat, err := i.reader.Get(r.Context())
	if err != nil {
		return nil, err
	}
	schema, err := i.schema(r.Context())
	if err != nil {
		return nil, err
	}
	to := i.now()
	grain := query.GrainInput{From: to.Add(-suggestionRange), To: to, Kind: catalog.KindTimeseries, Views: []catalog.View{{Grain: "sql"}}, MaxDataPoints: 100}
	res, err := query.Resolve(grain)
	if err != nil {
		return nil, err
	}
	if _, err := sqlguard.Rewrite(in.SQL, schema, &macros{instance: i, cat: cat, res: res, in: grain}); err != nil {
		return &Verdict{Message: problem.From(err).Detail}, nil
	}
	return &Verdict{}, nil
}

// filterValues lists the values of a dimension: ?query=<name>&key=<dimension>, or ?table=<event table>&key=<column>, with
// from and to in milliseconds.
func (i *Instance) filterValues(ctx context.Context, args url.Values) (*Suggestions, error) {
	to, err := millis(args.Get("to"), i.now())
	if err != nil {
		return nil, err
	}
	from, err := millis(args.Get("from"), to.Add(-suggestionRange))
	if err != nil {
		return nil, err
	}
	key := args.Get("key")
	if table := args.Get("table"); table != "" {
		return i.columnValues(ctx, table, key, query.GrainInput{From: from, To: to})
	}
	cat, err := i.reader.Get(ctx)
	if err != nil {
		return nil, err
	}
	req, err := (&query.Model{Query: args.Get("query")}).Check(cat, i.settings.RowLimit)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(query.FilterKeys(req.Query), key) {
		return nil, problem.New(problem.QueryBadParam, "the query %q has no dimension %q", req.Query.Name, key)
	}
	if p := req.Query.Param(key); p != nil && p.Values != nil {
		return i.values(ctx, url.Values{"query": {*p.Values}, "from": {fmt.Sprint(from.UnixMilli())}, "to": {fmt.Sprint(to.UnixMilli())}})
	}
	if req.Parts[0].Part.Column(key) == nil {
		return &Suggestions{Values: []Suggestion{}}, nil
	}
	oldest, err := i.oldest(ctx, cat, req.Query)
	if err != nil {
		return nil, err
	}
	res, err := query.Resolve(query.GrainInput{Kind: req.Query.Kind, Views: req.Parts[0].Part.Views, Oldest: oldest, From: from, To: to, MaxDataPoints: 10})
	if err != nil {
		return nil, err
	}
	source, params, err := query.Source(i.settings.Database, i.settings.Workspace, "", req, req.Parts[0], res)
	if err != nil {
		return nil, err
	}
	return i.distinct(ctx, key, source, params)
}

func (i *Instance) columnValues(ctx context.Context, table, key string, in query.GrainInput) (*Suggestions, error) {
	schema, err := i.schema(ctx)
	if err != nil {
		return nil, err
	}
	t, ok := schema.Tables[table]
	if !ok || key == sqlguard.WorkspaceColumn || !slices.ContainsFunc(t.Columns, func(c sqlguard.Column) bool { return c.Name == key }) {
		return nil, problem.New(problem.QueryBadParam, "the table %q has no column %q", table, key)
	}
	source := fmt.Sprintf("(SELECT `%s` FROM `%s`.`%s` WHERE workspace = {workspace:String} AND t >= {from:DateTime64(3,'UTC')} AND t < {to:DateTime64(3,'UTC')})", key, i.settings.Database, table)
	return i.distinct(ctx, key, source, []clickhouse.Param{clickhouse.String("workspace", i.settings.Workspace), clickhouse.Time("from", in.From), clickhouse.Time("to", in.To)})
}

func (i *Instance) distinct(ctx context.Context, key, source string, params []clickhouse.Param) (*Suggestions, error) {
	sql := fmt.Sprintf("SELECT DISTINCT ifNull(toString(`%s`), '') AS value FROM %s ORDER BY value LIMIT %d", key, source, suggestionLimit+1)
	reading, err := i.read(ctx, clickhouse.Statement{SQL: sql, Params: params}, catalog.TTL, i.now())
	if err != nil {
		return nil, err
	}
	out := &Suggestions{Values: []Suggestion{}, Truncated: reading.result.Rows > suggestionLimit}
	for row := range min(reading.result.Rows, suggestionLimit) {
		if v := reading.result.Columns[0].Strings[row]; v != nil && *v != "" {
			out.Values = append(out.Values, Suggestion{Value: *v})
		}
	}
	return out, nil
}
