package tenant

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

// deletionRetry is for what is left after everything that is watched is gone.
const deletionRetry = 5 * time.Second

// tearDown sees to the data of a Tenant that goes. Everything else has an owner reference, and the
// garbage collector takes it. With deletionPolicy Retain a claim simply stays, with the labels by which a later tenant
// of the same name finds it. What has to be deleted, and a database on a server in any case, needs the pods
// to end first: they hold the claim, and are logged in.
func (r *Reconciler) tearDown(ctx context.Context, tenant *v1alpha1.Tenant, stored v1alpha1.TenantStatus) (reconcile.Result, error) {
	if !controllerutil.ContainsFinalizer(tenant, finalizer) {
		return reconcile.Result{}, nil
	}
	absent, unknown := r.APIs.Absent()
	made, err := r.made(ctx, tenant, absent)
	if err != nil {
		return reconcile.Result{}, err
	}
	undecided := func(context.Context, *v1alpha1.Tenant) (string, error) {
		return undecidedRoute(tenant, made, unknown), nil
	}
	for _, end := range []func(context.Context, *v1alpha1.Tenant) (string, error){r.deleteClaim, r.deleteClusters, r.endServerDatabase, undecided} {
		left, err := end(ctx, tenant)
		if err != nil {
			return reconcile.Result{}, err
		}
		if left != "" {
			if err := r.writeDeleting(ctx, tenant, stored, left); err != nil {
				return reconcile.Result{}, err
			}
			return reconcile.Result{RequeueAfter: deletionRetry}, nil
		}
	}
	if err := r.releaseExposure(ctx, tenant, made, absent); err != nil {
		return reconcile.Result{}, err
	}
	r.Apply.Forget(tenant.Namespace, made)
	before := tenant.DeepCopy()
	controllerutil.RemoveFinalizer(tenant, finalizer)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, tenant, patch); client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("remove finalizer: %w", err)
	}
	r.forget(client.ObjectKeyFromObject(tenant)) //nolint:contextcheck // questions to pods have the Prober's context
	return reconcile.Result{}, nil
}

// releaseExposure gives up the host, after what routes it: the garbage collector comes later.
func (r *Reconciler) releaseExposure(ctx context.Context, tenant *v1alpha1.Tenant, made []apply.Item, absent optional.Absent) error {
	for _, item := range made {
		if (item.GroupVersionKind != httpRouteKind && item.GroupVersionKind != ingressKind) || absent[item.GroupKind()] {
			continue
		}
		if _, err := r.Apply.Prune(ctx, tenant, []apply.Item{item}, nil); err != nil {
			return err
		}
	}
	return r.Hosts.ReleaseAllBut(ctx, "", tenant)
}

// deleteClaim removes the claim, if the policy says so, and before it what uses it. It returns what is still there.
func (r *Reconciler) deleteClaim(ctx context.Context, tenant *v1alpha1.Tenant) (left string, err error) {
	if tenant.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete {
		return "", nil
	}
	// Observe looks past the cache before it says that there is none: a claim that was only just made
	// would be left behind for good.
	claim, err := r.Apply.Observe(ctx, claimKind, client.ObjectKey{Namespace: tenant.Namespace, Name: claimName(tenant)})
	if err != nil {
		return "", err
	}
	if claim == nil || !madeFor(tenant, claim) {
		return "", nil // a former tenant's, never adopted: not this one's to delete
	}
	if left, err := r.endPods(ctx, tenant); left != "" || err != nil {
		return left, err
	}
	if claim.GetDeletionTimestamp() == nil {
		uid := claim.GetUID()
		if err := r.Client.Delete(ctx, claim, client.Preconditions{UID: &uid}); client.IgnoreNotFound(err) != nil {
			return "", fmt.Errorf("delete PersistentVolumeClaim: %w", err)
		}
	}
	return fmt.Sprintf("waiting for PersistentVolumeClaim %q to be gone", claim.GetName()), nil
}

