package tenant

import (
	"encoding/json"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// movingScope is a tenant whose servers on SQLite have been stopped, and whose data has not been copied.
func movingScope() *scope {
	s := servingScope()
	s.tenant.UID = "uid"
	s.tenant.Spec.Database.MigrateFrom = v1alpha1.MigrationSource(v1alpha1.DatabaseEngineSQLite)
	s.tenant.Status.Database = &v1alpha1.DatabaseStatus{Engine: v1alpha1.DatabaseEngineSQLite}
	s.claim = &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Labels: labels(s.tenant), Annotations: map[string]string{tenantUIDAnnotation: "uid"},
	}}
	s.pods = nil
	s.deployment.OwnerReferences = []metav1.OwnerReference{{UID: "uid", Controller: ptr.To(true)}}
	s.deployment.Spec.Replicas, s.deployment.Status.Replicas = ptr.To(int32(0)), 0
	s.deployment.Spec.Template.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName(s.tenant)},
	}}}
	return s
}

func jobThatIs(kind batchv1.JobConditionType) *batchv1.Job {
	return &batchv1.Job{Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: kind, Status: corev1.ConditionTrue}}}}
}

func TestMigrationStep(t *testing.T) {
	t.Parallel()
	pods := servingScope().pods
	evicted := corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted"}}
	for name, test := range map[string]struct {
		given func(*scope)
		want  migration
	}{
		"all have ended":               {func(*scope) {}, migrationCopying},
		"not told to end":              {func(s *scope) { s.deployment.Spec.Replicas = ptr.To(int32(1)) }, migrationStopping},
		"told, and not heard yet":      {func(s *scope) { s.deployment.Generation++ }, migrationStopping},
		"a pod that still ends":        {func(s *scope) { s.pods = pods[:1] }, migrationStopping},
		"a pod without its Deployment": {func(s *scope) { s.deployment, s.pods = nil, pods[:1] }, migrationStopping},
		"a pod that was evicted":       {func(s *scope) { s.pods = []corev1.Pod{evicted} }, migrationCopying},
		"no Deployment":                {func(s *scope) { s.deployment = nil }, migrationCopying},
		"at it":                        {func(s *scope) { s.job = &batchv1.Job{} }, migrationCopying},
		"failed":                       {func(s *scope) { s.job = jobThatIs(batchv1.JobFailed) }, migrationFailed},
		"copied":                       {func(s *scope) { s.job = jobThatIs(batchv1.JobComplete) }, migrationNone},
		"switched":                     {func(s *scope) { s.deployment.Spec.Template.Spec.Volumes = nil }, migrationNone},
		"no volume":                    {func(s *scope) { s.claim = nil }, migrationNone},
		"a volume without its marks":   {func(s *scope) { s.claim.Labels, s.claim.Annotations = nil, nil }, migrationCopying},
		"somebody else's volume": {func(s *scope) {
			s.claim.Labels, s.deployment, s.tenant.Status.Database = nil, nil, nil
		}, migrationNone},
		// Its SQLite file is out of date: to go back to it would lose bookings.
		"has served on PostgreSQL, and lost Deployment and Job": {func(s *scope) {
			s.deployment, s.tenant.Status.Database.Engine = nil, v1alpha1.DatabaseEnginePostgres
		}, migrationNone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := movingScope()
			test.given(s)
			if got := s.migrationStep(); got != test.want {
				t.Errorf("step %d, want %d", got, test.want)
			}
		})
	}
}

// To take migrateFrom out before the data has moved is no way to an empty database: nothing that is there is changed.
func TestDataIsNotLeftBehindWhenMigrateFromGoes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*scope)
		held  bool
	}{
		"before anything was stopped": {func(s *scope) { s.pods = servingScope().pods }, true},
		"all have ended":              {func(*scope) {}, true},
		"in the middle of the copy":   {func(s *scope) { s.job = &batchv1.Job{} }, true},
		"after it has failed":         {func(s *scope) { s.job = jobThatIs(batchv1.JobFailed) }, false},
		"the Deployment is lost":      {func(s *scope) { s.deployment = nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := movingScope()
			s.tenant.Spec.Database.MigrateFrom = ""
			test.given(s)
			s.migration = s.migrationStep()
			s.holdMigration()
			if s.podTenant().Spec.Database.Engine != v1alpha1.DatabaseEngineSQLite {
				t.Error("the servers start on the new database, which is empty")
			}
			if s.databaseBlocked() != test.held || (s.bundle == nil) != test.held {
				t.Errorf("pods held: %v, configuration held: %v, want %v", s.databaseBlocked(), s.bundle == nil, test.held)
			}
			if !s.keep(jobKind.GroupKind()) {
				t.Error("the Job is removed")
			}
			v := s.verdict(s.workload())
			if v.state != stalled || v.reason != v1alpha1.ReasonMigrating || !strings.Contains(v.message, "set migrateFrom: SQLite again") {
				t.Errorf("got %+v", v)
			}
			checkConditions(t, s)
		})
	}
}

