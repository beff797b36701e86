// Package index names the look-ups from an object to those that refer to it, so that a change of the
// one wakes the others without a scan.
package index

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// The indexes.
const (
	TenantsByPolicy   = "frontdesk.dev/bookingPolicies"
	TenantsBySecret   = "frontdesk.dev/secrets"
	CampaignsByTenant = "frontdesk.dev/tenant"
)

// Register adds all indexes to a cache, before it starts. secretNames lists the Secrets that a Tenant
// refers to.
func Register(ctx context.Context, indexer client.FieldIndexer, secretNames func(*v1alpha1.Tenant) []string) error {
	for _, each := range []struct {
		object client.Object
		name   string
		values client.IndexerFunc
	}{
		{&v1alpha1.Tenant{}, TenantsByPolicy, func(o client.Object) []string { return o.(*v1alpha1.Tenant).BookingPolicyNames() }},
		{&v1alpha1.Tenant{}, TenantsBySecret, func(o client.Object) []string { return secretNames(o.(*v1alpha1.Tenant)) }},
		{&v1alpha1.Campaign{}, CampaignsByTenant, func(o client.Object) []string {
			return []string{string(o.(*v1alpha1.Campaign).Spec.TenantRef.Name)}
		}},
	} {
		if err := indexer.IndexField(ctx, each.object, each.name, each.values); err != nil {
			return fmt.Errorf("register index %s: %w", each.name, err)
		}
	}
	return nil
}
