package tenant

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// madeByCloudNativePG is what CloudNativePG calls the objects of a Cluster, by kind, after the Cluster's own name:
// api/v1/cluster_types.go, pkg/specs/jobs.go and pkg/specs/volumes.go.
var madeByCloudNativePG = map[string][]string{
	"ServiceAccount":        {""},
	"Role":                  {""},
	"RoleBinding":           {""},
	"Lease":                 {""},
	"PodDisruptionBudget":   {"", "-primary"},
	"Service":               {"-any", "-r", "-ro", "-rw"},
	"Secret":                {"-app", "-ca", "-pooler", "-pull-secret", "-replication", "-server", "-superuser"},
	"PersistentVolumeClaim": {"-1", "-2", "-1-wal"},
	"Pod":                   {"-1", "-2"},
	"Job":                   {"-1-initdb", "-2-join"},
}

// No object is called as another of its kind is, whatever tenants a namespace has.
func TestNamesDoNotMeet(t *testing.T) {
	t.Parallel()
	owners := map[string]string{}
	claimed := func(tenant, kind, name string) {
		if other, taken := owners[kind+" "+name]; taken {
			t.Errorf("%s %s is of tenant %s and of tenant %s", kind, name, tenant, other)
		}
		owners[kind+" "+name] = tenant
	}
	for _, name := range tenantNamesOfSuffixes() {
		tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: name}}
		for _, item := range ownable(tenant) {
			claimed(name, item.Kind, item.Name)
		}
		claimed(name, "PersistentVolumeClaim", claimName(tenant))
		cluster := clusterName(tenant)
		claimed(name, clusterKind.Kind, cluster)
		if len(cluster) > 50 || len(validation.IsDNS1035Label(cluster)) > 0 { // validateName in CloudNativePG's internal/webhook/v1/cluster_webhook.go
			t.Errorf("CloudNativePG refuses a Cluster of the name %s", cluster)
		}
		for kind, suffixes := range madeByCloudNativePG {
			for _, suffix := range suffixes {
				claimed(name, kind, cluster+suffix)
			}
		}
	}
}

// tenantNamesOfSuffixes are names that end in what names of objects end in, and the longest there may be.
func tenantNamesOfSuffixes() []string {
	names := []string{"a", "a-config", "a-api-key", "a-migrate", "a-data", "a-db", strings.Repeat("a", 40)}
	for _, suffixes := range madeByCloudNativePG {
		for _, suffix := range suffixes {
			names = append(names, "a"+suffix, "a-db"+suffix, "a"+suffix+"-db")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
