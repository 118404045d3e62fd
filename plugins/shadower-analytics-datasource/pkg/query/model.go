// Package query holds the typed query model, its checks, and the statements that it becomes.
package query

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/problem"
)

// SchemaVersion is the version of the model that is written today.
const SchemaVersion = 2

// Bounds of what one query may hold.
const (
	maxValues     = 1000
	maxValueBytes = 512
	maxParamBytes = 64 << 10
	maxFilters    = 50
	maxTop        = 1000
)

// Mode says how a question is asked.
type Mode string

// Modes. A saved query without one is of the catalog.
const (
	ModeCatalog Mode = ""
	ModeSQL     Mode = "sql"
	ModeLogs    Mode = "logs"
)

// Format says which frames the answer of SQL becomes.
type Format string

// Formats of SQL.
const (
	FormatTable      Format = "table"
	FormatTimeseries Format = "timeseries"
	FormatLogs       Format = "logs"
)

// Model is a saved query. It says what is asked, never how it is computed, and never for which workspace.
type Model struct {
	SchemaVersion int  `json:"schemaVersion"`
	Mode          Mode `json:"mode,omitempty"`
	// Query is the name of a query of the catalog.
	Query string `json:"query"`
	// Params are lists of texts; a missing or empty list means all.
	Params map[string][]string `json:"params,omitempty"`
	// Filters narrow dimensions down; all must hold.
	Filters []Filter `json:"filters,omitempty"`
	// AdHoc are the dashboard's filters. One that this query has no dimension for is told, and refused in an alert rule.
	AdHoc []Filter `json:"adHoc,omitempty"`
	// Columns picks measures (time series) or columns (tables); empty means all.
	Columns []string `json:"columns,omitempty"`
	// Part picks one part of a graph or scorecard, as a table.
	Part string `json:"part,omitempty"`
	// StepSeconds is the distance of points; 0 follows the range.
	StepSeconds int64 `json:"stepSeconds,omitempty"`
	// Limit is the most rows per part; 0 is the datasource's.
	Limit int `json:"limit,omitempty"`
	// Top keeps the series or rows that are the largest by a measure.
	Top *Top `json:"top,omitempty"`
	// SQL is the statement of ModeSQL, Format what becomes of its answer.
	SQL    string `json:"sql,omitempty"`
	Format Format `json:"format,omitempty"`
	// Table is the table of ModeLogs (raw events or dead letters), Search a text that its lines must hold.
	Table  string `json:"table,omitempty"`
	Search string `json:"search,omitempty"`
	// Live asks for a stream instead of one answer; the frontend acts on it.
	Live bool `json:"live,omitempty"`
}

// Top is the choice of the N series or rows with the largest values of one measure.
type Top struct {
	N  int    `json:"n"`
	By string `json:"by"`
}

// grafanaKeys are what Grafana itself puts beside a query's own fields.
var grafanaKeys = []string{
	"refId", "hide", "key", "queryType", "datasource", "datasourceId", "intervalMs", "maxDataPoints", "timeRange",
	"resultAssertions", "scopes", "adhocFilters", "groupByKeys", "requestId", "app", "legendFormat", "orgId",
}

// Parse reads a saved query of any released version. Unknown fields and versions are refused: a mistyped field would
// otherwise change what a rule watches without anybody noticing. Errors: QUERY_BAD_PARAM.
func Parse(raw []byte) (*Model, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, problem.Wrap(err, problem.QueryBadParam, "the query is not a JSON object")
	}
	for _, k := range grafanaKeys {
		delete(fields, k)
	}
	if err := migrate(fields); err != nil {
		return nil, err
	}
	own, err := json.Marshal(fields)
	if err != nil {
		return nil, problem.Wrap(err, problem.Internal, "the query cannot be read")
	}
	dec := json.NewDecoder(bytes.NewReader(own))
	dec.DisallowUnknownFields()
	m := &Model{}
	if err := dec.Decode(m); err != nil {
		return nil, problem.New(problem.QueryBadParam, "the query cannot be read: %s; the fields are schemaVersion, mode, query, params, filters, adHoc, columns, part, stepSeconds, limit, top, sql, format, table, search and live", strings.TrimPrefix(err.Error(), "json: "))
	}
	return m, m.complete()
}

