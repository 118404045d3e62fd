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
const SchemaVersion = 1

// Bounds of what one query may hold.
const (
	maxValues     = 1000
	maxValueBytes = 512
	maxParamBytes = 64 << 10
)

// Model is a saved query. It says what is asked, never how it is computed, and never for which workspace.
type Model struct {
	SchemaVersion int    `json:"schemaVersion"`
	Query         string `json:"query"`
	// Params are lists of texts; a missing or empty list means all.
	Params map[string][]string `json:"params,omitempty"`
	// Columns picks measures (time series) or columns (tables); empty means all.
	Columns []string `json:"columns,omitempty"`
	// Part picks one part of a graph or scorecard, as a table.
	Part string `json:"part,omitempty"`
	// StepSeconds is the distance of points; 0 follows the range.
	StepSeconds int64 `json:"stepSeconds,omitempty"`
	// Limit is the most rows per part; 0 is the datasource's.
	Limit int `json:"limit,omitempty"`
}

// grafanaKeys are what Grafana itself puts beside a query's own fields.
var grafanaKeys = []string{
	"refId", "hide", "key", "queryType", "datasource", "datasourceId", "intervalMs", "maxDataPoints", "timeRange",
	"resultAssertions", "scopes", "filters", "adhocFilters", "groupByKeys", "requestId", "app", "legendFormat", "orgId",
}

// Parse reads a saved query. Unknown fields and versions are refused: a mistyped field would otherwise change what a
// rule watches without anybody noticing. Errors: QUERY_BAD_PARAM.
func Parse(raw []byte) (*Model, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, problem.Wrap(err, problem.QueryBadParam, "the query is not a JSON object")
	}
	for _, k := range grafanaKeys {
		delete(fields, k)
	}
	own, err := json.Marshal(fields)
	if err != nil {
		return nil, problem.Wrap(err, problem.Internal, "the query cannot be read")
	}

	var head struct {
		SchemaVersion *float64 `json:"schemaVersion"`
	}
	if err := json.Unmarshal(own, &head); err != nil {
		return nil, problem.New(problem.QueryBadParam, "schemaVersion must be a number; choose the query in the editor again")
	}
	if head.SchemaVersion == nil {
		return nil, problem.New(problem.QueryBadParam, "the query has no schemaVersion; choose it in the editor again, or set schemaVersion to %d", SchemaVersion)
	}
	if *head.SchemaVersion != SchemaVersion {
		return nil, problem.New(problem.QueryBadParam, "the query has schemaVersion %v and this plugin reads version %d; update the plugin", *head.SchemaVersion, SchemaVersion)
	}
	dec := json.NewDecoder(bytes.NewReader(own))
	dec.DisallowUnknownFields()
	m := &Model{}
	if err := dec.Decode(m); err != nil {
		return nil, problem.New(problem.QueryBadParam, "the query cannot be read: %s; the fields are schemaVersion, query, params, columns, part, stepSeconds and limit", strings.TrimPrefix(err.Error(), "json: "))
	}
	if m.Query == "" {
		return nil, problem.New(problem.QueryBadParam, "no query is chosen; choose one in the editor")
	}
	return m, nil
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
}

// PartRequest is one part and its columns in catalog order.
type PartRequest struct {
	Part    *catalog.Part
	Columns []catalog.Column
}

// Check resolves a model against the catalog. rowLimit is the datasource's. Errors: QUERY_UNKNOWN, QUERY_BAD_PARAM.
func (m *Model) Check(c *catalog.Catalog, rowLimit int) (*Request, error) {
	q := c.Query(m.Query)
	if q == nil {
		return nil, problem.New(problem.QueryUnknown, "there is no query %q%s", m.Query, suggestion(m.Query, c))
	}
	r := &Request{Query: q, Params: map[string][]string{}, StepSeconds: m.StepSeconds, Limit: rowLimit}
	if m.StepSeconds < 0 || m.StepSeconds > maxStep {
		return nil, problem.New(problem.QueryBadParam, "the step of %d seconds is out of bounds; it may be 0 (automatic) to %d", m.StepSeconds, maxStep)
	}
	if m.Limit < 0 {
		return nil, problem.New(problem.QueryBadParam, "the limit of %d rows is negative", m.Limit)
	}
	if m.Limit > rowLimit {
		return nil, problem.New(problem.QueryBadParam, "the limit of %d rows is above the datasource's limit of %d", m.Limit, rowLimit)
	}
	if m.Limit > 0 {
		r.Limit = m.Limit
	}

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
	return r, m.checkParts(r)
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
