package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// perNamespace is how many tenants share a namespace, as those of one platform customer would.
const perNamespace = 50

// writers is how many requests this program has under way at most.
const writers = 16

// place names the i-th tenant.
func place(i int) client.ObjectKey {
	return client.ObjectKey{Namespace: fmt.Sprintf("scale-%02d", i/perNamespace), Name: fmt.Sprintf("tenant-%03d", i%perNamespace)}
}

// business is a tenant that asks for everything: the greatest number of objects.
const business = `
apiVersion: frontdesk.dev/v1alpha1
kind: Tenant
metadata: {name: %[2]s, namespace: %[1]s}
spec:
  displayName: Business %[2]s
  timeZone: Europe/London
  region: GB
  contact: {email: owner@example.com}
  bookingPolicyRef: {name: hours}
  resources: [{id: dr-khan, kind: Staff, name: Dr Khan}]
  services: [{id: checkup, name: Check-up, duration: 30m, requires: [{anyOf: [dr-khan]}]}]
  database: {engine: Postgres, postgres: {urlSecretRef: {name: database, key: url}}}
  server: {autoscaling: {minReplicas: 2, maxReplicas: 4}}
  exposure: {host: %[2]s.%[1]s.book.example, gateway: {name: public, namespace: gateways}}
  alerts: {slo: {availability: "99.9", latency: 300ms}}
`

// surroundings are what the tenants of a namespace share. Nobody listens at the database's address.
//
//nolint:gosec // no password of anything
const surroundings = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: %[1]s}
stringData: {url: "postgres://frontdesk:secret@postgres.databases.svc:5432/frontdesk"}
---
apiVersion: frontdesk.dev/v1alpha1
kind: BookingPolicy
metadata: {name: hours, namespace: %[1]s}
spec:
  hours: [{days: [Mon, Tue, Wed, Thu, Fri], spans: [{from: "09:00", to: "17:00"}]}]
`

// prepare makes the namespaces of n tenants.
func (c *cluster) prepare(ctx context.Context, n int) error {
	for i := 0; i < n; i += perNamespace {
		if err := c.applyYAML(ctx, fmt.Appendf(nil, surroundings, place(i).Namespace)); err != nil {
			return err
		}
	}
	return nil
}

// onboard makes n tenants.
func (c *cluster) onboard(ctx context.Context, n int) error {
	return each(ctx, n, func(ctx context.Context, i int) error {
		return c.applyYAML(ctx, fmt.Appendf(nil, business, place(i).Namespace, place(i).Name))
	})
}

// each calls do for 0 to n-1, several at once, and stops at the first error.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	indices := make(chan int)
	var workers sync.WaitGroup
	for range writers {
		workers.Go(func() {
			for i := range indices {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case indices <- i:
		case <-ctx.Done():
		}
	}
	close(indices)
	workers.Wait()
	return context.Cause(ctx)
}

// awaitTenants watches until every tenant is as wanted and says when the last one became so. It asks nothing
// again and again: polling a thousand objects would be the load that is measured.
func (c *cluster) awaitTenants(ctx context.Context, n int, patience time.Duration, wanted func(*v1alpha1.Tenant) bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var list v1alpha1.TenantList
	if err := c.client.List(ctx, &list); err != nil {
		return time.Time{}, err
	}
	fine := map[client.ObjectKey]bool{}
	example := "none was seen"
	note := func(t *v1alpha1.Tenant) {
		if wanted(t) {
			fine[client.ObjectKeyFromObject(t)] = true
			return
		}
		delete(fine, client.ObjectKeyFromObject(t))
		example = t.Namespace + "/" + t.Name + ": " + trouble(t)
	}
	for i := range list.Items {
		note(&list.Items[i])
	}
	changes, err := c.client.Watch(ctx, &v1alpha1.TenantList{}, &client.ListOptions{Raw: from(list.ResourceVersion)})
	if err != nil {
		return time.Time{}, fmt.Errorf("watch tenants: %w", err)
	}
	defer changes.Stop()
	for len(fine) < n {
		select {
		case event, open := <-changes.ResultChan():
			if !open {
				return time.Time{}, errors.New("the watch of the tenants ended")
			}
			if t, isTenant := event.Object.(*v1alpha1.Tenant); isTenant {
				note(t)
			}
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("%d of %d tenants are as wanted after %s; one of the others, %s: %w", len(fine), n, patience, example, ctx.Err())
		}
	}
	return time.Now(), nil
}

func ready(t *v1alpha1.Tenant) bool {
	for _, condition := range t.Status.Conditions {
		if condition.Type == string(v1alpha1.ConditionReady) {
			return condition.Status == "True" && t.Status.ObservedGeneration == t.Generation
		}
	}
	return false
}

// trouble is what a tenant says of itself.
func trouble(t *v1alpha1.Tenant) string {
	for _, condition := range t.Status.Conditions {
		if condition.Type == string(v1alpha1.ConditionReady) {
			return fmt.Sprintf("Ready is %s, %s: %s", condition.Status, condition.Reason, condition.Message)
		}
	}
	return "it has no status"
}