// complete checks that a mode has what it needs.
func (m *Model) complete() error {
	switch m.Mode {
	case ModeCatalog:
		if m.Query == "" {
			return problem.New(problem.QueryBadParam, "no query is chosen; choose one in the editor")
		}
	case ModeSQL:
		if strings.TrimSpace(m.SQL) == "" {
			return problem.New(problem.QueryBadParam, "there is no SQL; write some in the editor")
		}
		switch m.Format {
		case "", FormatTable, FormatTimeseries, FormatLogs:
		default:
			return problem.New(problem.QueryBadParam, "the format %q is unknown; there are table, timeseries and logs", m.Format)
		}
	case ModeLogs:
		if m.Table == "" {
			return problem.New(problem.QueryBadParam, "no table of events is chosen; choose one in the editor")
		}
	default:
		return problem.New(problem.QueryBadParam, "the mode %q is unknown; there are sql, logs, and none for the catalog", m.Mode)
	}
	if m.StepSeconds < 0 || m.StepSeconds > maxStep {
		return problem.New(problem.QueryBadParam, "the step of %d seconds is out of bounds; it may be 0 (automatic) to %d", m.StepSeconds, maxStep)
	}
	if m.Top != nil && (m.Top.N < 1 || m.Top.N > maxTop || m.Top.By == "") {
		return problem.New(problem.QueryBadParam, "the top %d by %q cannot be chosen; give a number from 1 to %d and a measure", m.Top.N, m.Top.By, maxTop)
	}
	return nil
}

// RowLimit is the most rows of one answer: the query's own, held to the datasource's. Errors: QUERY_BAD_PARAM.
func (m *Model) RowLimit(datasource int) (int, error) {
	switch {
	case m.Limit < 0:
		return 0, problem.New(problem.QueryBadParam, "the limit of %d rows is negative", m.Limit)
	case m.Limit > datasource:
		return 0, problem.New(problem.QueryBadParam, "the limit of %d rows is above the datasource's limit of %d", m.Limit, datasource)
	case m.Limit > 0:
		return m.Limit, nil
	default:
		return datasource, nil
	}
}

// An unresolved template variable: as the whole value ($x), or anywhere in the braced and the old form.
var unresolved = regexp.MustCompile(`^\$[A-Za-z_]\w*$|\$\{[^}]*\}|\[\[\w+(?::\w+)?\]\]`)

// allValue is what Grafana leaves for "All" when nothing replaced it.
const allValue = "$__all"

// Request is a model that was checked against the catalog.
type Request struct {
	Query *catalog.Query
	// Parts to be read, with the columns to be selected of each.
	Parts []PartRequest
	// Params has an entry for every parameter of the query.
	Params map[string][]string
	// AsTable is set when one part of a graph or scorecard was picked.
	AsTable     bool
	StepSeconds int64
	Limit       int
	Top         *Top
	// Ignored names the ad hoc filters that this query has no dimension for.
	Ignored []string
}

// PartRequest is one part and its columns in catalog order.
type PartRequest struct {
	Part    *catalog.Part
	Columns []catalog.Column
	Filters []Filter
}

// Check resolves a model against the catalog. rowLimit is the datasource's. Errors: QUERY_UNKNOWN, QUERY_BAD_PARAM.
func (m *Model) Check(c *catalog.Catalog, rowLimit int) (*Request, error) {
	q := c.Query(m.Query)
	if q == nil {
		return nil, problem.New(problem.QueryUnknown, "there is no query %q%s", m.Query, suggestion(m.Query, c))
	}
	limit, err := m.RowLimit(rowLimit)
	if err != nil {
		return nil, err
	}
	r := &Request{Query: q, Params: map[string][]string{}, StepSeconds: m.StepSeconds, Limit: limit, Top: m.Top}

	total := 0
	for _, name := range slices.Sorted(maps.Keys(m.Params)) {
		if q.Param(name) == nil {
			return nil, problem.New(problem.QueryBadParam, "the query %q has no parameter %q; it has %s", q.Name, name, paramNames(q))
		}
		values, err := checkValues(name, m.Params[name])
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			total += len(v)
		}
		r.Params[name] = values
	}
	if total > maxParamBytes {
		return nil, problem.New(problem.QueryBadParam, "the parameters hold %d bytes; %d is the most: choose fewer values, or All", total, maxParamBytes)
	}
	for _, p := range q.Params {
		if r.Params[p.Name] == nil {
			r.Params[p.Name] = []string{}
		}
	}
	if err := m.checkParts(r); err != nil {
		return nil, err
	}
	if err := m.applyFilters(r); err != nil {
		return nil, err
	}
	return r, m.checkTop(r)
}

