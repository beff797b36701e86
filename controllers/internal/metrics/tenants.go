package metrics

import (
	"sync"
	"time"
	"unique"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var (
	tenantCondition = prometheus.NewDesc("frontdesk_tenant_condition",
		"Conditions of Tenants: 1 for the status that holds.", []string{"namespace", "tenant", "condition", "status"}, nil)
	tenantCertificate = prometheus.NewDesc("frontdesk_tenant_certificate_expiry_timestamp_seconds",
		"When the certificate ends that a Tenant names for its Ingress.", []string{"namespace", "tenant"}, nil)
)

// tenants has the series of all Tenants.
var tenants tenantSeries

// tenantSeries is a prometheus.Collector of what there is for each Tenant. Gauges would hold ten times the memory, all the
// time: there are a dozen conditions for each.
type tenantSeries struct {
	mu         sync.Mutex
	conditions map[types.NamespacedName][]condition
	// certificates end at these times.
	certificates map[types.NamespacedName]time.Time
}

// condition is a type and a status, of which there are few different ones.
type condition struct{ kind, status unique.Handle[string] }

// Describe implements prometheus.Collector.
func (s *tenantSeries) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- tenantCondition
	descriptions <- tenantCertificate
}

// Collect implements prometheus.Collector.
func (s *tenantSeries) Collect(series chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for tenant, ends := range s.certificates {
		series <- prometheus.MustNewConstMetric(tenantCertificate, prometheus.GaugeValue, float64(ends.Unix()), tenant.Namespace, tenant.Name)
	}
	for tenant, all := range s.conditions {
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
	if tenants.conditions == nil {
		tenants.conditions = map[types.NamespacedName][]condition{}
	}
	tenants.conditions[types.NamespacedName{Namespace: namespace, Name: tenant}] = all
}

// TenantCertificate shows when the certificate of a Tenant ends; the zero time means that it has none.
func TenantCertificate(namespace, tenant string, ends time.Time) {
	tenants.mu.Lock()
	defer tenants.mu.Unlock()
	key := types.NamespacedName{Namespace: namespace, Name: tenant}
	if ends.IsZero() {
		delete(tenants.certificates, key)
		return
	}
	if tenants.certificates == nil {
		tenants.certificates = map[types.NamespacedName]time.Time{}
	}
	tenants.certificates[key] = ends
}

// ForgetTenant removes the series of a Tenant.
func ForgetTenant(namespace, tenant string) {
	tenants.mu.Lock()
	defer tenants.mu.Unlock()
	key := types.NamespacedName{Namespace: namespace, Name: tenant}
	delete(tenants.conditions, key)
	delete(tenants.certificates, key)
}
