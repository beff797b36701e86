package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/hostclaim"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/index"
)

// HostSuffix lets the tenants of some namespaces have hosts.
type HostSuffix struct {
	// Suffix with a dot in front, like .book.example, is every host below; without one it is that host alone.
	Suffix string
	// Namespaces of the tenants that may; "*" is every namespace.
	Namespaces []string
}

func (h HostSuffix) appliesTo(namespace string) bool {
	return slices.Contains(h.Namespaces, "*") || slices.Contains(h.Namespaces, namespace)
}

func (h HostSuffix) matches(host string) bool {
	if strings.HasPrefix(h.Suffix, ".") {
		return strings.HasSuffix(host, h.Suffix) && len(host) > len(h.Suffix)
	}
	return host == h.Suffix
}

// suffixesFor lists what the tenants of a namespace may choose from.
func (p Platform) suffixesFor(namespace string) []string {
	var suffixes []string
	for _, h := range p.HostSuffixes {
		if h.appliesTo(namespace) {
			suffixes = append(suffixes, h.Suffix)
		}
	}
	return suffixes
}

func (p Platform) allowsHost(namespace, host string) bool {
	return slices.ContainsFunc(p.HostSuffixes, func(h HostSuffix) bool { return h.appliesTo(namespace) && h.matches(host) })
}

// wantedHost is the host that the spec names; empty when the tenant is not exposed.
func (s *scope) wantedHost() string {
	if s.tenant.Spec.Exposure == nil {
		return ""
	}
	return string(s.tenant.Spec.Exposure.Host)
}

func (s *scope) hostAllowed() bool {
	return s.platform.allowsHost(s.tenant.Namespace, s.wantedHost())
}

// claimHost makes the host the tenant's before anything is routed. When another tenant has it, what was
// routed until now stays.
func (r *Reconciler) claimHost(ctx context.Context, s *scope) error {
	if s.wantedHost() == "" || !s.hostAllowed() {
		return nil
	}
	err := r.Hosts.Take(ctx, s.wantedHost(), s.tenant)
	if err == nil {
		s.host = s.wantedHost()
		return nil
	}
	if !errors.Is(err, hostclaim.ErrTaken) {
		return err
	}
	s.hostTaken = err
	s.host, err = r.keptHost(ctx, s)
	return err
}

// keptHost is the host that stays the tenant's while another has the one that it wants; empty when it has none. It may hold
// several, when one could not be given up: then the one that is routed stays, and else the first by name.
func (r *Reconciler) keptHost(ctx context.Context, s *scope) (string, error) {
	held, err := r.Hosts.Held(ctx, s.tenant)
	if err != nil {
		return "", err
	}
	var hosts []string
	for _, claim := range held {
		host := claim.Annotations[hostclaim.HostAnnotation]
		if !s.platform.allowsHost(s.tenant.Namespace, host) {
			continue
		}
		if holds, err := r.Hosts.Holds(ctx, host, s.tenant); err != nil {
			return "", err
		} else if holds {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		return "", nil
	}
	slices.Sort(hosts)
	if len(hosts) > 1 {
		if routed, err := r.routedHost(ctx, s); err != nil || slices.Contains(hosts, routed) {
			return routed, err
		}
	}
	return hosts[0], nil
}

// routedHost is the host that leads to the tenant now, by the kind of route that its spec asks for; empty when none does. The
// cache holds no hosts of routes.
func (r *Reconciler) routedHost(ctx context.Context, s *scope) (string, error) {
	route, path := &unstructured.Unstructured{}, []string{"spec", "rules"}
	route.SetGroupVersionKind(ingressKind)
	if s.gateway() != nil {
		route.SetGroupVersionKind(httpRouteKind)
		path = []string{"spec", "hostnames"}
	}
	if s.absent[route.GroupVersionKind().GroupKind()] {
		return "", nil
	}
	if err := r.Apply.Live.Get(ctx, s.key(s.tenant.OwnedName()), route); client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("read %s: %w", route.GetKind(), err)
	}
	hosts, _, _ := unstructured.NestedSlice(route.Object, path...)
	if len(hosts) == 0 {
		return "", nil
	}
	if rule, ok := hosts[0].(map[string]any); ok {
		host, _, _ := unstructured.NestedString(rule, "host")
		return host, nil
	}
	host, _ := hosts[0].(string)
	return host, nil
}

// releaseHosts gives up what is routed no more. It comes after the apply: a host is never free before its
// route is gone. While the configuration is broken routes are not pruned, and keep their hosts; so they do while it is not known
// whether there are any.
func (r *Reconciler) releaseHosts(ctx context.Context, s *scope) error {
	if s.applyErr != nil || s.unknown[httpRouteKind.GroupKind()] || s.keep(httpRouteKind.GroupKind()) || s.keep(ingressKind.GroupKind()) {
		return nil
	}
	return r.Hosts.ReleaseAllBut(ctx, s.host, s.tenant)
}

// tenantsOfClaim wakes who has a claim, and who waits for it.
func (r *Reconciler) tenantsOfClaim(ctx context.Context, object client.Object) []reconcile.Request {
	claim, ok := object.(*coordinationv1.Lease)
	if !ok {
		return nil
	}
	requests := r.tenantsMatching(ctx, index.TenantsByHost, claim.Annotations[hostclaim.HostAnnotation])
	if holder, ok := hostclaim.HolderOf(claim); ok {
		requests = append(requests, reconcile.Request{NamespacedName: holder})
	}
	return requests
}
