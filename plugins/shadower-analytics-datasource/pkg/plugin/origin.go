package plugin

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/shadower/analytics/pkg/clickhouse"
)

// originOf reads who asks from what Grafana sends along. Rules run by themselves, so they have no user.
func originOf(pc backend.PluginContext, httpHeaders http.Header, raw map[string]string) clickhouse.Origin {
	header := func(name string) string {
		if v := httpHeaders.Get(name); v != "" {
			return v
		}
		return raw[name]
	}
	o := clickhouse.Origin{Dashboard: header("X-Dashboard-Uid"), Panel: header("X-Panel-Id"), Rule: header("X-Rule-Uid")}
	if pc.OrgID != 0 {
		o.OrgID = strconv.FormatInt(pc.OrgID, 10)
	}
	if pc.User != nil {
		o.User = pc.User.Login
	}
	return o
}

const traceColumn = "trace_id"

// links gives the columns with a trace id the way to it that the configuration names.
func (i *Instance) links(_ context.Context) func(column string) []data.DataLink {
	s := i.settings
	if s.TraceDatasource == "" && s.TraceURL == "" {
		return nil
	}
	return func(column string) []data.DataLink {
		if column != traceColumn {
			return nil
		}
		if s.TraceURL != "" {
			return []data.DataLink{{Title: "Open trace", TargetBlank: true, URL: strings.ReplaceAll(s.TraceURL, "${traceId}", "${__value.raw}")}}
		}
		model := map[string]any{"query": "${__value.raw}", "queryType": "traceql"}
		if s.TraceDatasourceType == "jaeger" {
			model = map[string]any{"query": "${__value.raw}"}
		}
		return []data.DataLink{{Title: "Open trace", Internal: &data.InternalDataLink{DatasourceUID: s.TraceDatasource, DatasourceName: s.TraceDatasource, Query: model}}}
	}
}
