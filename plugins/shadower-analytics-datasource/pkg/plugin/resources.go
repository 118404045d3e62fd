package plugin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/query"
)

// Bounds of suggestions: they are for picking by eye.
const (
	suggestionLimit = 5000
	suggestionRange = 7 * 24 * time.Hour
	paramPrefix     = "param_"
)

// maxBody bounds what is read of a request.
const maxBody = 256 << 10

// routes are the resources the editors read.
func (i *Instance) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /catalog", i.getCatalog)
	mux.HandleFunc("GET /values", serve(i, func(r *http.Request) (any, error) { return i.values(r.Context(), r.URL.Query()) }))
	mux.HandleFunc("GET /schema", serve(i, func(r *http.Request) (any, error) { return i.describe(r.Context()) }))
	mux.HandleFunc("GET /filter-values", serve(i, func(r *http.Request) (any, error) { return i.filterValues(r.Context(), r.URL.Query()) }))
	mux.HandleFunc("POST /check-sql", serve(i, func(r *http.Request) (any, error) { return i.checkSQL(r) }))
	mux.HandleFunc("POST /stream", serve(i, func(r *http.Request) (any, error) {
		raw, err := body(r)
		if err != nil {
			return nil, err
		}
		return i.openStream(r.Context(), raw)
	}))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(r.Context(), w, problem.New(problem.NotFound, "there is no resource %s %s; there are GET /catalog, /values, /schema and /filter-values, POST /check-sql and /stream", r.Method, r.URL.Path))
	})
	return mux
}

func serve(i *Instance, make func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := any(nil), i.err
		if err == nil {
			out, err = make(r)
		}
		if err != nil {
			writeError(r.Context(), w, err)
			return
		}
		writeJSON(r.Context(), w, http.StatusOK, out)
	}
}

func body(r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(raw) > maxBody {
		return nil, problem.New(problem.QueryBadParam, "the request cannot be read, or has more than %d bytes", maxBody)
	}
	return raw, nil
}

func (i *Instance) getCatalog(w http.ResponseWriter, r *http.Request) {
	if i.err != nil {
		writeError(r.Context(), w, i.err)
		return
	}
	cat, err := i.reader.Get(r.Context())
	if err != nil {
		writeError(r.Context(), w, err)
		return
	}
	writeJSON(r.Context(), w, http.StatusOK, cat.Raw)
}

// Suggestion is one value for a parameter or a variable.
type Suggestion struct {
	Value string `json:"value"`
	Label string `json:"label,omitempty"`
}

// Suggestions are the values there are; Truncated says that there are more.
type Suggestions struct {
	Values    []Suggestion `json:"values"`
	Truncated bool         `json:"truncated"`
}

// values lists the choices of a `values` query: ?query=<name>&from=<ms>&to=<ms>&param_<name>=<value>, the last repeatable.
func (i *Instance) values(ctx context.Context, args url.Values) (*Suggestions, error) {
	model := &query.Model{SchemaVersion: query.SchemaVersion, Query: args.Get("query"), Params: map[string][]string{}}
	for key, values := range args {
		if name, ok := strings.CutPrefix(key, paramPrefix); ok {
			model.Params[name] = values
		}
	}
	if model.Query == "" {
		return nil, problem.New(problem.QueryBadParam, "the argument query is missing; it names a query of kind values")
	}
	to, err := millis(args.Get("to"), i.now())
	if err != nil {
		return nil, err
	}
	from, err := millis(args.Get("from"), to.Add(-suggestionRange))
	if err != nil {
		return nil, err
	}
	cat, err := i.reader.Get(ctx)
	if err != nil {
		return nil, err
	}
	req, err := model.Check(cat, min(i.settings.RowLimit, suggestionLimit))
	if err != nil {
		return nil, err
	}
	if req.Query.Kind != catalog.KindValues || len(req.Parts) != 1 || req.Parts[0].Part.Column("value") == nil {
		return nil, problem.New(problem.QueryBadParam, "the query %q lists no values; choose a query of kind values", req.Query.Name)
	}
	oldest, err := i.oldest(ctx, cat, req.Query)
	if err != nil {
		return nil, err
	}
	part := req.Parts[0]
	res, err := query.Resolve(query.GrainInput{Kind: req.Query.Kind, Views: part.Part.Views, Oldest: oldest, From: from, To: to})
	if err != nil {
		return nil, err
	}
	statement, err := query.Build(i.settings.Database, i.settings.Workspace, req, part, res)
	if err != nil {
		return nil, err
	}
	reading, err := i.read(ctx, clickhouse.Statement{SQL: statement.SQL, Params: statement.Params}, time.Duration(req.Query.CacheSeconds)*time.Second, to)
	if err != nil {
		return nil, err
	}
	answer := reading.result
	columns, err := query.Select(answer, part, res.View.View)
	if err != nil {
		return nil, err
	}
	out := &Suggestions{Values: make([]Suggestion, 0, answer.Rows), Truncated: answer.Rows > req.Limit}
	for row := range min(answer.Rows, req.Limit) {
		var s Suggestion
		for n, c := range part.Columns {
			if columns[n].Strings == nil || columns[n].Strings[row] == nil {
				continue
			}
			switch c.Name {
			case "value":
				s.Value = *columns[n].Strings[row]
			case "label":
				s.Label = *columns[n].Strings[row]
			}
		}
		if s.Value != "" {
			out.Values = append(out.Values, s)
		}
	}
	return out, nil
}

func millis(text string, fallback time.Time) (time.Time, error) {
	if text == "" {
		return fallback, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, problem.New(problem.QueryBadParam, "the moment %q is not a number of milliseconds since 1970", text)
	}
	return time.UnixMilli(ms), nil
}

func writeError(ctx context.Context, w http.ResponseWriter, err error) {
	p := problem.From(err)
	log.DefaultLogger.FromContext(ctx).Warn("A resource call failed", "code", string(p.Code), "error", p.Detail)
	writeJSON(ctx, w, statusOf(err), map[string]string{"code": string(p.Code), "message": p.Error()})
}

func writeJSON(ctx context.Context, w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		log.DefaultLogger.FromContext(ctx).Error("An answer cannot be written as JSON", "error", err)
		status, raw = http.StatusInternalServerError, []byte(`{"code":"INTERNAL","message":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(raw); err != nil {
		log.DefaultLogger.FromContext(ctx).Debug("Writing an answer failed", "error", err)
	}
}
