// Package catalog reads what there is to be queried: names, parameters, columns and views. It is written by
// `shadower migrate` into the table `catalog` (processor/src/catalog/types.ts), so it always describes the schema that is there.
package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
)

// Version is the shape of the catalog that this plugin understands.
const Version = 1

// TTL is how long a catalog or a coverage is used before it is read again.
const TTL = 60 * time.Second

// Kind says what the parts of a query are and which frames they become.
type Kind string

// Kinds of queries.
const (
	KindTimeseries Kind = "timeseries"
	KindTable      Kind = "table"
	KindGraph      Kind = "graph"
	KindScorecard  Kind = "scorecard"
	KindValues     Kind = "values"
)

// Column describes one column of a part.
type Column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Unit        string `json:"unit,omitempty"`
	Description string `json:"description"`
	Role        string `json:"role,omitempty"`
	Color       string `json:"color,omitempty"`
}

// View is the definition of a part for one grain. Seconds is 0 for raw events.
type View struct {
	Grain   string `json:"grain"`
	Seconds int    `json:"seconds"`
	View    string `json:"view"`
}

// Part is one table of a query's answer.
type Part struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Views   []View   `json:"views"`
	Args    []string `json:"args"`
}

// Param is a parameter: a list of texts, empty for all.
type Param struct {
	Name        string  `json:"name"`
	Type        string  `json:"type"`
	Description string  `json:"description"`
	Values      *string `json:"values"`
}

// Query is one thing that can be asked.
type Query struct {
	Name         string  `json:"name"`
	Domain       string  `json:"domain"`
	Kind         Kind    `json:"kind"`
	Title        string  `json:"title"`
	Description  string  `json:"description"`
	CacheSeconds int     `json:"cacheSeconds"`
	Rollup       *string `json:"rollup"`
	Params       []Param `json:"params"`
	Parts        []Part  `json:"parts"`
}

