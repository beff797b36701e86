package tenant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/hostclaim"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rootkey"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/secrets"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/status"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
)

// retryStalled is when objects that nobody watches for us, such as a foreign one of our name or the
// operator's own root key, are looked at again.
const retryStalled = 30 * time.Second

// retryTaken is when a host that another tenant has is asked for again. Its claim wakes who waits for it; but a holder that vanished while
// no operator ran has left a claim that nobody touches.
const retryTaken = time.Minute

// Reconciler keeps tenants as their specs say. All exported fields are required.
type Reconciler struct {
	Client   client.Client
	Platform Platform
	Status   *status.Keeper
	Secrets  *secrets.Reader
	RootKey  *rootkey.Store
	Apply    *apply.Applier
	APIs     *optional.APIs
	Hosts    *hostclaim.Claims
	Prober   *probe.Prober
	Events   recorder.EventRecorder
	Nudges   *Nudges
	// Databases makes and ends databases on the platform's servers.
	Databases *provision.Runner
	Fleet     *fleet.Fleet
	Now       func() time.Time

	pace      pace
	greetings greetings
}

// +kubebuilder:rbac:groups=frontdesk.dev,resources=tenants,verbs=get;list;patch;watch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=tenants/finalizers,verbs=update
// +kubebuilder:rbac:groups=frontdesk.dev,resources=tenants/status,verbs=patch
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=frontdesk-system,resources=leases,verbs=create;delete;get;list;update;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=frontdesk.dev,resources=bookingpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=core,resources=persistentvolumeclaims,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=core,resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups=core,resources=pods/status,verbs=patch
// +kubebuilder:rbac:groups=core,resources=secrets,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups=core,resources=serviceaccounts,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups=core,resources=services,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=create;delete;get;list;patch;watch

// Reconcile makes one pass over one Tenant.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (result reconcile.Result, err error) {
	tenant := &v1alpha1.Tenant{}
	if err := r.Status.Get(ctx, request.NamespacedName, tenant); err != nil {
		if !apierrors.IsNotFound(err) {
			return reconcile.Result{}, err
		}
		r.forget(request.NamespacedName) //nolint:contextcheck // questions to pods have the Prober's context
		// Mostly it has given up its hosts itself; but somebody may have taken its finalizer away.
		return reconcile.Result{}, r.Hosts.ReleaseOfGone(ctx, request.NamespacedName)
	}
	stored := *tenant.Status.DeepCopy()
	tenant.Status = *r.pace.recall(tenant)
	if tenant.DeletionTimestamp != nil {
		r.Fleet.Forget(request.NamespacedName) // it takes no update, and must not fail one
		return r.tearDown(ctx, tenant, stored)
	}
	s, wait, err := r.begin(ctx, tenant)
	if err != nil {
		// No rollout goes on before it is known of every tenant how it is, or that nobody can say.
		r.Fleet.Unreadable(request.NamespacedName)
		return reconcile.Result{}, err
	}
	if s == nil {
		return reconcile.Result{RequeueAfter: wait, Priority: ptr.To(int(urgency.Idle))}, nil
	}
	s.statusStored = stored
	defer func() {
		wait, statusErr := r.writeStatus(ctx, s)
		result.RequeueAfter = sooner(result.RequeueAfter, wait)
		result.Priority = ptr.To(int(urgency.News)) // what comes of an edit must not hold up the next one
		if err = errors.Join(err, statusErr); err != nil {
			result = reconcile.Result{} // an error has a time of its own to come back
		}
		r.Fleet.Report(request.NamespacedName, s.report(), s.now)
	}()

	s.compose()
	s.holdMigration()
	s.applyErr = r.apply(ctx, s)
	releaseErr := r.releaseHosts(ctx, s)
	s.answers = r.observe(s) //nolint:contextcheck // questions to pods outlive the pass
	again := r.nudge(ctx, s)
	result, err = s.result(again)
	return result, errors.Join(err, releaseErr) // the pods serve, whatever keeps a former host from being given up
}

// begin does what comes before the first write of a status: a pass that ends there must write none, because its inventory
// would be empty, and nobody would prune what was in it. There is no scope when the pass is to come after a wait.
func (r *Reconciler) begin(ctx context.Context, tenant *v1alpha1.Tenant) (*scope, time.Duration, error) {
	if err := r.addFinalizer(ctx, tenant); err != nil {
		return nil, 0, err
	}
	if wait, err := r.greet(ctx, tenant); wait > 0 || err != nil {
		return nil, wait, err
	}
	s, err := r.load(ctx, tenant)
	if err != nil {
		return nil, 0, err
	}
	return s, 0, r.claimHost(ctx, s)
}

// result says when to look again if nothing happens before. Everything that is watched wakes the
// tenant by itself.
func (s *scope) result(again time.Duration) (reconcile.Result, error) {
	outcome := s.verdict(s.workload())
	metrics.Reconciled("tenant", string(outcome.reason))
	if err := transient(s.applyErr); err != nil {
		return reconcile.Result{}, err
	}
	if s.rootKeyDamage != "" {
		again = sooner(again, retryStalled)
	}
	if s.hostTaken != nil {
		again = sooner(again, retryTaken)
	}
	for _, o := range obstacles(s.applyErr) {
		again = sooner(again, cmp.Or(o.again, retryStalled))
	}
	if s.server != nil {
		again = sooner(again, s.server.again)
	}
	return reconcile.Result{RequeueAfter: sooner(again, s.windowTurns())}, nil
}

