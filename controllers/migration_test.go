package controllers_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

const movingShop = `
  database: {engine: Postgres, postgres: {server: shared}, migrateFrom: SQLite}
`

// migrationJob waits for the Job and returns it. No cluster runs it here: the tests say how it ends.
func (w *world) migrationJob() *batchv1.Job {
	w.t.Helper()
	job := &batchv1.Job{}
	w.eventually("the Job", func() string {
		err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop-migrate"}, job)
		if err != nil {
			return err.Error()
		}
		return ""
	})
	return job
}

func (w *world) endJob(job *batchv1.Job, kinds ...batchv1.JobConditionType) {
	w.t.Helper()
	now := metav1.Now()
	job.Status.StartTime = &now
	for _, kind := range kinds {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now, Reason: "Test", Message: "said by the test",
		})
		if kind == batchv1.JobComplete {
			job.Status.CompletionTime, job.Status.Succeeded = &now, 1
		}
	}
	if err := w.cluster.Client.Status().Update(w.t.Context(), job); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) engine() tenantconfig.Engine {
	w.t.Helper()
	document, err := w.config("shop").Document()
	if err != nil {
		w.t.Fatal(err)
	}
	return document.Database.Engine
}

func mountsVolume(pod corev1.PodSpec) bool {
	return slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == "frontdesk-shop-data"
	})
}

func TestDataMovesFromSQLiteToPostgres(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	w.apply(simpleTenant(movingShop))

	condition := w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonMigrating)
	if condition.Message == "" {
		t.Error("the step is not told")
	}
	job := w.migrationJob()
	if pods := w.podNames(); len(pods) != 0 {
		t.Errorf("pods %v write while the data is copied", pods)
	}
	if w.engine() != tenantconfig.EnginePostgres || !mountsVolume(job.Spec.Template.Spec) {
		t.Error("the Job does not see both databases")
	}
	w.stop() // in the middle of the copy
	w.startOperator()
	w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonMigrating)
	w.endJob(job, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	w.waitReady("shop")

	deployment := &appsv1.Deployment{}
	w.get(deployment, "frontdesk-shop")
	if mountsVolume(deployment.Spec.Template.Spec) || *deployment.Spec.Replicas != 2 {
		t.Errorf("the servers are still as they were on SQLite, with %d replicas", *deployment.Spec.Replicas)
	}
	w.get(&corev1.PersistentVolumeClaim{}, "frontdesk-shop-data") // the old data stays

	// Neither the Job's end nor that of migrateFrom touches what serves.
	generation := deployment.Generation
	if err := w.cluster.Client.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	w.requestReconcile("shop")
	w.waitReady("shop")
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Database.MigrateFrom = "" })
	w.waitReady("shop")
	w.get(deployment, "frontdesk-shop")
	if deployment.Generation != generation {
		t.Error("the Deployment was changed after the move")
	}
	err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(job), job)
	if !apierrors.IsNotFound(err) {
		t.Errorf("there is another Job: %v", err)
	}
}

func TestCopyThatFailsBringsTheOldDatabaseBack(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	w.apply(simpleTenant(movingShop))
	job := w.migrationJob()
	w.endJob(job, batchv1.JobFailureTarget, batchv1.JobFailed)

	condition := w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonMigrating)
	if !strings.Contains(condition.Message, "kubectl delete job") {
		t.Errorf("it is not said what to do: %s", condition.Message)
	}
	w.waitFor("shop", v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	deployment := &appsv1.Deployment{}
	w.get(deployment, "frontdesk-shop")
	if w.engine() != tenantconfig.EngineSQLite || !mountsVolume(deployment.Spec.Template.Spec) || ptr.Deref(deployment.Spec.Replicas, 0) != 1 {
		t.Error("SQLite does not serve")
	}

	if err := w.cluster.Client.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	w.eventually("another attempt", func() string {
		if again := w.migrationJob(); again.UID != job.UID {
			return ""
		}
		return "there is only the first Job"
	})
	again := w.migrationJob()
	w.endJob(again, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	w.waitReady("shop")

	// Who takes migrateFrom away needs the Job no longer.
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Database.MigrateFrom = "" })
	w.expectGone(again)
}

