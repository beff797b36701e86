package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// options are the command line.
type options struct {
	serverImage             string
	serverImagePullPolicy   string
	serverVersion           string
	otherServerImages       pairs
	monitoringLabels        pairs
	alertEmails             bool
	rollout                 rollout
	plan                    controllers.RolloutPlan
	operatorNamespace       string
	databaseServers         string
	watchNamespaces         list
	watchAPIs               bool
	hostSuffixes            hostSuffixes
	trustedProxies          list
	isolation               isolation
	leaderElect             bool
	maxConcurrentReconciles int
	metricsBindAddress      string
	metricsSecure           bool
	healthProbeBindAddress  string
	pprofBindAddress        string
	logLevel                string
	logFormat               string
	version                 bool
}

func (o *options) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.serverImage, "server-image", "", "image of the tenants' servers (required)")
	flags.StringVar(&o.serverImagePullPolicy, "server-image-pull-policy", string(corev1.PullIfNotPresent), "Always, IfNotPresent or Never")
	flags.StringVar(&o.serverVersion, "server-version", version.Version, "release in --server-image")
	flags.Var(&o.otherServerImages, "other-server-image", "RELEASE=IMAGE of another release that tenants may be pinned to; may be repeated")
	o.rollout.bind(flags)
	flags.StringVar(&o.operatorNamespace, "operator-namespace", os.Getenv("POD_NAMESPACE"), "namespace of the root key, of the leader lease and of the rollout's state")
	flags.StringVar(&o.databaseServers, "database-servers", "", "file that lists the PostgreSQL servers on which tenants may have databases")
	flags.Var(&o.watchNamespaces, "watch-namespaces", "namespaces to serve, separated by commas; empty for all")
	flags.BoolVar(&o.watchAPIs, "watch-apis", true, "notice when optional APIs (Gateway API, Prometheus operator) are installed or removed; needs a cluster-wide right; otherwise they are looked up at the start")
	flags.Var(&o.monitoringLabels, "monitoring-label", "KEY=VALUE of a label on the PodMonitors, PrometheusRules and AlertmanagerConfigs of tenants, by which a Prometheus and an Alertmanager select; may be repeated")
	flags.BoolVar(&o.alertEmails, "alert-emails", false, "have Alertmanager tell people whom tenants name in spec.alerts.emails; its own configuration must name a mail server (smtp_smarthost, smtp_from), or it refuses all of it")
	flags.Var(&o.hostSuffixes, "host-suffix", "hosts that tenants of some namespaces may have, as SUFFIX=NAMESPACE[,NAMESPACE…], * for all namespaces; may be repeated; none means no host")
	flags.Var(&o.trustedProxies, "trusted-proxies", "networks of the proxies in front of the tenants' servers, separated by commas, such as 10.0.0.0/8")
	flags.Var(&o.isolation, "isolation", "JSON object with the lists publicFrom, metricsFrom and dns of NetworkPolicy peers; empty means no NetworkPolicies")
	flags.BoolVar(&o.leaderElect, "leader-elect", true, "elect a leader, so that several replicas can run")
	flags.IntVar(&o.maxConcurrentReconciles, "max-concurrent-reconciles", 16, "how many tenants are worked on at once")
	flags.StringVar(&o.metricsBindAddress, "metrics-bind-address", ":8443", "address of /metrics, 0 to switch off")
	flags.BoolVar(&o.metricsSecure, "metrics-secure", true, "serve metrics by TLS to those whom the API server authorises")
	flags.StringVar(&o.healthProbeBindAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz")
	flags.StringVar(&o.pprofBindAddress, "pprof-bind-address", "0", "address of /debug/pprof, which asks nobody who he is: keep it on loopback; 0 to switch off")
	flags.StringVar(&o.logLevel, "log-level", "info", "debug, info or error")
	flags.StringVar(&o.logFormat, "log-format", "json", "json or text")
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
}

// validate reports everything that is wrong with the command line at once, and reads the plan in it.
func (o *options) validate() error {
	var faults []error
	if o.serverImage == "" {
		faults = append(faults, errors.New("--server-image is required: name the image that the tenants' servers run"))
	}
	if o.operatorNamespace == "" {
		faults = append(faults, errors.New("--operator-namespace is required outside a pod: name the namespace for the root key and the leader lease"))
	}
	if o.maxConcurrentReconciles < 1 {
		faults = append(faults, fmt.Errorf("--max-concurrent-reconciles is %d; it must be at least 1", o.maxConcurrentReconciles))
	}
	for _, fault := range validation.ValidateLabels(o.monitoringLabels, field.NewPath("--monitoring-label")) {
		faults = append(faults, fault)
	}
	for _, choice := range []struct {
		name, value string
		allowed     []string
	}{
		{"--server-image-pull-policy", o.serverImagePullPolicy, []string{"Always", "IfNotPresent", "Never"}},
		{"--log-level", o.logLevel, []string{"debug", "info", "error"}},
		{"--log-format", o.logFormat, []string{"json", "text"}},
	} {
		if !slices.Contains(choice.allowed, choice.value) {
			faults = append(faults, fmt.Errorf("%s is %q; use one of %s", choice.name, choice.value, strings.Join(choice.allowed, ", ")))
		}
	}
	var err error
	o.plan, err = o.rollout.plan()
	return errors.Join(append(faults, err)...)
}

// list is a flag that takes a comma-separated list and may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			*l = append(*l, name)
		}
	}
	return nil
}

// hostSuffixes is a flag that takes SUFFIX=NAMESPACE[,NAMESPACE…] and may be repeated.
type hostSuffixes []controllers.HostSuffix

func (h *hostSuffixes) String() string {
	entries := make([]string, len(*h))
	for i, each := range *h {
		entries[i] = each.Suffix + "=" + strings.Join(each.Namespaces, ",")
	}
	return strings.Join(entries, " ")
}

func (h *hostSuffixes) Set(text string) error {
	suffix, namespaces, _ := strings.Cut(text, "=")
	var names list
	_ = names.Set(namespaces) // never fails
	if strings.Trim(suffix, ".") == "" || len(names) == 0 {
		return fmt.Errorf("%q is not SUFFIX=NAMESPACE[,NAMESPACE…], such as .book.example=dental,salons", text)
	}
	*h = append(*h, controllers.HostSuffix{Suffix: strings.ToLower(suffix), Namespaces: names})
	return nil
}

// isolation is a flag that takes a JSON object.
type isolation struct{ *controllers.Isolation }

func (i *isolation) String() string {
	if i.Isolation == nil {
		return ""
	}
	text, err := json.Marshal(i.Isolation)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (i *isolation) Set(text string) (err error) {
	i.Isolation, err = controllers.ParseIsolation(text)
	return err
}
