package tenant

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// rolling is the status of a tenant whose pods are being rolled.
func rolling() *v1alpha1.TenantStatus {
	return &v1alpha1.TenantStatus{
		ObservedGeneration: 3,
		Revision:           &v1alpha1.RevisionStatus{Desired: "b", Served: "a"},
		Inventory:          []v1alpha1.InventoryItem{{Kind: "Deployment", Name: "frontdesk-shop", UID: "1", Digest: "x"}},
		Conditions: []metav1.Condition{
			{Type: string(v1alpha1.ConditionReady), Status: metav1.ConditionFalse, Reason: "RollingOut", Message: "0 of 2", ObservedGeneration: 3},
			{Type: string(v1alpha1.ConditionReconciling), Status: metav1.ConditionTrue, Reason: "RollingOut", Message: "0 of 2", ObservedGeneration: 3},
			{Type: string(v1alpha1.ConditionWorkloadAvailable), Status: metav1.ConditionFalse, ObservedGeneration: 3},
			{Type: string(v1alpha1.ConditionDatabaseReady), Status: metav1.ConditionTrue, ObservedGeneration: 3},
		},
	}
}

func TestOnlyMereProgressIsWithheld(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		change   func(*v1alpha1.TenantStatus)
		withheld bool
	}{
		{"another message", func(s *v1alpha1.TenantStatus) { s.Conditions[0].Message = "1 of 2" }, true},
		{"another reason", func(s *v1alpha1.TenantStatus) { s.Conditions[0].Reason = "RevisionPending" }, true},
		{"a pod more that is ready", func(s *v1alpha1.TenantStatus) { s.ReadyReplicas = new(int32(1)) }, true},
		{"the first pod that is ready", func(s *v1alpha1.TenantStatus) { s.Conditions[2].Status = metav1.ConditionTrue }, true},
		{"a database that is away", func(s *v1alpha1.TenantStatus) { s.Conditions[3].Status = metav1.ConditionFalse }, false},
		{"a repaired object", func(s *v1alpha1.TenantStatus) { s.Inventory[0].Digest = "y" }, true},
		{"nothing", func(*v1alpha1.TenantStatus) {}, false},
		{"another object", func(s *v1alpha1.TenantStatus) { s.Inventory[0].UID = "2" }, false},
		{"another revision that is wanted", func(s *v1alpha1.TenantStatus) { s.Revision.Desired = "c" }, false},
		{"another template", func(s *v1alpha1.TenantStatus) { s.Template = &v1alpha1.TemplateStatus{Platform: "{}"} }, false},
		{"an edit that was seen", func(s *v1alpha1.TenantStatus) { s.ObservedGeneration = 4 }, false},
		{"the end", func(s *v1alpha1.TenantStatus) {
			s.Conditions = s.Conditions[:1]
			s.Conditions[0].Status = metav1.ConditionTrue
		}, false},
		{"a condition that does not hold any more", func(s *v1alpha1.TenantStatus) {
			s.Conditions[1] = metav1.Condition{Type: string(v1alpha1.ConditionStalled), Status: metav1.ConditionTrue}
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			after := rolling()
			test.change(after)
			var p pace
			if got := p.wait(types.NamespacedName{Name: "shop"}, rolling(), after, "", time.Now()); (got > 0) != test.withheld {
				t.Errorf("it is to wait %s", got)
			}
		})
	}
}