func TestDataIsNotLeftBehindWhenMigrateFromGoes(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	w.apply(simpleTenant(movingShop))
	job := w.migrationJob()
	setMigrateFrom := func(from v1alpha1.MigrationSource) {
		t.Helper()
		edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Database.MigrateFrom = from })
	}
	held := func(replicas int32) {
		t.Helper()
		condition := w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonMigrating)
		deployment := &appsv1.Deployment{}
		w.get(deployment, "frontdesk-shop")
		if !strings.Contains(condition.Message, "set migrateFrom: SQLite again") || !mountsVolume(deployment.Spec.Template.Spec) || *deployment.Spec.Replicas != replicas {
			t.Fatalf("%d replicas on the volume: %v; %s", *deployment.Spec.Replicas, mountsVolume(deployment.Spec.Template.Spec), condition.Message)
		}
	}
	setMigrateFrom("")
	held(0)
	w.get(job, job.Name) // it goes on

	w.endJob(job, batchv1.JobFailureTarget, batchv1.JobFailed)
	w.waitFor("shop", v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	held(1)
	if w.engine() != tenantconfig.EngineSQLite {
		t.Error("SQLite does not serve")
	}

	// Neither the Job nor the mark on the volume is needed to tell where the data is.
	edit(w, &corev1.PersistentVolumeClaim{}, "frontdesk-shop-data", func(c *corev1.PersistentVolumeClaim) { c.Labels = nil })
	if err := w.cluster.Client.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	w.eventually("what is said without the Job", func() string {
		message := w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonMigrating).Message
		if strings.Contains(message, "pods stay as they are") {
			return ""
		}
		return message
	})
	held(1)

	setMigrateFrom(v1alpha1.MigrationSourceSQLite)
	w.endJob(w.migrationJob(), batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	w.waitReady("shop")
	setMigrateFrom("")
	w.waitReady("shop")
	if w.engine() != tenantconfig.EnginePostgres {
		t.Error("the data has moved, and PostgreSQL does not serve")
	}
}

// The old servers are stopped only when the new database is there.
func TestNothingStopsBeforeTheNewDatabaseIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	pods := w.podNames()
	w.apply(simpleTenant("  database: {engine: Postgres, postgres: {urlSecretRef: {name: db, key: url}}, migrateFrom: SQLite}\n"))
	w.waitFor("shop", v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	w.waitFor("shop", v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	if got := w.podNames(); !slices.Equal(got, pods) || w.engine() != tenantconfig.EngineSQLite {
		t.Errorf("pods %v were replaced by %v for a database that is not there", pods, got)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "db"}, StringData: map[string]string{"url": "postgres://u:p@db.example/shop"},
	}
	if err := w.cluster.Client.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.endJob(w.migrationJob(), batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	w.waitReady("shop")
}

// A tenant that goes in the middle of a copy takes the Job with it: its pod uses the volume, and is logged in.
func TestDeletionEndsACopy(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant("  deletionPolicy: Delete\n"))
	w.waitReady("shop")
	w.apply(simpleTenant("  deletionPolicy: Delete\n" + movingShop))
	job := w.migrationJob()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: w.namespace, Name: "frontdesk-shop-migrate-x", Labels: job.Spec.Template.Labels, Finalizers: []string{"example.com/logs"},
	}, Spec: job.Spec.Template.Spec}
	if err := w.cluster.Client.Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	if err := w.cluster.Client.Delete(t.Context(), w.tenant("shop")); err != nil {
		t.Fatal(err)
	}
	w.eventually("the end of the Job", func() string {
		err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(job), job)
		if err != nil || job.DeletionTimestamp != nil {
			return ""
		}
		return "goes on"
	})
	says := func(want string) {
		t.Helper()
		w.eventually("what it waits for", func() string {
			message := w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDeleting).Message
			if strings.Contains(message, want) {
				return ""
			}
			return message
		})
	}
	says("1 pods")
	editStatus(w, &corev1.Pod{}, pod.Name, func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }) // it uses nothing any more
	says("PersistentVolumeClaim")
	edit(w, &corev1.Pod{}, pod.Name, func(p *corev1.Pod) { p.Finalizers = nil })
	w.eventually("the tenant", func() string {
		w.releaseClaims()
		err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "shop"}, &v1alpha1.Tenant{})
		if apierrors.IsNotFound(err) {
			return ""
		}
		return "is still there"
	})
}
