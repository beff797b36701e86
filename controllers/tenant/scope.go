package tenant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rootkey"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// scope is one pass over one Tenant. The first block is read before anything else happens; each of
// the others is filled by the step that is named there and only read afterwards.
type scope struct {
	tenant   *v1alpha1.Tenant
	platform Platform
	// statusStored is what everybody sees. The tenant's own differs from it while its first status is withheld.
	statusStored v1alpha1.TenantStatus
	// made are the objects of earlier passes.
	made []apply.Item
	// absent are the optional kinds that cannot be used, and unknown those among them that the cluster may serve all the same.
	absent, unknown optional.Absent
	policies        map[string]*v1alpha1.BookingPolicy
	// secrets are the Secrets that the spec names, by name; missing ones have no entry.
	secrets map[string]*corev1.Secret
	apiKey  apiKey
	// apiKeyIsNew: it was made in this pass and is lost unless this pass stores it. apiKeyAbsent: because there was
	// no Secret with one at all.
	apiKeyIsNew, apiKeyAbsent bool
	derived                   derivedKeys
	// rootKeyDamage says why there are no derived keys; empty when there are.
	rootKeyDamage string
	// deployment and claim are nil when there are none. The cache keeps little of a Deployment's template; whole asks
	// the API server for all of it, and is nil when it is there already.
	deployment *appsv1.Deployment
	whole      func() (*appsv1.Deployment, error)
	claim      *corev1.PersistentVolumeClaim
	// stored is the revision in the config Secret, empty when there is none.
	stored string
	// storedSerial is that of the database credential in there.
	storedSerial string
	// cluster and clusterSecret are nil unless CloudNativePG has them. formerCluster has the name of before, and is not used.
	cluster, formerCluster *unstructured.Unstructured
	clusterSecret          *corev1.Secret
	// migration is where the move of the data to this engine stands, and job does it; nil when there is none.
	migration migration
	job       *batchv1.Job
	// server is nil unless the database is on a server of the platform.
	server *serverDatabase
	pods   []corev1.Pod
	// known are the servers' answers of earlier passes, to negotiate the document's version with.
	known map[types.UID]probe.Answer
	// turn is where the tenant stands in a rollout, and now the time of the pass.
	turn fleet.Turn
	now  time.Time

	// route is the HTTPRoute, nil when there is none.
	route *gatewayv1.HTTPRoute

	// claimHost:
	// host is what is routed to the tenant: allowed, and claimed. Empty when none is.
	host string
	// hostTaken is a hostclaim.ErrTaken when another tenant has the host that the spec names, else nil.
	hostTaken error

	// compose:
	bundle          tenantconfig.Bundle
	documentVersion string
	// untaken are the document's fields that the running servers are too old for.
	untaken []string
	faults  []document.Fault
	missing []missingSecret

	// planUpdate: nil when no pods can be rendered.
	update *podUpdate

	// apply:
	items    []apply.Item
	applyErr error
	// deployed: the Deployment is as it was rendered in this pass.
	deployed bool

	// observe:
	answers map[types.UID]probe.Answer
}

// Platform is what the platform team decided for all tenants.
type Platform struct {
	// ServerImage is the image of the tenants' servers, and ServerVersion the release in it.
	ServerImage   string
	ServerVersion string
	// OtherImages are those of the other releases that a tenant may be pinned to.
	OtherImages     map[string]string
	ImagePullPolicy corev1.PullPolicy
	// MonitoringLabels are set on PodMonitors, PrometheusRules and AlertmanagerConfigs, for a Prometheus and an Alertmanager that select by them.
	MonitoringLabels map[string]string
	// AlertEmails says that the platform's Alertmanager has a mail server of its own, through which it may tell
	// people whom tenants name.
	AlertEmails bool
	// DatabaseServers are those on which the operator makes databases.
	DatabaseServers provision.Servers
	// OperatorNamespace is where the operator runs, and asks the servers from.
	OperatorNamespace string
	// HostSuffixes are the hosts that tenants may have; none means no host at all.
	HostSuffixes []HostSuffix
	// TrustedProxies are the networks, as CIDRs, of the proxies in front of the servers.
	TrustedProxies []string
	// Isolation is how tenants are fenced off by NetworkPolicies; nil is not at all.
	Isolation *Isolation
}

// Image returns the image of a release; of the current one when none is named.
func (p Platform) Image(release string) (image string, supported bool) {
	if release == "" || release == p.ServerVersion {
		return p.ServerImage, true
	}
	image, supported = p.OtherImages[release]
	return image, supported
}

