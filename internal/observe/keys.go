package observe

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var keyEnd = prometheus.NewDesc("frontdesk_api_key_expiry_timestamp_seconds",
	"When an API key ends that was made for 30 days or longer and that this server has let in within the last day, by its id.", []string{"key"}, nil)

// keyEnds is a prometheus.Collector of when keys end. It asks when it is asked: who uses a key no more has no series.
type keyEnds struct {
	ask atomic.Pointer[func() map[string]time.Time]
}

// Describe implements prometheus.Collector.
func (k *keyEnds) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- keyEnd }

// Collect implements prometheus.Collector.
func (k *keyEnds) Collect(series chan<- prometheus.Metric) {
	ask := k.ask.Load()
	if ask == nil {
		return
	}
	for id, at := range (*ask)() {
		series <- prometheus.MustNewConstMetric(keyEnd, prometheus.GaugeValue, float64(at.UnixMilli())/1000, id)
	}
}

// ShowKeyEnds has the metrics show when keys end, by id, as ends tells at each look.
func (m *Metrics) ShowKeyEnds(ends func() map[string]time.Time) { m.keys.ask.Store(&ends) }