func TestEditThatOnlyHasToBeTakenUpIsWithheld(t *testing.T) {
	t.Parallel()
	was := &v1alpha1.TenantStatus{
		ObservedGeneration: 3, Revision: &v1alpha1.RevisionStatus{Desired: "a", Served: "a", DocumentVersion: "1.0"},
		Conditions: []metav1.Condition{
			{Type: string(v1alpha1.ConditionReady), Status: metav1.ConditionTrue, Reason: "Ready", ObservedGeneration: 3},
			{Type: string(v1alpha1.ConditionDatabaseReady), Status: metav1.ConditionTrue, ObservedGeneration: 3},
		},
	}
	for _, test := range []struct {
		name     string
		change   func(*v1alpha1.TenantStatus)
		withheld bool
	}{
		{"a revision that is being taken up", func(*v1alpha1.TenantStatus) {}, true},
		{"pods that are rolled by an edit", func(s *v1alpha1.TenantStatus) { s.Conditions[0].Reason = "RollingOut" }, false},
		{"a Deployment that is put right", func(s *v1alpha1.TenantStatus) {
			s.ObservedGeneration, s.Conditions[0].Reason = 3, "RollingOut"
		}, true},
		{"pods of another template", func(s *v1alpha1.TenantStatus) {
			s.ObservedGeneration, s.Conditions[0].Reason, s.Template = 3, "RollingOut", &v1alpha1.TemplateStatus{Platform: "{}"}
		}, false},
		{"a database that is away", func(s *v1alpha1.TenantStatus) { s.Conditions[1].Status = metav1.ConditionFalse }, false},
		{"a condition more", func(s *v1alpha1.TenantStatus) {
			s.Conditions = append(s.Conditions, metav1.Condition{Type: string(v1alpha1.ConditionDegraded), Status: metav1.ConditionTrue})
		}, false},
		{"another template", func(s *v1alpha1.TenantStatus) { s.Template = &v1alpha1.TemplateStatus{Platform: "{}"} }, false},
		{"another generation of nothing", func(s *v1alpha1.TenantStatus) { s.ObservedGeneration = 3 }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			after := was.DeepCopy()
			after.ObservedGeneration, after.Revision.Desired = 4, "b"
			after.Conditions[0].Status, after.Conditions[0].Reason = metav1.ConditionFalse, string(v1alpha1.ReasonRevisionPending)
			after.Conditions = append(after.Conditions, metav1.Condition{Type: string(v1alpha1.ConditionReconciling), Status: metav1.ConditionTrue})
			test.change(after)
			var p pace
			if got := p.wait(types.NamespacedName{Name: "shop"}, was, after, "", time.Now()); (got > 0) != test.withheld {
				t.Errorf("it is to wait %s", got)
			}
		})
	}
}

func TestFirstStatusIsWithheldWhileAllIsWell(t *testing.T) {
	t.Parallel()
	add := func(kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason v1alpha1.ConditionReason) func(*v1alpha1.TenantStatus) {
		return func(s *v1alpha1.TenantStatus) {
			s.Conditions = append(s.Conditions, metav1.Condition{Type: string(kind), Status: status, Reason: string(reason)})
		}
	}
	for _, test := range []struct {
		name     string
		change   func(*v1alpha1.TenantStatus)
		trouble  string
		withheld bool
	}{
		{"pods on their way", func(*v1alpha1.TenantStatus) {}, "", true},
		{"pods that are not ready yet", add(v1alpha1.ConditionDegraded, metav1.ConditionTrue, v1alpha1.ReasonPodsUnavailable), "", true},
		{"a pod that cannot start", func(*v1alpha1.TenantStatus) {}, "ImagePullBackOff", false},
		{"one that is not exposed", add(v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonNotConfigured), "", true},
		{"a host that is another's", add(v1alpha1.ConditionRouteAccepted, metav1.ConditionFalse, v1alpha1.ReasonHostNotAllowed), "", false},
		{"a fight", add(v1alpha1.ConditionDegraded, metav1.ConditionTrue, v1alpha1.ReasonFightingAnotherController), "", false},
		{"a Secret that is missing", func(s *v1alpha1.TenantStatus) { s.Conditions[0].Reason = string(v1alpha1.ReasonSecretsMissing) }, "", false},
		{"nothing that moves", func(s *v1alpha1.TenantStatus) { s.Conditions[1].Type = string(v1alpha1.ConditionStalled) }, "", false},
		{"the end", func(s *v1alpha1.TenantStatus) {
			s.Conditions[0].Reason, s.Conditions[1].Status = "Ready", metav1.ConditionFalse
		}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			after := rolling()
			test.change(after)
			var p pace
			if got := p.wait(types.NamespacedName{Name: "shop"}, &v1alpha1.TenantStatus{}, after, test.trouble, time.Now()); (got > 0) != test.withheld {
				t.Errorf("it is to wait %s", got)
			}
		})
	}
}

