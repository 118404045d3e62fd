package query

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
)

// Filter narrows one dimension down. Operators are Grafana's: = and != with one value, =| and !=| with several, =~ and !~
// with a regular expression that must match the whole value.
type Filter struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// Check refuses what nobody can have meant. Errors: QUERY_BAD_PARAM.
func (f Filter) Check() error {
	switch f.Operator {
	case "=", "!=", "=~", "!~":
		if len(f.Values) != 1 {
			return problem.New(problem.QueryBadParam, "the filter on %q has %d values where %s takes one", f.Key, len(f.Values), f.Operator)
		}
	case "=|", "!=|":
		if len(f.Values) == 0 {
			return problem.New(problem.QueryBadParam, "the filter on %q has no value", f.Key)
		}
	default:
		return problem.New(problem.QueryBadParam, "the filter on %q has the operator %q; there are =, !=, =|, !=|, =~ and !~", f.Key, f.Operator)
	}
	if len(f.Values) > maxValues {
		return problem.New(problem.QueryBadParam, "the filter on %q has %d values; %d is the most", f.Key, len(f.Values), maxValues)
	}
	for _, v := range f.Values {
		switch {
		case unresolved.MatchString(v) || v == allValue:
			return problem.New(problem.QueryBadParam, "the filter on %q holds the unresolved template variable %q; alert rules have no variables and dashboards must define it", f.Key, v)
		case len(v) > maxValueBytes:
			return problem.New(problem.QueryBadParam, "a value of the filter on %q has %d bytes; %d is the most", f.Key, len(v), maxValueBytes)
		}
	}
	if strings.HasSuffix(f.Operator, "~") {
		if _, err := regexp.Compile(f.Values[0]); err != nil {
			return problem.New(problem.QueryBadParam, "the filter on %q holds no valid regular expression: %v", f.Key, err)
		}
	}
	return nil
}

// Condition is a filter on a column in SQL, its values bound. An unknown (NULL) value counts as the empty text.
func Condition(f Filter, column, param string) (string, clickhouse.Param) {
	column = quote(column)
	value := fmt.Sprintf("ifNull(toString(%s), '')", column)
	switch f.Operator {
	case "=~", "!~":
		not := ""
		if f.Operator == "!~" {
			not = "NOT "
		}
		return fmt.Sprintf("%smatch(%s, {%s:String})", not, value, param), clickhouse.String(param, "^(?:"+f.Values[0]+")$")
	default:
		not := ""
		if strings.HasPrefix(f.Operator, "!") {
			not = "NOT "
		}
		return fmt.Sprintf("%shas({%s:Array(String)}, %s)", not, param, value), clickhouse.Strings(param, f.Values)
	}
}

func (f Filter) picks() bool { return f.Operator == "=" || f.Operator == "=|" }

// Filterable tells whether a filter may stand on a column: a text that identifies its row.
func Filterable(q *catalog.Query, c catalog.Column) bool {
	return c.Type == "string" && (q.Kind == catalog.KindTable || c.Role == "dimension")
}

// applyFilters turns filters into parameters where the query has one of that name, so that whole graphs and scorecards
// follow, and else into conditions on every part. Errors: QUERY_BAD_PARAM.
func (m *Model) applyFilters(r *Request) error {
	if len(m.Filters)+len(m.AdHoc) > maxFilters {
		return problem.New(problem.QueryBadParam, "there are %d filters; %d is the most", len(m.Filters)+len(m.AdHoc), maxFilters)
	}
	for i, f := range slices.Concat(m.Filters, m.AdHoc) {
		if err := f.Check(); err != nil {
			return err
		}
		if r.Query.Param(f.Key) != nil && f.picks() {
			given := r.Params[f.Key]
			if len(given) > 0 {
				// Both must hold. An empty list would mean all, so what cannot be is kept as a value that nothing has.
				f.Values = slices.DeleteFunc(slices.Clone(f.Values), func(v string) bool { return !slices.Contains(given, v) })
			}
			if len(f.Values) == 0 {
				f.Values = []string{"\u0000"}
			}
			values := slices.Clone(f.Values)
			slices.Sort(values)
			r.Params[f.Key] = slices.Compact(values)
			continue
		}
		applies := true
		for _, p := range r.Parts {
			c := p.Part.Column(f.Key)
			applies = applies && c != nil && Filterable(r.Query, *c)
		}
		switch {
		case applies:
			for n := range r.Parts {
				r.Parts[n].Filters = append(r.Parts[n].Filters, f)
			}
		case i >= len(m.Filters):
			r.Ignored = append(r.Ignored, f.Key)
		default:
			return problem.New(problem.QueryBadParam, "the query %q cannot be filtered by %q with %s; it has %s", r.Query.Name, f.Key, f.Operator, list(FilterKeys(r.Query)))
		}
	}
	return nil
}

// FilterKeys are the names that a query can be filtered by, sorted.
func FilterKeys(q *catalog.Query) []string {
	var keys []string
	for _, p := range q.Params {
		keys = append(keys, p.Name)
	}
	if len(q.Parts) == 1 {
		for _, c := range q.Parts[0].Columns {
			if Filterable(q, c) {
				keys = append(keys, c.Name)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
