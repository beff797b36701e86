// Command operator is the control plane: it watches Tenants, BookingPolicies and Campaigns and keeps
// one booking service running for each Tenant.
//
// It never touches a tenant's data and never serves customers; while it is down, every tenant keeps
// serving what it was configured with last. It has no admission webhook and therefore no certificates
// to manage.
//
// Flags:
//
//	--server-image               image of the tenants' servers (required)
//	--server-image-pull-policy   Always, IfNotPresent or Never (default IfNotPresent)
//	--server-version             release in --server-image (default: the operator's own)
//	--other-server-image         RELEASE=IMAGE of another release that tenants may be pinned to; may be repeated
//	--rollout-canary             size of a rollout's first wave: tenants, or a percentage of them (default 1)
//	--rollout-batches            sizes of the next waves, separated by commas; the last repeats (default 10%,25%)
//	--rollout-parallelism        how many tenants of a wave may be replacing their pods at the same time; 0 is no limit (default 5)
//	--rollout-soak               how long a wave must be healthy before the next (default 5m)
//	--rollout-deadline           how long a tenant of a wave may be unhealthy at a stretch (default 10m)
//	--rollout-failure-budget     how many tenants may fail before a rollout is halted (default 0)
//	--rollout-paused             admit no further tenant (default false)
//	--operator-namespace         namespace of the root key, the leader lease and the rollout's state (default: the pod's own, from POD_NAMESPACE)
//	--database-servers           file that lists the PostgreSQL servers on which tenants may have databases (default: none)
//	--watch-namespaces           namespaces to serve, separated by commas (default: all)
//	--watch-apis                 notice when optional APIs are installed or removed; otherwise they are looked up at the start (default true)
//	--monitoring-label           KEY=VALUE of a label on the PodMonitors, PrometheusRules and AlertmanagerConfigs of tenants; may be repeated (default: none)
//	--alert-emails               have Alertmanager, which must have a mail server, tell people whom tenants name (default false)
//	--host-suffix                hosts that tenants of some namespaces may have, as SUFFIX=NAMESPACE[,NAMESPACE…] (repeatable; default none)
//	--trusted-proxies            networks of the proxies in front of the tenants' servers, separated by commas
//	--isolation                  JSON object with the lists publicFrom, metricsFrom and dns of NetworkPolicy peers (default: no NetworkPolicies)
//	--leader-elect               elect a leader, so that several replicas can run (default true)
//	--max-concurrent-reconciles  how many tenants are worked on at once (default 16)
//	--metrics-bind-address       address of /metrics, 0 to switch off (default :8443)
//	--metrics-secure             serve metrics by TLS to those whom the API server authorises (default true)
//	--health-probe-bind-address  address of /healthz and /readyz (default :8081)
//	--pprof-bind-address         address of /debug/pprof, for whoever reaches it: keep it on loopback (default 0: none)
//	--log-level                  debug, info or error (default info)
//	--log-format                 json or text (default json)
//	--version                    print the version and exit
//
// The connection to the API server is found as usual: --kubeconfig, KUBECONFIG, or the pod's service account.
package main
