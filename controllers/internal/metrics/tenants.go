package metrics

import (
	"sync"
	"unique"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var tenantCondition = prometheus.NewDesc("frontdesk_tenant_condition",
	"Conditions of Tenants: 1 for the status that holds.", []string{"namespace", "tenant", "condition", "status"}, nil)

// tenants has the conditions of all Tenants.
var tenants conditions

// conditions is a prometheus.Collector of conditions. A gauge for each would hold ten times the memory, all the time:
// there are a dozen for each Tenant.
type conditions struct {
	mu sync.Mutex
	of map[types.NamespacedName][]condition
}

// condition is a type and a status, of which there are few different ones.
type condition struct{ kind, status unique.Handle[string] }

// Describe implements prometheus.Collector.
func (c *conditions) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- tenantCondition }

// Collect implements prometheus.Collector.
func (c *conditions) Collect(series chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for tenant, all := range c.of {
		for _, one := range all {
			series <- prometheus.MustNewConstMetric(tenantCondition, prometheus.GaugeValue, 1,
				tenant.Namespace, tenant.Name, one.kind.Value(), one.status.Value())
		}
	}
}

// TenantConditions shows the conditions of one Tenant, and nothing of what they were before.
func TenantConditions(namespace, tenant string, now []metav1.Condition) {
	all := make([]condition, len(now))
	for i, c := range now {
		all[i] = condition{unique.Make(c.Type), unique.Make(string(c.Status))}
	}
	tenants.mu.Lock()
	defer tenants.mu.Unlock()
	if tenants.of == nil {
		tenants.of = map[types.NamespacedName][]condition{}
	}
	tenants.of[types.NamespacedName{Namespace: namespace, Name: tenant}] = all
}

// ForgetTenant removes the series of a Tenant.
func ForgetTenant(namespace, tenant string) {
	tenants.mu.Lock()
	defer tenants.mu.Unlock()
	delete(tenants.of, types.NamespacedName{Namespace: namespace, Name: tenant})
}
