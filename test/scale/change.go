package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	changePatience = 90 * time.Second
	// idleEvery and rollingEvery space edits, whatever becomes of those before, so that each is alone with what else goes on:
	// one takes the processors 60 ms, most of them in the API server.
	idleEvery, rollingEvery = 100 * time.Millisecond, 500 * time.Millisecond
)

// edits watches config Secrets for the names that tenants are given.
type edits struct {
	mu      sync.Mutex
	waiting map[client.ObjectKey]*edit // by the Secret
}

type edit struct {
	name  string // the display name to look for
	began time.Time
	done  chan time.Duration
}

// watchEdits reports, until ctx ends, when the display name that a tenant was given is in its config Secret.
func (c *cluster) watchEdits(ctx context.Context) (*edits, error) {
	e := &edits{waiting: map[client.ObjectKey]*edit{}}
	// From now on: a watch that told first what there is would tell the first edits late.
	var now corev1.SecretList
	ours := client.MatchingLabels{tenant.ManagedByLabel: tenant.ManagedBy}
	if err := c.client.List(ctx, &now, ours, client.Limit(1)); err != nil {
		return nil, fmt.Errorf("look at config Secrets: %w", err)
	}
	changes, err := c.client.Watch(ctx, &corev1.SecretList{}, ours, &client.ListOptions{Raw: from(now.ResourceVersion)})
	if err != nil {
		return nil, fmt.Errorf("watch config Secrets: %w", err)
	}
	go func() {
		defer changes.Stop()
		for event := range changes.ResultChan() {
			if secret, is := event.Object.(*corev1.Secret); is {
				e.saw(secret)
			}
		}
	}()
	return e, nil
}

func (e *edits) saw(secret *corev1.Secret) {
	now := time.Now()
	key := client.ObjectKeyFromObject(secret)
	e.mu.Lock()
	defer e.mu.Unlock()
	waiting := e.waiting[key]
	if waiting == nil || !strings.Contains(string(secret.Data[tenantconfig.DocumentKey]), waiting.name) {
		return
	}
	delete(e.waiting, key)
	waiting.done <- now.Sub(waiting.began)
}

// secretOf names the config Secret of a tenant.
func secretOf(tenant client.ObjectKey) client.ObjectKey {
	return client.ObjectKey{Namespace: tenant.Namespace, Name: v1alpha1.OwnedNamePrefix + tenant.Name + configSecretName}
}

func (e *edits) busy(tenant client.ObjectKey) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.waiting[secretOf(tenant)] != nil
}

// applied is what became of one edit.
type applied struct {
	began time.Time
	// took is how long it was until the operator had applied it, of which the API server took stored to store the edit.
	took, stored time.Duration
}

// change edits one tenant and waits until the operator has applied it.
func (c *cluster) change(ctx context.Context, e *edits, of client.ObjectKey, name string) (a applied, err error) {
	pending := &edit{name: name, began: time.Now(), done: make(chan time.Duration, 1)}
	a.began = pending.began
	e.mu.Lock()
	e.waiting[secretOf(of)] = pending
	e.mu.Unlock()
	target := &v1alpha1.Tenant{}
	target.Namespace, target.Name = of.Namespace, of.Name
	if err := c.client.Patch(ctx, target, client.RawPatch(mergePatch, fmt.Appendf(nil, `{"spec":{"displayName":%q}}`, name))); err != nil {
		return a, err
	}
	a.stored = time.Since(a.began)
	select {
	case a.took = <-pending.done:
		return a, nil
	case <-time.After(changePatience):
		return a, fmt.Errorf("an edit of %s was not applied within %s", of, changePatience)
	case <-ctx.Done():
		return a, ctx.Err()
	}
}

// changes edits tenants one after the other, one each period, until enough is true.
func (c *cluster) changes(ctx context.Context, n int, period time.Duration, enough func(made int) bool) ([]applied, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e, err := c.watchEdits(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var made []applied
	var failed error
	var pending sync.WaitGroup
	tick := time.NewTicker(period)
	defer tick.Stop()
	for begun, next := 0, 0; !enough(begun) && ctx.Err() == nil; next++ {
		// A stride that shares no factor with the number of tenants visits all of them before one twice. One whose last
		// edit is still under way is passed over: the new one would hide the old.
		if of := place(next * 7919 % n); !e.busy(of) {
			begun++
			pending.Go(func() {
				one, err := c.change(ctx, e, of, fmt.Sprintf("Edited at %d", time.Now().UnixNano()))
				mu.Lock()
				defer mu.Unlock()
				made, failed = append(made, one), cmp.Or(failed, err)
			})
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	pending.Wait()
	return made, failed
}

// p99 is the time within which 99 of 100 edits were applied.
func p99(edits []applied) time.Duration {
	if len(edits) == 0 {
		return 0
	}
	sorted := slowestFirst(edits)
	return sorted[len(sorted)/100].took
}

func median(edits []applied) time.Duration {
	if len(edits) == 0 {
		return 0
	}
	return slowestFirst(edits)[len(edits)/2].took
}

func slowestFirst(edits []applied) []applied {
	return slices.SortedFunc(slices.Values(edits), func(a, b applied) int { return cmp.Compare(b.took, a.took) })
}

// saySlowest tells of the slowest edits when they were made, counted from began: a time that many share says why.
func saySlowest(edits []applied, began time.Time) {
	sorted := slowestFirst(edits)
	for _, a := range sorted[:min(len(sorted), 10)] {
		say("    the edit at %.1f s took %d ms, %d of them to be stored", a.began.Sub(began).Seconds(), a.took.Milliseconds(), a.stored.Milliseconds())
	}
}
