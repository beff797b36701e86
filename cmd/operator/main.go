package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	clientconfig "sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

const (
	// leaseName is the leader lease, in the operator's namespace.
	leaseName = "frontdesk-operator"
	// leaseDuration is how long a leader that is gone without a word is waited for. renewDeadline is when a leader gives
	// up that cannot renew its lease.
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	// retryPeriod is how often a leader renews. A standby looks every 1 to 2.2 of them (client-go's jitter), which is how
	// long nobody leads after a leader that has released the lease.
	retryPeriod = 500 * time.Millisecond
)

// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=frontdesk-system,resources=leases,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=frontdesk-system,resources=leases,resourceNames=frontdesk-operator,verbs=get;update
// +kubebuilder:rbac:groups=core,namespace=frontdesk-system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=core,namespace=frontdesk-system,resources=secrets,verbs=create
// +kubebuilder:rbac:groups=core,namespace=frontdesk-system,resources=secrets,resourceNames=frontdesk-operator-root,verbs=get

// gcPercent lets the heap grow by half of what lives before it is collected, where Go's default would double it. Most of it
// is the caches, which only grow with the fleet. GOGC in the environment counts more.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	m := Main{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr}
	if err := m.Run(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

// Main is the program without the process around it.
type Main struct {
	Args           []string
	Stdout, Stderr io.Writer
	// Config reaches the API server; nil means to look for it as kubectl does.
	Config *rest.Config
}

// Run runs the operator until ctx ends.
func (m *Main) Run(ctx context.Context) error {
	flags := flag.NewFlagSet("operator", flag.ContinueOnError)
	flags.SetOutput(m.Stderr)
	var o options
	o.bind(flags)
	clientconfig.RegisterFlags(flags)
	if err := flags.Parse(m.Args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if o.version {
		_, err := fmt.Fprintln(m.Stdout, "operator", version.String())
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	databases, err := controllers.ReadDatabaseServers(o.databaseServers)
	if err != nil {
		return fmt.Errorf("--database-servers: %w", err)
	}
	logger := o.logger(m.Stderr)
	ctrl.SetLogger(logger)
	restConfig, err := m.restConfig()
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(restConfig, o.managerOptions(logger))
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	if err := controllers.Setup(ctx, manager, o.controllers(databases)); err != nil {
		return err
	}
	if err := manager.AddHealthzCheck("ping", healthz.Ping); err != nil { // controllers.Setup adds when it is ready
		return fmt.Errorf("add the health check: %w", err)
	}
	logger.Info("Starting", "version", version.Version, "commit", version.Commit, "namespaces", o.watchNamespaces.String())
	return manager.Start(ctx)
}

// restConfig leaves the pace to the API server, which knows better (API Priority and Fairness), and spares it to compress
// what goes over a cluster's own network: it would do so with each event of each watch.
func (m *Main) restConfig() (*rest.Config, error) {
	found := m.Config
	if found == nil {
		var err error
		if found, err = ctrl.GetConfig(); err != nil {
			return nil, fmt.Errorf("find the API server: %w", err)
		}
	}
	found = rest.CopyConfig(found)
	found.QPS = -1
	found.DisableCompression = true
	found.UserAgent = "frontdesk-operator/" + version.Version
	return found, nil
}

func (o *options) managerOptions(logger logr.Logger) ctrl.Options {
	metrics := metricsserver.Options{BindAddress: o.metricsBindAddress, SecureServing: o.metricsSecure}
	if o.metricsSecure {
		metrics.FilterProvider = filters.WithAuthenticationAndAuthorization
		metrics.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }}
	}
	return ctrl.Options{
		Scheme:                  controllers.Scheme(),
		Logger:                  logger,
		Cache:                   controllers.CacheOptions(o.watchNamespaces, o.operatorNamespace),
		Metrics:                 metrics,
		HealthProbeBindAddress:  o.healthProbeBindAddress,
		PprofBindAddress:        o.pprofBindAddress,
		LeaderElection:          o.leaderElect,
		LeaderElectionID:        leaseName,
		LeaderElectionNamespace: o.operatorNamespace,
		LeaseDuration:           new(leaseDuration),
		RenewDeadline:           new(renewDeadline),
		RetryPeriod:             new(retryPeriod),
		// Safe because the process ends when the manager does.
		LeaderElectionReleaseOnCancel: true,
		// A standby has its cache warm when it takes over.
		Controller: config.Controller{EnableWarmup: ptr.To(true)},
	}
}

func (o *options) controllers(databases controllers.DatabaseServers) controllers.Options {
	return controllers.Options{
		Platform: controllers.Platform{
			ServerImage:     o.serverImage,
			ServerVersion:   o.serverVersion,
			OtherImages:     o.otherServerImages,
			ImagePullPolicy: corev1.PullPolicy(o.serverImagePullPolicy),
			DatabaseServers: databases,
			HostSuffixes:    o.hostSuffixes,
			TrustedProxies:  o.trustedProxies,
			Isolation:       o.isolation.Isolation,

			MonitoringLabels: o.monitoringLabels,
			AlertEmails:      o.alertEmails,
		},
		Rollout:                 o.plan,
		OperatorNamespace:       o.operatorNamespace,
		Namespaces:              o.watchNamespaces,
		LookUpAPIsOnce:          !o.watchAPIs,
		MaxConcurrentReconciles: o.maxConcurrentReconciles,
	}
}

func (o *options) logger(w io.Writer) logr.Logger {
	level := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "error": slog.LevelError}[o.logLevel]
	var handler slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	if o.logFormat == "text" {
		handler = slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})
	}
	return logr.FromSlogHandler(handler)
}
