package campaign

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
)

// progressInterval is the least time between two writes of mere progress.
const progressInterval = time.Minute

// pace bounds how often progress is written. It is safe for concurrent use; the zero value is ready.
type pace struct {
	mu      sync.Mutex
	written map[types.NamespacedName]time.Time
}

// wait says how long a new status has to wait; 0 when it may be written now.
func (p *pace) wait(key types.NamespacedName, before, after *v1alpha1.CampaignStatus, now time.Time) time.Duration {
	if equality.Semantic.DeepEqual(before, after) || urgent(before, after) {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last, found := p.written[key]
	if !found {
		return 0
	}
	return max(0, progressInterval-now.Sub(last))
}

// urgent tells what the user or the tenant did from what a server reports.
func urgent(before, after *v1alpha1.CampaignStatus) bool {
	if before.ObservedGeneration != after.ObservedGeneration {
		return true
	}
	for _, changed := range conditions.Changed(before.Conditions, after.Conditions) {
		switch v1alpha1.ConditionType(changed.Type) {
		case v1alpha1.ConditionReady, v1alpha1.ConditionTenantReady:
			return true
		default:
		}
	}
	return false
}

func (p *pace) note(key types.NamespacedName, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.written == nil {
		p.written = map[types.NamespacedName]time.Time{}
	}
	p.written[key] = now
}

func (p *pace) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.written, key)
}
