package plugin

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Grafana collects the metrics of its plugins at /metrics/plugins/<plugin id>; the SDK adds those of requests.
var (
	cacheReads = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: "shadower", Subsystem: "datasource", Name: "cache_reads_total", Help: "Answers looked for in the cache, by outcome (hit, miss).",
	}, []string{"outcome"})
	streamsRunning = promauto.NewGauge(prometheus.GaugeOpts{
		Namespace: "shadower", Subsystem: "datasource", Name: "streams_running", Help: "Streams that are being polled for live panels.",
	})
	sqlRefused = promauto.NewCounter(prometheus.CounterOpts{
		Namespace: "shadower", Subsystem: "datasource", Name: "sql_refused_total", Help: "SQL statements that the fence refused.",
	})
)
