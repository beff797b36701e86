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
	// changeEvery spaces edits, so that each is alone with what else goes on.
	changeEvery = 100 * time.Millisecond
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
	changes, err := c.client.Watch(ctx, &corev1.SecretList{}, client.MatchingLabels{tenant.ManagedByLabel: tenant.ManagedBy})
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

// change edits one tenant and returns how long it took until the operator had applied it.
func (c *cluster) change(ctx context.Context, e *edits, of client.ObjectKey, name string) (time.Duration, error) {
	pending := &edit{name: name, began: time.Now(), done: make(chan time.Duration, 1)}
	e.mu.Lock()
	e.waiting[secretOf(of)] = pending
	e.mu.Unlock()
	target := &v1alpha1.Tenant{}
	target.Namespace, target.Name = of.Namespace, of.Name
	if err := c.client.Patch(ctx, target, client.RawPatch(mergePatch, fmt.Appendf(nil, `{"spec":{"displayName":%q}}`, name))); err != nil {
		return 0, err
	}
	select {
	case took := <-pending.done:
		return took, nil
	case <-time.After(changePatience):
		return 0, fmt.Errorf("an edit of %s was not applied within %s", of, changePatience)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// changes edits tenants one after the other, one every changeEvery, until enough is true, and returns how long each
// took.
func (c *cluster) changes(ctx context.Context, n int, enough func(made int) bool) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e, err := c.watchEdits(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var pending sync.WaitGroup
	tick := time.NewTicker(changeEvery)
	defer tick.Stop()
	for made, next := 0, 0; !enough(made) && ctx.Err() == nil; next++ {
		// A stride that shares no factor with the number of tenants visits all of them before one twice. One whose last
		// edit is still under way is passed over: the new one would hide the old.
		if of := place(next * 7919 % n); !e.busy(of) {
			made++
			pending.Go(func() {
				one, err := c.change(ctx, e, of, fmt.Sprintf("Edited at %d", time.Now().UnixNano()))
				mu.Lock()
				defer mu.Unlock()
				took, failed = append(took, one), cmp.Or(failed, err)
			})
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	pending.Wait()
	return took, failed
}

// p99 is the time within which 99 of 100 were.
func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[(len(sorted)*99+99)/100-1]
}
