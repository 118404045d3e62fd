package plugin

import (
	"context"
	"sync"
	"time"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/sqlguard"
)

// schemas keeps the tables that SQL may read, for as long as a catalog is kept.
type schemas struct {
	mu    sync.Mutex
	value *sqlguard.Schema
	at    time.Time
}

const schemaSQL = "SELECT c.table, c.name, c.type FROM system.columns AS c WHERE c.database = {database:String} AND c.table IN (" +
	"SELECT name FROM system.tables WHERE database = {database:String} AND (engine LIKE '%MergeTree' OR engine = 'Distributed')) ORDER BY c.table, c.position"

// schema gives the tables that belong to workspaces: those with a workspace column. Errors: those of a statement.
func (i *Instance) schema(ctx context.Context) (*sqlguard.Schema, error) {
	i.schemas.mu.Lock()
	value, at := i.schemas.value, i.schemas.at
	i.schemas.mu.Unlock()
	if value != nil && i.now().Sub(at) < catalog.TTL {
		return value, nil
	}
	res, err := i.db.Query(ctx, schemaSQL, clickhouse.String("database", i.settings.Database))
	if err != nil {
		return nil, err
	}
	all := map[string]sqlguard.Table{}
	fenced := map[string]bool{}
	for row := range res.Rows {
		var text [3]string
		for n := range text {
			if n >= len(res.Columns) || res.Columns[n].Kind != clickhouse.KindString || res.Columns[n].Strings[row] == nil {
				return nil, problem.New(problem.StoreSchema, "ClickHouse does not tell its columns; grant the user SELECT on the database")
			}
			text[n] = *res.Columns[n].Strings[row]
		}
		t := all[text[0]]
		t.Name = text[0]
		t.Columns = append(t.Columns, sqlguard.Column{Name: text[1], Type: text[2]})
		all[text[0]] = t
		fenced[text[0]] = fenced[text[0]] || text[1] == sqlguard.WorkspaceColumn
	}
	out := &sqlguard.Schema{Database: i.settings.Database, Tables: map[string]sqlguard.Table{}}
	for name, t := range all {
		if fenced[name] {
			out.Tables[name] = t
		}
	}
	i.schemas.mu.Lock()
	i.schemas.value, i.schemas.at = out, i.now()
	i.schemas.mu.Unlock()
	return out, nil
}
