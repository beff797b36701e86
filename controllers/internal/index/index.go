// Package index names the look-ups from an object to those that refer to it, so that a change of the
// one wakes the others without a scan.
package index

import (
	"context"
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// The indexes.
const (
	TenantsByPolicy   = "frontdesk.dev/bookingPolicies"
	TenantsBySecret   = "frontdesk.dev/namedSecrets" //nolint:gosec // the name of an index
	TenantsByHost     = "frontdesk.dev/host"
	CampaignsByTenant = "frontdesk.dev/tenant"
	ClaimsByHolder    = "frontdesk.dev/holder"
)

// Register adds all indexes to a cache, before it starts. secretNames lists the Secrets that a Tenant
// refers to.
func Register(ctx context.Context, indexer client.FieldIndexer, secretNames func(*v1alpha1.Tenant) []string) error {
	for _, each := range []struct {
		object client.Object
		name   string
		values client.IndexerFunc
	}{
		{&v1alpha1.Tenant{}, TenantsByPolicy, values((*v1alpha1.Tenant).BookingPolicyNames)},
		{&v1alpha1.Tenant{}, TenantsBySecret, values(secretNames)},
		{&v1alpha1.Tenant{}, TenantsByHost, values(host)},
		{&coordinationv1.Lease{}, ClaimsByHolder, values(func(l *coordinationv1.Lease) []string { return []string{ptr.Deref(l.Spec.HolderIdentity, "")} })},
		{&v1alpha1.Campaign{}, CampaignsByTenant, values(func(c *v1alpha1.Campaign) []string { return []string{string(c.Spec.TenantRef.Name)} })},
	} {
		if err := indexer.IndexField(ctx, each.object, each.name, each.values); err != nil {
			return fmt.Errorf("register index %s: %w", each.name, err)
		}
	}
	return nil
}

func host(t *v1alpha1.Tenant) []string {
	if t.Spec.Exposure == nil {
		return nil
	}
	return []string{string(t.Spec.Exposure.Host)}
}

// values makes an indexer for objects of one type.
func values[T client.Object](of func(T) []string) client.IndexerFunc {
	return func(object client.Object) []string {
		if typed, ok := object.(T); ok {
			return of(typed)
		}
		return nil
	}
}
