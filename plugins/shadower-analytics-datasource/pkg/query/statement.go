package query

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
)

// Statement is one SELECT over a view, with its arguments bound on the server.
type Statement struct {
	SQL    string
	Params []clickhouse.Param
	// Shown is the same statement with the values written out, for the query inspector. It is never executed.
	Shown string
}

// Build writes the statement that reads one part. It asks for one row more than the limit, so that a result that was
// cut off can be told from one that just fits. Errors: STORE_SCHEMA when the view wants an argument nobody has.
func Build(database, workspace string, r *Request, part PartRequest, res Resolution) (Statement, error) {
	columns := make([]string, len(part.Columns))
	for i, c := range part.Columns {
		columns[i] = quote(c.Name)
	}
	var s Statement
	bound, shown := make([]string, len(part.Part.Args)), make([]string, len(part.Part.Args))
	for i, arg := range part.Part.Args {
		p, err := argument(arg, workspace, r, res)
		if err != nil {
			return s, problem.New(problem.StoreSchema, "the view %s wants the argument %q, which the query %q does not declare; run shadower migrate", res.View.View, arg, r.Query.Name)
		}
		s.Params = append(s.Params, p)
		bound[i] = fmt.Sprintf("%s={%s:%s}", arg, arg, p.Type)
		shown[i] = fmt.Sprintf("%s=%s", arg, p.Literal())
	}
	where, whereShown := "", ""
	for i, f := range part.Filters {
		condition, p := Condition(f, f.Key, "filter_"+strconv.Itoa(i))
		s.Params = append(s.Params, p)
		word := " AND "
		if i == 0 {
			word = " WHERE "
		}
		where += word + condition
		whereShown += word + strings.Replace(condition, "{"+p.Name+":"+p.Type+"}", p.Literal(), 1)
	}
	format := "SELECT %s FROM %s.%s(%s)%s LIMIT %d"
	list := strings.Join(columns, ", ")
	s.SQL = fmt.Sprintf(format, list, quote(database), quote(res.View.View), strings.Join(bound, ", "), where, r.Limit+1)
	s.Shown = fmt.Sprintf(format, list, quote(database), quote(res.View.View), strings.Join(shown, ", "), whereShown, r.Limit+1)
	return s, nil
}

// Source writes the view of one part as it stands behind FROM, with parameters whose names begin with prefix.
func Source(database, workspace, prefix string, r *Request, part PartRequest, res Resolution) (string, []clickhouse.Param, error) {
	bound := make([]string, len(part.Part.Args))
	params := make([]clickhouse.Param, len(part.Part.Args))
	for i, arg := range part.Part.Args {
		p, err := argument(arg, workspace, r, res)
		if err != nil {
			return "", nil, problem.New(problem.StoreSchema, "the view %s wants the argument %q, which the query %q does not declare; run shadower migrate", res.View.View, arg, r.Query.Name)
		}
		p.Name = prefix + arg
		params[i] = p
		bound[i] = fmt.Sprintf("%s={%s:%s}", arg, p.Name, p.Type)
	}
	return fmt.Sprintf("%s.%s(%s)", quote(database), quote(res.View.View), strings.Join(bound, ", ")), params, nil
}

func argument(name, workspace string, r *Request, res Resolution) (clickhouse.Param, error) {
	switch name {
	case "workspace":
		return clickhouse.String(name, workspace), nil
	case "from":
		return clickhouse.Time(name, res.From), nil
	case "to":
		return clickhouse.Time(name, res.To), nil
	case "step":
		return clickhouse.Uint(name, uint32(res.Step)), nil //nolint:gosec // bounded by maxStep
	}
	if values, ok := r.Params[name]; ok {
		return clickhouse.Strings(name, values), nil
	}
	return clickhouse.Param{}, problem.Of(problem.StoreSchema)
}

// quote writes an identifier; the catalog lets nothing but plain names through.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// Select picks the columns of a part out of an answer by name, so that nothing depends on their order.
func Select(res *clickhouse.Result, part PartRequest, view string) ([]clickhouse.Column, error) {
	out := make([]clickhouse.Column, len(part.Columns))
	for i, c := range part.Columns {
		out[i] = clickhouse.Column{Name: c.Name, Kind: kindOf(c)}
		if res.Rows == 0 {
			continue
		}
		found := false
		for _, got := range res.Columns {
			if got.Name != c.Name {
				continue
			}
			converted, ok := convert(got, kindOf(c))
			if !ok {
				return nil, problem.New(problem.StoreSchema, "the column %q of view %s is %s in ClickHouse and %s in the catalog; run shadower migrate", c.Name, view, got.Type, c.Type)
			}
			out[i], found = converted, true
		}
		if !found {
			return nil, problem.New(problem.StoreSchema, "the view %s did not answer with the column %q; run shadower migrate", view, c.Name)
		}
	}
	return out, nil
}

func kindOf(c catalog.Column) clickhouse.Kind {
	switch c.Type {
	case "time":
		return clickhouse.KindTime
	case "number":
		return clickhouse.KindNumber
	case "boolean":
		return clickhouse.KindBool
	default:
		return clickhouse.KindString
	}
}

// convert allows what loses nothing: ClickHouse's comparisons are UInt8, and a Bool counts as 0 or 1.
func convert(c clickhouse.Column, want clickhouse.Kind) (clickhouse.Column, bool) {
	switch {
	case c.Kind == want:
		return c, true
	case c.Kind == clickhouse.KindNumber && want == clickhouse.KindBool:
		for _, n := range c.Numbers {
			var b *bool
			if n != nil {
				v := *n != 0
				b = &v
			}
			c.Bools = append(c.Bools, b)
		}
	case c.Kind == clickhouse.KindBool && want == clickhouse.KindNumber:
		for _, b := range c.Bools {
			var n *float64
			if b != nil {
				v := 0.0
				if *b {
					v = 1
				}
				n = &v
			}
			c.Numbers = append(c.Numbers, n)
		}
	default:
		return c, false
	}
	c.Kind = want
	return c, true
}
