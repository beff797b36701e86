package tenant

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
)

// migration is where a tenant stands whose data moves from SQLite to another engine. It is read off what there is, not off
// what the spec says of it, so that an operator that is killed at any point finds its way, and data that nobody asks to be
// moved any more is not left behind:
//
//	what there is                                          the step
//	no volume of the tenant's, or a Deployment without it  migrationNone: nothing to move, or moved
//	servers that have said they are on PostgreSQL          migrationNone: moved, whatever became of Deployment and Job
//	pods that use the volume, and no new database yet      migrationPreparing: they serve on
//	pods that use the volume, and no Job                   migrationStopping: they end, nothing else changes
//	no such pods, and no finished Job                      migrationCopying: the Job copies
//	a Job that has failed                                  migrationFailed: the old database serves on
//	a Job that is complete                                 migrationNone: the Deployment is made anew, without the volume
type migration int

const (
	migrationNone migration = iota
	migrationPreparing
	migrationStopping
	migrationCopying
	migrationFailed
)

func (r *Reconciler) loadMigration(ctx context.Context, s *scope) error {
	if db := s.tenant.Spec.Database; db.Engine.IsSingleWriter() || (db.MigrateFrom == "" && !s.onVolume()) {
		return nil
	}
	if s.claim == nil && !s.hasSwitched() {
		if err := r.loadUnmarkedClaim(ctx, s); err != nil {
			return err
		}
	}
	job := &batchv1.Job{}
	switch err := r.Client.Get(ctx, s.key(migrationJobName(s.tenant)), job); {
	case err == nil && metav1.IsControlledBy(job, s.tenant):
		s.job = job
	case err != nil && !apierrors.IsNotFound(err):
		return fmt.Errorf("read Job: %w", err)
	}
	s.migration = s.migrationStep()
	return nil
}

// loadUnmarkedClaim looks past the cache, which shows only what carries our label. A claim can lose that, and is the
// tenant's data all the same.
func (r *Reconciler) loadUnmarkedClaim(ctx context.Context, s *scope) error {
	claim := &corev1.PersistentVolumeClaim{}
	switch err := r.Apply.Live.Get(ctx, s.key(claimName(s.tenant)), claim); {
	case err == nil:
		s.claim = claim
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("read PersistentVolumeClaim: %w", err)
	}
	return nil
}

func (s *scope) migrationStep() migration {
	switch {
	case s.claim == nil || s.hasSwitched() || (!mayUse(s.tenant, s.claim) && !s.onVolume()):
		return migrationNone
	case jobIs(s.job, batchv1.JobComplete):
		return migrationNone
	case jobIs(s.job, batchv1.JobFailed):
		return migrationFailed
	case s.job != nil:
		return migrationCopying
	case s.workload().running > 0 || (s.deployment != nil && !hasStopped(s.deployment)):
		return migrationStopping
	default:
		return migrationCopying
	}
}

// onVolume says that the servers are on the tenant's volume, or were when they were last heard of.
func (s *scope) onVolume() bool {
	last := s.tenant.Status.Database
	return s.mountsVolume() || (last != nil && last.Engine == v1alpha1.DatabaseEngineSQLite)
}

// mountsVolume says that the tenant's Deployment has not been made anew for the new database.
func (s *scope) mountsVolume() bool {
	return s.deployment != nil && metav1.IsControlledBy(s.deployment, s.tenant) && s.usesVolume(s.deployment.Spec.Template.Spec)
}

// hasSwitched says that the Deployment has.
func (s *scope) hasSwitched() bool {
	return (s.deployment != nil && !s.usesVolume(s.deployment.Spec.Template.Spec)) || s.servedByPostgres()
}

// servedByPostgres says that bookings have been taken on the new database. From then on the old one is out of date for good.
func (s *scope) servedByPostgres() bool {
	last := s.tenant.Status.Database
	return last != nil && last.Engine == v1alpha1.DatabaseEnginePostgres // which is what CloudNativePG is to a server
}

// hasStopped says that a Deployment runs nothing, and that its controller knows that it should not.
func hasStopped(d *appsv1.Deployment) bool {
	return ptr.Deref(d.Spec.Replicas, 1) == 0 && d.Status.Replicas == 0 && d.Status.ObservedGeneration >= d.Generation
}

