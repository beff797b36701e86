package controllers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/bookingpolicy"
	"github.com/frontdesk-dev/frontdesk/controllers/campaign"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/hostclaim"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/index"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rootkey"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/secrets"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/status"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

const (
	// recorderName is the reportingController of events.
	recorderName = "frontdesk-operator"
	// reconcileTimeout bounds a pass. None waits for a pod, so that only the API server can be slow.
	reconcileTimeout = time.Minute
)

// Options are what the platform decides.
type Options struct {
	Platform tenant.Platform
	// Rollout is how pods are rolled to what the platform wants.
	Rollout rollout.Plan
	// Now is the clock of rollouts and their windows; nil means time.Now.
	Now func() time.Time
	// OperatorNamespace holds the root key, and the state of the rollout.
	OperatorNamespace string
	// Namespaces are those that CacheOptions was given; none means all.
	Namespaces []string
	// LookUpAPIsOnce finds out which optional APIs the cluster has only when the operator starts, which takes no
	// cluster-wide right.
	LookUpAPIsOnce bool
	// MaxConcurrentReconciles bounds how many tenants are worked on at once; 0 means 1.
	MaxConcurrentReconciles int
	// DrainGrace is how long a former database password outlives the last pod that serves it; 0 means 15 seconds.
	DrainGrace time.Duration
	// StatusTransport reaches the status endpoints of pods; nil means by pod address.
	StatusTransport http.RoundTripper
}

// Platform is re-exported for those who set Options.
type Platform = tenant.Platform

// RolloutPlan is re-exported for those who set Options.
type RolloutPlan = rollout.Plan

// RolloutSize is re-exported for those who set a RolloutPlan.
type RolloutSize = rollout.Size

// ParseRolloutSize reads the size of a wave: "5" tenants, or "10%" of them.
func ParseRolloutSize(text string) (RolloutSize, error) { return rollout.ParseSize(text) }

// HostSuffix is re-exported for those who set Platform.
type HostSuffix = tenant.HostSuffix

// Isolation is re-exported for those who set Platform.
type Isolation = tenant.Isolation

// ParseIsolation reads the JSON form of an Isolation.
func ParseIsolation(text string) (*Isolation, error) { return tenant.ParseIsolation(text) }

// Scheme knows every type that the operator reads or writes.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// Setup registers all controllers with a manager whose cache was made with CacheOptions.
func Setup(ctx context.Context, manager ctrl.Manager, options Options) error {
	if err := index.Register(ctx, manager.GetFieldIndexer(), tenant.WatchedSecrets); err != nil {
		return err
	}
	prober := probe.New(options.StatusTransport)
	if err := manager.Add(prober); err != nil {
		return fmt.Errorf("add the prober: %w", err)
	}
	apis, err := optionalAPIs(manager, options)
	if err != nil {
		return err
	}
	read := &secrets.Reader{Cached: manager.GetClient(), Live: manager.GetAPIReader()}
	if err := addReadiness(manager, apis, read, options.Namespaces); err != nil {
		return err
	}
	cached := apis.Client(manager.GetClient())
	rootKey := &rootkey.Store{Live: manager.GetAPIReader(), Writer: manager.GetClient(), Namespace: options.OperatorNamespace}
	databases, err := databaseRunner(manager, options, rootKey)
	if err != nil {
		return err
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	all := fleet.New()
	options.Platform.OperatorNamespace = options.OperatorNamespace
	tenants := &tenant.Reconciler{
		Client:   cached,
		Platform: options.Platform,
		Status:   keeper(manager),
		Secrets:  read,
		RootKey:  rootKey,
		Apply:    applier(manager, cached),
		APIs:     apis,
		Hosts:    hosts(manager, options),
		Prober:   prober,
		Events:   manager.GetEventRecorder(recorderName),
		Nudges:   tenant.NewNudges(),
		Fleet:    all,
		Now:      options.Now,

		Databases: databases,
	}
	for _, setup := range []func(ctrl.Manager, controller.Options) error{
		tenants.SetupWithManager,
		rollouts(manager, options, all).SetupWithManager,
		(&bookingpolicy.Reconciler{Client: manager.GetClient(), Status: keeper(manager), Events: manager.GetEventRecorder(recorderName)}).SetupWithManager,
		(&campaign.Reconciler{Client: manager.GetClient(), Status: keeper(manager), Prober: prober}).SetupWithManager,
	} {
		if err := setup(manager, controller.Options{
			MaxConcurrentReconciles: options.MaxConcurrentReconciles,
			ReconciliationTimeout:   reconcileTimeout,
		}); err != nil {
			return err
		}
	}
	return nil
}

func applier(manager ctrl.Manager, cached client.Client) *apply.Applier {
	return &apply.Applier{
		Client: cached,
		Live:   manager.GetAPIReader(),
		Typed:  cachedWhole(),
		Count:  func(kind schema.GroupKind, outcome apply.Outcome) { metrics.Applied(kind, string(outcome)) },
	}
}

// rollouts is the controller of the whole fleet.
func rollouts(manager ctrl.Manager, options Options, all *fleet.Fleet) *fleet.Reconciler {
	return &fleet.Reconciler{
		Client: manager.GetClient(), Events: manager.GetEventRecorder(recorderName), Fleet: all,
		Namespace: options.OperatorNamespace, Plan: options.Rollout, Target: tenant.Target(options.Platform), Now: options.Now,
	}
}

// cachedWhole are the kinds of which the cache holds more than metadata.
func cachedWhole() map[schema.GroupKind]func() client.Object {
	kinds := map[schema.GroupKind]func() client.Object{
		{Group: "apps", Kind: "Deployment"}: func() client.Object { return &appsv1.Deployment{} },
		{Group: "batch", Kind: "Job"}:       func() client.Object { return &batchv1.Job{} },
		{Kind: "PersistentVolumeClaim"}:     func() client.Object { return &corev1.PersistentVolumeClaim{} },
	}
	for _, kind := range tenant.OptionalKinds {
		kinds[kind.GroupKind()] = kind.Object
	}
	return kinds
}

func optionalAPIs(manager ctrl.Manager, options Options) (*optional.APIs, error) {
	apis, err := optional.New(manager, optional.Options{
		Kinds: tenant.OptionalKinds, CacheOptions: optionalCacheOptions(options.Namespaces), Once: options.LookUpAPIsOnce,
	})
	if err != nil {
		return nil, err
	}
	if err := manager.Add(apis); err != nil {
		return nil, fmt.Errorf("add the watch of optional APIs: %w", err)
	}
	return apis, nil
}

func hosts(manager ctrl.Manager, options Options) *hostclaim.Claims {
	return &hostclaim.Claims{
		Cached: manager.GetClient(), Live: manager.GetAPIReader(), Writer: manager.GetClient(),
		Namespace: options.OperatorNamespace, Namespaces: options.Namespaces, Labels: map[string]string{tenant.ManagedByLabel: tenant.ManagedBy},
	}
}

// keeper is one controller's own: it remembers writes by name.
func keeper(manager ctrl.Manager) *status.Keeper {
	return &status.Keeper{Client: manager.GetClient(), Live: manager.GetAPIReader()}
}