// sooner is the shorter of two waits, where 0 means none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}

// apply makes the objects as rendered, and removes those that are not wanted any more.
func (r *Reconciler) apply(ctx context.Context, s *scope) error {
	recorded := s.made
	intents, err := s.render()
	if err != nil {
		s.items = recorded
		return err
	}
	items, applyErr := r.Apply.Apply(ctx, s.tenant, recorded, intents...)
	s.deployed = slices.ContainsFunc(items, func(item apply.Item) bool { return item.Kind == "Deployment" })
	r.rememberAPIKey(s, items)
	var kept, unwanted []apply.Item
	for _, item := range recorded {
		switch {
		case s.unknown[item.GroupKind()]:
			item.Observed = true
			kept = append(kept, item)
		case s.absent[item.GroupKind()]:
			// It went with its definition, and there is nobody to ask.
			r.Apply.Forget(s.tenant.Namespace, []apply.Item{item})
		case contains(items, item):
		case rendered(intents, item) || s.keep(item.GroupKind()):
			item.Observed = true
			kept = append(kept, item)
		default:
			unwanted = append(unwanted, item)
		}
	}
	left, pruneErr := r.Apply.Prune(ctx, s.tenant, unwanted, nil)
	s.items = append(append(items, kept...), left...)
	if pruneErr != nil {
		return errors.Join(applyErr, pruneErr)
	}
	return applyErr
}

// rememberAPIKey spares the next pass from reading the key that this one has made. Only one that was not there before holds
// nothing but what we know.
func (r *Reconciler) rememberAPIKey(s *scope, items []apply.Item) {
	name := apiKeySecretName(s.tenant)
	made := slices.IndexFunc(items, func(item apply.Item) bool { return item.GroupVersionKind == secretKind && item.Name == name })
	if !s.apiKeyAbsent || made < 0 || items[made].Written == "" {
		return
	}
	r.Secrets.Made(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.tenant.Namespace, Name: name, UID: items[made].UID, ResourceVersion: items[made].Written,
		},
		Data: s.apiKey.data(),
	})
}

func contains(items []apply.Item, wanted apply.Item) bool {
	for _, item := range items {
		if item.GroupKind() == wanted.GroupKind() && item.Name == wanted.Name {
			return true
		}
	}
	return false
}

func rendered(intents []apply.Intent, item apply.Item) bool {
	for _, intent := range intents {
		if intent.GroupKind() == item.GroupKind() && intent.Name == item.Name {
			return true
		}
	}
	return false
}

func (r *Reconciler) addFinalizer(ctx context.Context, tenant *v1alpha1.Tenant) error {
	if controllerutil.ContainsFinalizer(tenant, finalizer) {
		return nil
	}
	before := tenant.DeepCopy()
	controllerutil.AddFinalizer(tenant, finalizer)
	// A list is patched as a whole: the lock keeps finalizers of others from being lost.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, tenant, patch); err != nil {
		return fmt.Errorf("add finalizer: %w", err)
	}
	return nil
}

// writeStatus patches what is new in the status; nothing when nothing is. Mere progress is withheld for a while:
// then it says when to look again.
func (r *Reconciler) writeStatus(ctx context.Context, s *scope) (time.Duration, error) {
	if s.unheard() {
		return 0, nil // the answers that are on their way start another pass
	}
	before := s.tenant.DeepCopy()
	before.Status = s.statusStored
	after := s.status()
	if unwritten(&before.Status) {
		r.pace.keep(s.tenant, &after)
	}
	if wait := r.pace.wait(client.ObjectKeyFromObject(s.tenant), &before.Status, &after, s.workload().trouble, time.Now()); wait > 0 {
		return wait, nil
	}
	s.tenant.Status = after
	metrics.TenantConditions(s.tenant.Namespace, s.tenant.Name, s.tenant.Status.Conditions)
	written, err := r.Status.Patch(ctx, s.tenant, before)
	if err != nil {
		return 0, err
	}
	r.pace.written(client.ObjectKeyFromObject(s.tenant))
	if written {
		r.announce(s.tenant, before.Status.Conditions)
	}
	return 0, nil
}

// forget drops what is kept in memory about a tenant.
func (r *Reconciler) forget(tenant client.ObjectKey) {
	r.Prober.Forget(tenant)
	r.Nudges.forget(tenant)
	r.pace.forget(tenant)
	r.greetings.forget(tenant)
	gone := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: tenant.Namespace, Name: tenant.Name}}
	r.Apply.Forget(tenant.Namespace, everMade(gone))
	r.Secrets.Names(tenant)
	for _, name := range []string{apiKeySecretName(gone), databaseSecretName(gone)} {
		r.Secrets.Release(client.ObjectKey{Namespace: tenant.Namespace, Name: name})
	}
	r.Databases.Forget(tenant)
	r.Fleet.Forget(tenant)
	metrics.ForgetTenant(tenant.Namespace, tenant.Name)
}