func (m *Model) checkTop(r *Request) error {
	if m.Top == nil {
		return nil
	}
	if len(r.Parts) > 1 {
		return problem.New(problem.QueryBadParam, "the largest can be chosen of one part only; choose a part of %q: %s", r.Query.Name, partNames(r.Query))
	}
	for _, c := range r.Parts[0].Columns {
		if c.Name == m.Top.By && c.Type == "number" {
			return nil
		}
	}
	return problem.New(problem.QueryBadParam, "the measure %q, by which the largest are chosen, is not among the chosen columns of %q", m.Top.By, r.Query.Name)
}

func (m *Model) checkParts(r *Request) error {
	q := r.Query
	if m.Part == "" {
		if len(m.Columns) > 0 && len(q.Parts) > 1 {
			return problem.New(problem.QueryBadParam, "columns can be chosen for one part only; choose a part of %q: %s", q.Name, partNames(q))
		}
		for i := range q.Parts {
			r.Parts = append(r.Parts, PartRequest{Part: &q.Parts[i]})
		}
	} else {
		p := q.Part(m.Part)
		if p == nil {
			return problem.New(problem.QueryBadParam, "the query %q has no part %q; it has %s", q.Name, m.Part, partNames(q))
		}
		r.Parts = []PartRequest{{Part: p}}
		r.AsTable = len(q.Parts) > 1
	}
	for _, name := range m.Columns {
		if r.Parts[0].Part.Column(name) == nil {
			return problem.New(problem.QueryBadParam, "the part %q of query %q has no column %q; it has %s", r.Parts[0].Part.Name, q.Name, name, columnNames(r.Parts[0].Part))
		}
	}
	for i := range r.Parts {
		for _, c := range r.Parts[i].Part.Columns {
			// The dimensions of a time series are its identity; without them different series would become one.
			keep := len(m.Columns) == 0 || slices.Contains(m.Columns, c.Name) ||
				(q.Kind == catalog.KindTimeseries && (c.Role == "dimension" || c.Type == "time"))
			if keep {
				r.Parts[i].Columns = append(r.Parts[i].Columns, c)
			}
		}
	}
	if q.Kind == catalog.KindTimeseries && !slices.ContainsFunc(r.Parts[0].Columns, isMeasure) {
		return problem.New(problem.QueryBadParam, "no measure is chosen of query %q; choose one of its columns", q.Name)
	}
	return nil
}

func isMeasure(c catalog.Column) bool { return c.Type != "time" && c.Role != "dimension" }

// checkValues resolves All and refuses what a person did not mean to ask for.
func checkValues(name string, values []string) ([]string, error) {
	if slices.Contains(values, allValue) {
		return []string{}, nil
	}
	if len(values) > maxValues {
		return nil, problem.New(problem.QueryBadParam, "the parameter %q has %d values; %d is the most: choose fewer, or All", name, len(values), maxValues)
	}
	for _, v := range values {
		switch {
		case unresolved.MatchString(v):
			return nil, problem.New(problem.QueryBadParam, "the parameter %q holds the unresolved template variable %q; alert rules have no variables and dashboards must define it: choose values instead", name, v)
		case v == "":
			return nil, problem.New(problem.QueryBadParam, "the parameter %q holds an empty value; choose values, or none for all", name)
		case len(v) > maxValueBytes:
			return nil, problem.New(problem.QueryBadParam, "a value of the parameter %q has %d bytes; %d is the most", name, len(v), maxValueBytes)
		}
	}
	unique := slices.Clone(values)
	slices.Sort(unique)
	return slices.Compact(unique), nil
}

func suggestion(name string, c *catalog.Catalog) string {
	prefix, _, _ := strings.Cut(name, "_")
	var near []string
	for _, q := range c.Queries {
		if strings.HasPrefix(q.Name, prefix+"_") || q.Domain == prefix {
			near = append(near, q.Name)
		}
	}
	if len(near) == 0 {
		return "; the editor lists those that there are"
	}
	return "; there are " + strings.Join(near, ", ")
}

func paramNames(q *catalog.Query) string {
	names := make([]string, len(q.Params))
	for i, p := range q.Params {
		names[i] = p.Name
	}
	return list(names)
}

func partNames(q *catalog.Query) string {
	names := make([]string, len(q.Parts))
	for i, p := range q.Parts {
		names[i] = p.Name
	}
	return list(names)
}

func columnNames(p *catalog.Part) string {
	names := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		names[i] = c.Name
	}
	return list(names)
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
