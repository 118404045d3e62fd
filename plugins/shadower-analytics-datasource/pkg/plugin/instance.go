// Package plugin is what Grafana calls: one file per duty.
package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/settings"
)

// Instance serves one configured datasource.
type Instance struct {
	backend.CallResourceHandler
	// err is what is wrong with the configuration: kept, so that queries and the health check can say it.
	err      error
	settings *settings.Settings
	db       *clickhouse.Client
	reader   *catalog.Reader
	now      func() time.Time
	cache    *cache
	schemas  schemas
}

var (
	_ backend.QueryDataHandler      = (*Instance)(nil)
	_ backend.CheckHealthHandler    = (*Instance)(nil)
	_ backend.CallResourceHandler   = (*Instance)(nil)
	_ backend.StreamHandler         = (*Instance)(nil)
	_ instancemgmt.InstanceDisposer = (*Instance)(nil)
)

// NewInstance is called when a datasource is first used and after each change of its configuration.
func NewInstance(ctx context.Context, source backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	return newInstance(ctx, source, time.Now), nil
}

func newInstance(ctx context.Context, source backend.DataSourceInstanceSettings, now func() time.Time) *Instance {
	i := &Instance{now: now, cache: newCache()}
	i.CallResourceHandler = httpadapter.New(i.routes())
	if i.settings, i.err = settings.Load(ctx, source); i.err != nil {
		return i
	}
	if i.db, i.err = clickhouse.New(i.settings); i.err != nil {
		return i
	}
	i.reader = catalog.NewReader(i.db, i.settings.Database, now)
	return i
}

// Dispose releases what the instance holds.
func (i *Instance) Dispose() {
	if i.db != nil {
		i.db.Close()
	}
}