func TestKeptStatusIsOfOneTenantUntilItIsWritten(t *testing.T) {
	t.Parallel()
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "corner", Name: "shop", UID: "1"}}
	namesake := tenant.DeepCopy()
	namesake.UID = "2"
	written := tenant.DeepCopy()
	written.Status.ObservedGeneration = 1
	var p pace
	p.keep(tenant, rolling())
	for _, test := range []struct {
		name   string
		tenant *v1alpha1.Tenant
		want   int
	}{
		{"the tenant", tenant, len(rolling().Inventory)},
		{"another one of that name", namesake, 0},
		{"one that has a status of its own", written, 0},
	} {
		if got := len(p.recall(test.tenant).Inventory); got != test.want {
			t.Errorf("%s: %d objects are remembered, want %d", test.name, got, test.want)
		}
	}
	p.written(types.NamespacedName{Namespace: "corner", Name: "shop"})
	if got := p.recall(tenant).Inventory; got != nil {
		t.Errorf("what was written is still kept: %v", got)
	}
}

func TestProgressIsWrittenInTheEnd(t *testing.T) {
	t.Parallel()
	var p pace
	now := time.Now()
	shop, after := types.NamespacedName{Name: "shop"}, rolling()
	after.Conditions[0].Message = "1 of 2"
	for _, step := range []struct {
		name  string
		later time.Duration
		want  time.Duration
	}{
		{"at first", 0, progressInterval},
		{"halfway", progressInterval / 2, progressInterval / 2},
		{"when it has waited", progressInterval, 0},
		{"what comes next waits again", progressInterval, progressInterval},
	} {
		if got := p.wait(shop, rolling(), after, "", now.Add(step.later)); got != step.want {
			t.Errorf("%s: it is to wait %s, want %s", step.name, got, step.want)
		}
	}
}

func TestEachStepOfANewTenantHasItsTime(t *testing.T) {
	t.Parallel()
	var p pace
	now := time.Now()
	for _, step := range []struct {
		reason v1alpha1.ConditionReason
		later  time.Duration
		want   time.Duration
	}{
		{v1alpha1.ReasonRollingOut, 0, progressInterval},
		{v1alpha1.ReasonRevisionPending, progressInterval * 50, progressInterval}, // there were a thousand others to look at
		{v1alpha1.ReasonRevisionPending, progressInterval * 101 / 2, progressInterval / 2},
		{v1alpha1.ReasonRevisionPending, progressInterval * 51, 0},
	} {
		if got := p.wait(types.NamespacedName{Name: "shop"}, &v1alpha1.TenantStatus{}, at(step.reason), "", now.Add(step.later)); got != step.want {
			t.Errorf("%s after %s: it is to wait %s, want %s", step.reason, step.later, got, step.want)
		}
	}
}

// A tenant that goes to and fro gets a status, too.
func TestStepsAreCounted(t *testing.T) {
	t.Parallel()
	var p pace
	begin := time.Now()
	steps := []v1alpha1.ConditionReason{v1alpha1.ReasonRollingOut, v1alpha1.ReasonPodsUnavailable}
	for i := range 100 {
		later := time.Duration(i) * progressInterval / 2
		if p.wait(types.NamespacedName{Name: "shop"}, &v1alpha1.TenantStatus{}, at(steps[i%2]), "", begin.Add(later)) == 0 {
			return
		}
	}
	t.Error("the first status is never written")
}

// at is the status of a new tenant that is at a step.
func at(reason v1alpha1.ConditionReason) *v1alpha1.TenantStatus {
	s := rolling()
	s.Conditions[0].Reason = string(reason)
	return s
}