func (s *scope) usesVolume(pod corev1.PodSpec) bool {
	return slices.ContainsFunc(pod.Volumes, s.holdsData)
}

// holdsData says that a volume of a pod is that of the tenant's embedded database.
func (s *scope) holdsData(volume corev1.Volume) bool {
	return volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ClaimName == claimName(s.tenant)
}

func jobIs(job *batchv1.Job, kind batchv1.JobConditionType) bool {
	if job == nil {
		return false
	}
	for _, condition := range job.Status.Conditions {
		if condition.Type == kind && condition.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// source is the tenant as it was before: on SQLite, and stopped while its data is being copied.
func (s *scope) source() *v1alpha1.Tenant {
	before := s.tenant.DeepCopy()
	before.Spec.Database = v1alpha1.Database{Engine: v1alpha1.DatabaseEngineSQLite} // the one MigrationSource
	if s.migration == migrationStopping || s.migration == migrationCopying {
		before.Spec.RunState = v1alpha1.RunStateSuspended
	}
	return before
}

// podTenant is the tenant as its pods are to be: until its data has moved, on SQLite.
func (s *scope) podTenant() *v1alpha1.Tenant {
	if s.migration == migrationNone {
		return s.tenant
	}
	return s.source()
}

// ofPods is the scope of podTenant.
func (s *scope) ofPods() *scope {
	return &scope{tenant: s.podTenant(), platform: s.platform}
}

// configured is the tenant that the document is rendered for: after a copy that has failed the old database serves on.
func (s *scope) configured() *v1alpha1.Tenant {
	if s.migration == migrationFailed {
		return s.source()
	}
	return s.tenant
}

// withdrawn says that migrateFrom was taken out of the spec before the data had moved. To start on the new database then
// would be to start empty, and the bookings that it takes would keep the data from ever being copied.
func (s *scope) withdrawn() bool {
	return s.migration != migrationNone && s.tenant.Spec.Database.MigrateFrom == ""
}

// migrationHeld says that configuration and pods stay as they are until somebody says where the data is to come from.
// After a copy that has failed SQLite serves on in any case.
func (s *scope) migrationHeld() bool { return s.withdrawn() && s.migration != migrationFailed }

// holdMigration keeps what serves on SQLite as it is: whatever the new database lacks must be there before they are
// stopped, and until they are, they must not see its configuration.
func (s *scope) holdMigration() {
	if s.migrationHeld() {
		s.bundle = nil
	}
	if s.migration != migrationStopping {
		return
	}
	if s.bundle == nil {
		s.migration = migrationPreparing
	}
	s.bundle = nil
}

// migrationCondition says which step is under way. There must be one.
func (s *scope) migrationCondition() conditions.Condition {
	if s.withdrawn() {
		return conditions.False(v1alpha1.ConditionDatabaseReady, v1alpha1.ReasonMigrating, s.withdrawalAdvice())
	}
	message := map[migration]string{
		migrationPreparing: "the data will be moved as soon as the new database is there; until then SQLite serves on",
		migrationStopping:  "moving the data: waiting until the servers on SQLite have ended",
		migrationCopying:   fmt.Sprintf("moving the data: Job %q copies and compares it", migrationJobName(s.tenant)),
		migrationFailed: fmt.Sprintf(
			"the data could not be copied, and SQLite serves on: kubectl logs -n %[1]s job/%[2]s says why; then delete the Job to try again: kubectl delete job -n %[1]s %[2]s",
			s.tenant.Namespace, migrationJobName(s.tenant)),
	}[s.migration]
	return conditions.False(v1alpha1.ConditionDatabaseReady, v1alpha1.ReasonMigrating, message)
}

func (s *scope) withdrawalAdvice() string {
	const advice = "the data has not moved from SQLite, and spec.database.migrateFrom was taken out: set migrateFrom: SQLite again, and take it out when the tenant is Ready; "
	if s.migration == migrationFailed {
		return advice + "until then SQLite serves on"
	}
	return advice + "until then configuration and pods stay as they are"
}

func migrationVerdict(s *scope, _ workload) *verdict {
	if s.migration == migrationNone {
		return nil
	}
	message := s.migrationCondition().Message
	if s.migration == migrationFailed || s.withdrawn() {
		return &verdict{stalled, v1alpha1.ReasonMigrating, message}
	}
	return &verdict{inProgress, v1alpha1.ReasonMigrating, message}
}