// Part finds a part by its name.
func (q *Query) Part(name string) *Part {
	i := slices.IndexFunc(q.Parts, func(p Part) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &q.Parts[i]
}

// Param finds a parameter by its name.
func (q *Query) Param(name string) *Param {
	i := slices.IndexFunc(q.Params, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &q.Params[i]
}

// Column finds a column by its name.
func (p *Part) Column(name string) *Column {
	i := slices.IndexFunc(p.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Columns[i]
}

// Catalog is the whole of it. Raw is the document as stored, for the query editor.
type Catalog struct {
	Version int    `json:"version"`
	Schema  string `json:"schema"`
	Domains []struct {
		Name        string `json:"name"`
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"domains"`
	Queries []Query `json:"queries"`
	System  struct {
		Progress string `json:"progress"`
		Coverage string `json:"coverage"`
	} `json:"system"`
	Raw json.RawMessage `json:"-"`
}

// Query finds a query by its name.
func (c *Catalog) Query(name string) *Query {
	i := slices.IndexFunc(c.Queries, func(q Query) bool { return q.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Queries[i]
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,191}$`)

// Parse reads and checks a stored catalog. What it names goes into statements, so nothing but plain names is let through.
func Parse(raw []byte) (*Catalog, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, problem.Wrap(err, problem.StoreSchema, "the catalog in ClickHouse is not valid JSON; run shadower migrate")
	}
	if head.Version != Version {
		return nil, problem.New(problem.StoreSchema, "the catalog in ClickHouse has version %d and this plugin reads version %d; run shadower migrate of the release that this plugin belongs to, or update the plugin", head.Version, Version)
	}
	c := &Catalog{Raw: bytes.Clone(raw)}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, problem.Wrap(err, problem.StoreSchema, "the catalog in ClickHouse cannot be read (%v); run shadower migrate", err)
	}
	names := []string{c.System.Progress, c.System.Coverage}
	for _, q := range c.Queries {
		names = append(names, q.Name)
		for _, p := range q.Params {
			names = append(names, p.Name)
		}
		for _, p := range q.Parts {
			names = append(append(names, p.Name), p.Args...)
			for _, col := range p.Columns {
				names = append(names, col.Name)
			}
			for _, v := range p.Views {
				names = append(names, v.View)
			}
			if len(p.Views) == 0 {
				return nil, problem.New(problem.StoreSchema, "the part %q of query %q has no view in the catalog; run shadower migrate", p.Name, q.Name)
			}
		}
		if len(q.Parts) == 0 {
			return nil, problem.New(problem.StoreSchema, "the query %q has no part in the catalog; run shadower migrate", q.Name)
		}
	}
	for _, n := range names {
		if !identifier.MatchString(n) {
			return nil, problem.New(problem.StoreSchema, "the catalog in ClickHouse holds %q where a plain name must be; run shadower migrate", n)
		}
	}
	return c, nil
}

// Progress is how far the data are complete.
type Progress struct {
	// CompleteUntil is zero when nothing has been processed yet.
	CompleteUntil time.Time
	// UpdatedAt is zero when the processor has never reported.
	UpdatedAt time.Time
	// Lag is the number of records not counted yet.
	Lag float64
}

// Querier runs a statement; clickhouse.Client is one.
type Querier interface {
	Query(ctx context.Context, sql string, params ...clickhouse.Param) (*clickhouse.Result, error)
}

// Coverage says how far back each grain of each rollup reaches. A grain without data is missing.
type Coverage map[string]map[string]time.Time

// Reader reads the catalog, coverage and progress, and keeps the first two for TTL.
type Reader struct {
	db       Querier
	database string
	now      func() time.Time

	mu         sync.Mutex
	catalog    *Catalog
	catalogAt  time.Time
	coverage   Coverage
	coverageAt time.Time
}

// NewReader makes a reader for a database. now may be nil for the wall clock.
func NewReader(db Querier, database string, now func() time.Time) *Reader {
	if now == nil {
		now = time.Now
	}
	return &Reader{db: db, database: database, now: now}
}

// Get gives the catalog, at most TTL old.
func (r *Reader) Get(ctx context.Context) (*Catalog, error) {
	r.mu.Lock()
	cached, at := r.catalog, r.catalogAt
	r.mu.Unlock()
	if cached != nil && r.now().Sub(at) < TTL {
		return cached, nil
	}
	return r.Refresh(ctx)
}

// Refresh reads the catalog anew.
func (r *Reader) Refresh(ctx context.Context) (*Catalog, error) {
	res, err := r.db.Query(ctx, "SELECT json FROM `"+r.database+"`.catalog ORDER BY updated_at DESC LIMIT 1")
	if err != nil {
		if errors.Is(err, problem.Of(problem.StoreSchema)) {
			return nil, problem.Wrap(err, problem.StoreSchema, "the database %q has no Shadower catalog; check the database's name or run shadower migrate (%s)", r.database, problem.From(err).Detail)
		}
		return nil, err
	}
	if res.Rows != 1 || len(res.Columns) != 1 || res.Columns[0].Kind != clickhouse.KindString || res.Columns[0].Strings[0] == nil {
		return nil, problem.New(problem.StoreSchema, "the table %s.catalog is empty; run shadower migrate", r.database)
	}
	c, err := Parse([]byte(*res.Columns[0].Strings[0]))
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.catalog, r.catalogAt = c, r.now()
	r.mu.Unlock()
	return c, nil
}

// Coverage gives how far back the rollups reach, at most TTL old.
func (r *Reader) Coverage(ctx context.Context, c *Catalog) (Coverage, error) {
	r.mu.Lock()
	cached, at := r.coverage, r.coverageAt
	r.mu.Unlock()
	if cached != nil && r.now().Sub(at) < TTL {
		return cached, nil
	}
	res, err := r.db.Query(ctx, "SELECT `rollup`, grain, oldest FROM `"+r.database+"`.`"+c.System.Coverage+"` LIMIT 10000")
	if err != nil {
		return nil, err
	}
	out := Coverage{}
	if res.Rows > 0 {
		cols := res.Columns
		if len(cols) != 3 || cols[0].Kind != clickhouse.KindString || cols[1].Kind != clickhouse.KindString || cols[2].Kind != clickhouse.KindTime {
			return nil, problem.New(problem.StoreSchema, "the view %s.%s does not have the columns rollup, grain and oldest; run shadower migrate", r.database, c.System.Coverage)
		}
		for i := range res.Rows {
			name, grain, oldest := cols[0].Strings[i], cols[1].Strings[i], cols[2].Times[i]
			// The epoch is what min() gives for an empty table.
			if name == nil || grain == nil || oldest == nil || oldest.Unix() <= 0 {
				continue
			}
			if out[*name] == nil {
				out[*name] = map[string]time.Time{}
			}
			out[*name][*grain] = *oldest
		}
	}
	r.mu.Lock()
	r.coverage, r.coverageAt = out, r.now()
	r.mu.Unlock()
	return out, nil
}

// Progress reads how far the data are complete. It is never cached: an alert rule depends on it.
func (r *Reader) Progress(ctx context.Context, c *Catalog) (Progress, error) {
	res, err := r.db.Query(ctx, "SELECT complete_until, updated_at, lag FROM `"+r.database+"`.`"+c.System.Progress+"` LIMIT 2")
	if err != nil {
		return Progress{}, err
	}
	if res.Rows == 0 {
		return Progress{}, nil
	}
	cols := res.Columns
	if res.Rows != 1 || len(cols) != 3 || cols[0].Kind != clickhouse.KindTime || cols[1].Kind != clickhouse.KindTime || cols[2].Kind != clickhouse.KindNumber {
		return Progress{}, problem.New(problem.StoreSchema, "the view %s.%s does not have one row with complete_until, updated_at and lag; run shadower migrate", r.database, c.System.Progress)
	}
	var p Progress
	if t := cols[0].Times[0]; t != nil && t.Unix() > 0 {
		p.CompleteUntil = *t
	}
	if t := cols[1].Times[0]; t != nil && t.Unix() > 0 {
		p.UpdatedAt = *t
	}
	if n := cols[2].Numbers[0]; n != nil {
		p.Lag = *n
	}
	return p, nil
}
