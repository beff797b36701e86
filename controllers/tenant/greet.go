package tenant

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rootkey"
)

// greetingPatience is how long the first pass over a tenant waits for its pods. Those that are well answer in milliseconds.
const greetingPatience = 3 * time.Second

// greetings remembers the tenants whose pods this process has asked. It is safe for concurrent use; the zero value is ready.
type greetings struct {
	mu   sync.Mutex
	done map[types.NamespacedName]bool
}

// first says whether it is the first time that it is asked about a tenant.
func (g *greetings) first(tenant types.NamespacedName) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done[tenant] {
		return false
	}
	if g.done == nil {
		g.done = map[types.NamespacedName]bool{}
	}
	g.done[tenant] = true
	return true
}

func (g *greetings) forget(tenant types.NamespacedName) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.done, tenant)
}

// greet has the pods of a tenant that was well when this process came to it asked, before the first pass: the pass that
// comes of their answers is then the only one. It says how long to wait for them, 0 for a tenant that has anything else to
// be done, or was greeted before.
func (r *Reconciler) greet(ctx context.Context, t *v1alpha1.Tenant) (time.Duration, error) {
	if !r.greetings.first(client.ObjectKeyFromObject(t)) || !wasWell(t) {
		return 0, nil
	}
	root, err := r.RootKey.Get(ctx)
	if err != nil {
		return 0, nil //nolint:nilerr // the pass says what is wrong with it
	}
	token, err := root.Derive(rootkey.StatusToken, t)
	if err != nil {
		return 0, err
	}
	pods, err := r.podsOf(ctx, t)
	if err != nil {
		return 0, err
	}
	running := asked(pods)
	if len(running) == 0 {
		return 0, nil
	}
	//nolint:contextcheck // the questions outlive the pass
	r.Prober.Assign(probe.Assignment{Tenant: client.ObjectKeyFromObject(t), Revision: t.Status.Revision.Desired, Token: token, Pods: running})
	return greetingPatience, nil
}

// wasWell says that by its status a tenant serves what its spec asks for, so that only its pods can say otherwise.
func wasWell(t *v1alpha1.Tenant) bool {
	last := t.Status.Revision
	return t.Status.ObservedGeneration == t.Generation && last != nil && last.Served != "" && last.Served == last.Desired &&
		meta.IsStatusConditionTrue(t.Status.Conditions, string(v1alpha1.ConditionReady))
}
