package plugin

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/shadower/analytics/pkg/clickhouse"
)

// Bounds of the cache: entries, the rows of one, and how long any may live. How long an answer may be used is said by the
// class of its query in the catalog (cacheSeconds).
const (
	cacheEntries = 512
	cacheRows    = 20_000
	cacheLongest = 30 * time.Minute
)

// reading is an answer with what was known when it was read.
type reading struct {
	result        *clickhouse.Result
	completeUntil time.Time
	at            time.Time
	cached        bool
}

type cache = expirable.LRU[string, reading]

func newCache() *cache { return expirable.NewLRU[string, reading](cacheEntries, nil, cacheLongest) }

// read runs a statement, or gives the answer of less than ttl ago; ttl 0 (alert rules, streams) always runs it. An answer
// keeps the completeUntil it was read under, so that a cached one never looks more complete than it is. The workspace is
// bound in the statement, and each datasource has a cache of its own.
func (i *Instance) read(ctx context.Context, s clickhouse.Statement, ttl time.Duration, completeUntil time.Time) (reading, error) {
	if !i.settings.Cache {
		ttl = 0
	}
	key := ""
	if ttl > 0 {
		key = cacheKey(s)
		if r, ok := i.cache.Get(key); ok && i.now().Sub(r.at) < ttl {
			r.cached = true
			cacheReads.WithLabelValues("hit").Inc()
			return r, nil
		}
		cacheReads.WithLabelValues("miss").Inc()
	}
	at := i.now()
	result, err := i.db.Run(ctx, s)
	if err != nil {
		return reading{}, err
	}
	r := reading{result: result, completeUntil: completeUntil, at: at}
	if ttl > 0 && result.Rows <= cacheRows {
		i.cache.Add(key, r)
	}
	return r, nil
}

func cacheKey(s clickhouse.Statement) string {
	var b strings.Builder
	b.WriteString(s.SQL)
	for _, p := range s.Params {
		b.WriteString("\x00" + p.Name + "\x00" + p.Value)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		b.WriteString("\x00" + name + "\x00" + s.Settings[name])
	}
	return b.String()
}