// A tenant that is held for its wave, and of whose template there is no record, moves its data nevertheless: the
// former image is kept, and the former volume is not.
func TestAHeldTemplateDoesNotBringTheFormerVolumeBack(t *testing.T) {
	t.Parallel()
	for name, recorded := range map[string]bool{"recorded before the move": true, "never recorded": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onSQLite(t, "frontdesk:old")
			if recorded {
				s.tenant.Status.Template = planned(t, s).record
				if u := planned(t, s); !u.waits || !mountsData(s, u) {
					t.Fatalf("on SQLite: waits %v, on its volume %v", u.waits, mountsData(s, u))
				}
			}
			s.tenant.Spec.Database = v1alpha1.Database{
				Engine: v1alpha1.DatabaseEnginePostgres, MigrateFrom: v1alpha1.MigrationSource(v1alpha1.DatabaseEngineSQLite),
			}
			s.migration = migrationCopying
			if u := planned(t, s); !mountsData(s, u) {
				t.Error("SQLite lost its volume before the data was copied")
			}
			s.migration = migrationNone
			u := planned(t, s)
			if got := *u.template.Spec.Containers[0].Image; !u.waits || got != "frontdesk:old" {
				t.Errorf("waits: %v, runs %s", u.waits, got)
			}
			if mountsData(s, u) {
				t.Error("the servers start on the volume that the data was moved from")
			}
		})
	}
}

// onSQLite is a tenant on SQLite whose pods run an image that is not the platform's.
func onSQLite(t *testing.T, image string) *scope {
	t.Helper()
	s := shaped(t)
	s.tenant.Spec.Database = v1alpha1.Database{Engine: v1alpha1.DatabaseEngineSQLite}
	s.deployment = servingScope().deployment
	s.deployment.OwnerReferences = []metav1.OwnerReference{{UID: s.tenant.UID, Controller: ptr.To(true)}}
	data, err := json.Marshal(podTemplate(s, image))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s.deployment.Spec.Template); err != nil {
		t.Fatal(err)
	}
	return s
}

func mountsData(s *scope, u *podUpdate) bool {
	return s.usesVolume(converted[corev1.PodTemplateSpec](u.template).Spec)
}

func TestAForeignClustersDatabaseIsNotUsed(t *testing.T) {
	t.Parallel()
	s := servingScope()
	s.tenant.Spec.Database.Engine = v1alpha1.DatabaseEngineCloudNativePG
	s.clusterSecret = &corev1.Secret{Data: map[string][]byte{clusterURLEntry: []byte("postgresql://db.example/other")}}
	s.cluster = &unstructured.Unstructured{}
	s.cluster.SetName(clusterName(s.tenant))
	s.cluster.SetUID("of-the-cluster")
	markCluster(s.cluster, s.tenant)
	if s.bundleCluster(map[string][]byte{}) {
		t.Error("the servers are given what is in a Secret that only has the name of the Cluster's")
	}
	if reason, message := s.clusterPending(); reason != v1alpha1.ReasonDatabaseConflict || databaseVerdict(s, workload{}).state != stalled {
		t.Errorf("says %s: %s", reason, message)
	}
	s.clusterSecret.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s.cluster, clusterKind)}
	if !s.bundleCluster(map[string][]byte{}) {
		t.Error("the tenant's own is not used")
	}
	s.cluster.SetLabels(map[string]string{ManagedByLabel: ManagedBy, TenantLabel: "other"})
	if s.bundleCluster(map[string][]byte{}) {
		t.Error("the servers are given the database of somebody else's Cluster")
	}
}