// endPods deletes what makes pods that use the data, of servers and of a migration, and returns how many still run.
func (r *Reconciler) endPods(ctx context.Context, tenant *v1alpha1.Tenant) (left string, err error) {
	for _, maker := range []client.Object{
		&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: tenant.Namespace, Name: tenant.OwnedName()}},
		&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: tenant.Namespace, Name: migrationJobName(tenant)}},
	} {
		if err := r.deleteOwned(ctx, tenant, maker); err != nil {
			return "", err
		}
	}
	running := 0
	for _, of := range []map[string]string{selectorLabels(tenant), migrationLabels(tenant)} {
		pods, err := r.podsWith(ctx, tenant, of)
		if err != nil {
			return "", err
		}
		for i := range pods {
			if !isOver(&pods[i]) {
				running++
			}
		}
	}
	if running > 0 {
		return fmt.Sprintf("waiting for %d pods to end, which use the data", running), nil
	}
	return "", nil
}

// endServerDatabase drops a database on a server of the platform, or keeps it and ends its logins, as the policy
// says. It returns what it waits for, and how to go on without.
func (r *Reconciler) endServerDatabase(ctx context.Context, tenant *v1alpha1.Tenant) (left string, err error) {
	key := client.ObjectKeyFromObject(tenant)
	if !onServer(tenant) || tenant.Annotations[abandonAnnotation] == "true" {
		r.Databases.Forget(key)
		return "", nil
	}
	if left, err := r.endPods(ctx, tenant); left != "" || err != nil {
		return left, err
	}
	task := provision.Task{
		Kind: provision.KindRelease, Server: string(tenant.Spec.Database.Postgres.Server), Tenant: identityOf(tenant),
	}
	if tenant.Spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete {
		task.Kind = provision.KindDrop
	}
	// Whether the server is still open to the namespace is not asked: what was made on it must end all the same, and what is
	// not this tenant's is left alone.
	if _, problem := r.Platform.DatabaseServers.Find(task.Server); problem != nil && !recorded(tenant, secretKind, databaseSecretName(tenant)) {
		r.Databases.Forget(key)
		return "", nil // nothing was ever handed out: a slip in the server's name must not hold the Tenant
	}
	switch outcome := r.Databases.Run(key, task); { //nolint:contextcheck // the work outlives the pass
	case outcome.Done:
		return "", nil
	case outcome.Problem == nil:
		return fmt.Sprintf("waiting for the database on server %q to be seen to", task.Server), nil
	default:
		return fmt.Sprintf("the database is still there: %s; if the server is gone for good, let the Tenant go without it: kubectl annotate tenant -n %s %s %s=true",
			outcome.Problem.Message, tenant.Namespace, tenant.Name, abandonAnnotation), nil
	}
}

// deleteOwned deletes an object that the tenant controls, once.
func (r *Reconciler) deleteOwned(ctx context.Context, tenant *v1alpha1.Tenant, object client.Object) error {
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return client.IgnoreNotFound(err)
	}
	if object.GetDeletionTimestamp() != nil || !metav1.IsControlledBy(object, tenant) {
		return nil
	}
	uid := object.GetUID()
	err := r.Client.Delete(ctx, object, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s: %w", object.GetName(), err)
	}
	return nil
}

// writeDeleting says what the deletion waits for.
func (r *Reconciler) writeDeleting(ctx context.Context, tenant *v1alpha1.Tenant, stored v1alpha1.TenantStatus, message string) error {
	before := tenant.DeepCopy()
	before.Status = stored
	tenant.Status.ObservedGeneration = tenant.Generation
	tenant.Status.Conditions = conditions.Set(tenant.Status.Conditions, tenant.Generation,
		conditions.False(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting, message),
		conditions.True(v1alpha1.ConditionProgressing, v1alpha1.ReasonDeleting, message),
		conditions.True(v1alpha1.ConditionReconciling, v1alpha1.ReasonDeleting, message))
	_, err := r.Status.Patch(ctx, tenant, before)
	return err
}
