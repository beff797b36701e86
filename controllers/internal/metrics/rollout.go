package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

var (
	rolloutTenants = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "frontdesk_rollout_tenants",
		Help: "Tenants by where they are in the rollout: current, updating, failed, waiting for a wave, closed (waiting for their window) or held (unhealthy before it).",
	}, []string{"state"})
	rolloutWave = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "frontdesk_rollout_wave",
		Help: "Number of the last wave of the rollout; 1 is the canaries.",
	})
	rolloutHalted = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "frontdesk_rollout_halted",
		Help: "1 while the rollout is halted because more tenants failed than the budget allows.",
	})
	rolloutUnreadable = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "frontdesk_rollout_state_unreadable",
		Help: "1 while the stored state of the rollout cannot be read, so that nobody is rolled.",
	})
	rolloutPaused = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "frontdesk_rollout_paused",
		Help: "1 while the platform team has paused rollouts.",
	})
)

func init() {
	metrics.Registry.MustRegister(rolloutTenants, rolloutWave, rolloutHalted, rolloutUnreadable, rolloutPaused)
}

// Rollout shows how far the rollout is.
func Rollout(c rollout.Counts, wave int, halted, paused bool) {
	for state, count := range map[string]int{
		"current": c.Current, "updating": c.Updating, "failed": c.Failed,
		"waiting": c.Waiting, "closed": c.Closed, "held": c.Held,
	} {
		rolloutTenants.WithLabelValues(state).Set(float64(count))
	}
	rolloutWave.Set(float64(wave))
	rolloutHalted.Set(flag(halted))
	rolloutPaused.Set(flag(paused))
	rolloutUnreadable.Set(0)
}

// RolloutUnreadable shows that nobody knows how far the rollout is.
func RolloutUnreadable() { rolloutUnreadable.Set(1) }

func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}