// releases lists what a tenant may be pinned to, for people.
func (p Platform) releases() string {
	all := append(slices.Collect(maps.Keys(p.OtherImages)), p.ServerVersion)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// derivedKeys come from the operator's root key.
type derivedKeys struct{ session, statusToken string }

// load reads everything that a pass needs.
func (r *Reconciler) load(ctx context.Context, tenant *v1alpha1.Tenant) (*scope, error) {
	s := &scope{
		tenant: tenant, platform: r.Platform, now: r.Now(),
		known: r.Prober.Known(client.ObjectKeyFromObject(tenant)), turn: r.Fleet.Turn(client.ObjectKeyFromObject(tenant)),
	}
	s.absent, s.unknown = r.APIs.Absent()
	for _, read := range []func(context.Context, *scope) error{
		r.loadPolicies, r.loadSecrets, r.loadDerivedKeys, r.loadAPIKey, r.loadWorkload, r.loadRoute, r.loadStored, r.loadServerDatabase, r.loadCluster, r.loadMigration, r.loadMade,
		r.showCertificate,
	} {
		if err := read(ctx, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *scope) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: s.tenant.Namespace, Name: name}
}

// recorded says that an earlier pass has noted the object in the status. It holds when the object itself is gone already,
// as in a namespace that is being deleted.
func recorded(t *v1alpha1.Tenant, kind schema.GroupVersionKind, name string) bool {
	return slices.ContainsFunc(t.Status.Inventory, func(i v1alpha1.InventoryItem) bool {
		return i.Group == kind.Group && i.Kind == kind.Kind && i.Name == name
	})
}

func (r *Reconciler) loadPolicies(ctx context.Context, s *scope) error {
	s.policies = map[string]*v1alpha1.BookingPolicy{}
	for _, name := range s.tenant.BookingPolicyNames() {
		policy := &v1alpha1.BookingPolicy{}
		switch err := r.Client.Get(ctx, s.key(name), policy); {
		case err == nil:
			s.policies[name] = policy
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("read BookingPolicy %s: %w", name, err)
		}
	}
	return nil
}

func (r *Reconciler) loadSecrets(ctx context.Context, s *scope) error {
	s.secrets = map[string]*corev1.Secret{}
	var named []types.NamespacedName
	for _, name := range WatchedSecrets(s.tenant) {
		named = append(named, s.key(name))
	}
	r.Secrets.Names(client.ObjectKeyFromObject(s.tenant), named...)
	for _, ref := range secretRefs(s.tenant) {
		secret, err := r.Secrets.Get(ctx, s.key(ref.name))
		if err != nil {
			return err
		}
		if secret != nil {
			s.secrets[ref.name] = secret
		}
	}
	return nil
}

func (r *Reconciler) loadDerivedKeys(ctx context.Context, s *scope) error {
	root, err := r.RootKey.Get(ctx)
	if damaged := (*rootkey.DamagedError)(nil); errors.As(err, &damaged) {
		s.rootKeyDamage = damaged.Error()
		return nil
	}
	if err != nil {
		return err
	}
	if s.derived.session, err = root.Derive(rootkey.SessionKey, s.tenant); err != nil {
		return err
	}
	s.derived.statusToken, err = root.Derive(rootkey.StatusToken, s.tenant)
	return err
}

// loadAPIKey reads the key that was made once. The cache may lag behind the Secret of an earlier pass: one that was
// recorded is asked for itself, and one that was not is found when the new key is stored (apply.Intent.Fresh).
func (r *Reconciler) loadAPIKey(ctx context.Context, s *scope) error {
	name := s.key(apiKeySecretName(s.tenant))
	secret, err := r.Secrets.Get(ctx, name)
	if err == nil && secret == nil && recorded(s.tenant, secretKind, name.Name) && s.tenant.DeletionTimestamp == nil {
		secret, err = r.Secrets.GetLive(ctx, name)
	}
	if err != nil {
		return err
	}
	if secret != nil {
		if key, ok := parseAPIKey(secret.Data); ok {
			s.apiKey = key
			return nil
		}
	}
	s.apiKeyIsNew, s.apiKeyAbsent = true, secret == nil
	s.apiKey, err = newAPIKey()
	return err
}

func (r *Reconciler) loadWorkload(ctx context.Context, s *scope) error {
	deployment := &appsv1.Deployment{}
	switch err := r.Client.Get(ctx, s.key(s.tenant.OwnedName()), deployment); {
	case err == nil:
		s.deployment, s.whole = deployment, func() (*appsv1.Deployment, error) {
			whole := &appsv1.Deployment{}
			return whole, r.Apply.Live.Get(ctx, client.ObjectKeyFromObject(deployment), whole)
		}
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("read Deployment: %w", err)
	}
	claim := &corev1.PersistentVolumeClaim{}
	switch err := r.Client.Get(ctx, s.key(claimName(s.tenant)), claim); {
	case err == nil:
		s.claim = claim
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("read PersistentVolumeClaim: %w", err)
	}
	var err error
	s.pods, err = r.podsOf(ctx, s.tenant)
	return err
}

// podsOf are the tenant's servers by name: the cache lists them in any order, and what is said of them must not change with
// it. The slice was made for this list; what the pods point to is the cache's own, and must not be changed.
func (r *Reconciler) podsOf(ctx context.Context, tenant *v1alpha1.Tenant) ([]corev1.Pod, error) {
	return r.podsWith(ctx, tenant, selectorLabels(tenant))
}

func (r *Reconciler) podsWith(ctx context.Context, tenant *v1alpha1.Tenant, labels map[string]string) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := r.Client.List(ctx, &pods, client.InNamespace(tenant.Namespace), client.MatchingLabels(labels), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods.Items, nil
}

func (r *Reconciler) loadStored(ctx context.Context, s *scope) error {
	name := s.key(configSecretName(s.tenant))
	look := r.Apply.Shown
	if recorded(s.tenant, secretKind, name.Name) {
		look = r.Apply.Observe // the cache may lag behind
	}
	secret, err := look(ctx, secretKind, name)
	if err != nil {
		return err
	}
	// A Secret of that name that is another's, or a former tenant's, holds no configuration of ours:
	// no pod may be made that would use it.
	if secret != nil && metav1.IsControlledBy(secret, s.tenant) {
		s.stored = secret.GetAnnotations()[revisionAnnotation]
		s.storedSerial = secret.GetAnnotations()[databaseSerialAnnotation]
	}
	return nil
}
