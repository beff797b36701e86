package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/hostclaim"
)

func TestOneOfManyGetsAHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop()
	w.apply(simplePolicy)
	const contenders = 12
	claims := &hostclaim.Claims{Cached: w.cluster.Client, Live: w.cluster.Client, Writer: w.cluster.Client, Namespace: w.home}
	var tenants []*v1alpha1.Tenant
	for i := range contenders {
		name := fmt.Sprintf("shop-%d", i)
		w.apply(named(simpleTenant(""), name))
		tenants = append(tenants, w.tenant(name))
	}
	results := make(chan error, contenders)
	for _, tenant := range tenants {
		go func() { results <- claims.Take(t.Context(), "race.book.example", tenant) }()
	}
	winners := 0
	for range tenants {
		switch err := <-results; {
		case err == nil:
			winners++
		case !errors.Is(err, hostclaim.ErrTaken):
			t.Errorf("a loser is told: %v", err)
		}
	}
	if winners != 1 {
		t.Errorf("%d tenants got the host", winners)
	}
}

func TestClaimOfATenantThatIsGoneIsTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.plantClaim("old.book.example", w.namespace+"/shop/7d5b2c1e-0000-4000-8000-00000000dead")
	w.apply(simpleTenant(exposed("old.book.example", byIngress)))
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
}

// Nothing is released by a Tenant that has lost its finalizer. Who waits for its host has no other message than that it is gone.
func TestHostOfATenantThatVanishedIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(named(simpleTenant(exposed("wanted.book.example", byIngress)), "first"))
	w.waitFor("first", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	w.apply(named(simpleTenant(exposed("wanted.book.example", byIngress)), "second"))
	w.waitFor("second", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHostTaken)
	w.waitReady("first")
	w.quiet()
	edit(w, &v1alpha1.Tenant{}, "first", func(o *v1alpha1.Tenant) { o.Finalizers = nil })
	w.delete(&v1alpha1.Tenant{}, "first")
	w.waitFor("second", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	w.waitReady("second")
}

// Hosts that could not be given up are held beside the one that is routed, when another tenant has the next.
func TestTheRoutedHostStaysOfSeveral(t *testing.T) {
	t.Parallel()
	for _, how := range []string{byIngress, byGateway} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.apply(simplePolicy)
			w.apply(named(simpleTenant(exposed("taken.book.example", byIngress)), "other"))
			w.apply(simpleTenant(exposed("m.book.example", how)))
			w.waitReady("other")
			shop := w.waitReady("shop")
			w.stop()
			former := []string{"a.book.example", "b.book.example", "y.book.example", "z.book.example"}
			for _, host := range former {
				w.plantClaim(host, fmt.Sprintf("%s/shop/%s", w.namespace, shop.UID))
			}
			edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Exposure.Host = "taken.book.example" })
			w.startOperator()
			taken := w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHostTaken)
			if !strings.Contains(taken.Message, "m.book.example stays routed") {
				t.Errorf("another host is routed: %s", taken.Message)
			}
			for _, host := range former {
				w.expectGone(w.claim(host))
			}
		})
	}
}

// No message of a watch tells the operator what happens in a namespace that it does not serve. There the route may still be.
func TestClaimBeyondReachIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	elsewhere := w.cluster.Namespace(t) + "/shop/7d5b2c1e-0000-4000-8000-00000000dead"
	w.plantClaim("far.book.example", elsewhere)
	w.apply(simpleTenant(exposed("far.book.example", byIngress)))
	taken := w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHostTaken)
	if want := fmt.Sprintf("kubectl delete lease -n %s %s", w.home, hostclaim.Name("far.book.example")); !strings.Contains(taken.Message, want) {
		t.Errorf("the message does not say %q: %s", want, taken.Message)
	}
	if strings.Contains(taken.Message, elsewhere) {
		t.Errorf("the loser learns who has the host: %s", taken.Message)
	}
	w.atHome().delete(&coordinationv1.Lease{}, hostclaim.Name("far.book.example"))
	w.waitFor("shop", v1alpha1.ConditionRouteAccepted, metav1.ConditionTrue, v1alpha1.ReasonRouteAccepted)
	w.waitReady("shop")
}

// lagging is a cache that shows one claim as it was.
type lagging struct {
	client.Reader
	claim coordinationv1.Lease
}

func (l lagging) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if claim, ok := object.(*coordinationv1.Lease); ok {
		l.claim.DeepCopyInto(claim)
		return nil
	}
	return l.Reader.Get(ctx, key, object, options...)
}

func (l lagging) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	claims, ok := list.(*coordinationv1.LeaseList)
	if !ok {
		return fmt.Errorf("does not list %T", list)
	}
	claims.Items = []coordinationv1.Lease{*l.claim.DeepCopy()}
	return nil
}

func TestAStaleClaimIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop()
	w.apply(simplePolicy)
	for _, name := range []string{"first", "second"} {
		w.apply(named(simpleTenant(""), name))
	}
	first, second := w.tenant("first"), w.tenant("second")
	const host = "stale.book.example"
	claims := func(cached client.Reader) *hostclaim.Claims {
		return &hostclaim.Claims{
			Cached: cached, Live: w.cluster.Client, Writer: w.cluster.Client, Namespace: w.home,
			Labels: map[string]string{"app.kubernetes.io/managed-by": "frontdesk-operator"},
		}
	}
	ctx, operator := t.Context(), claims(w.cluster.Client)
	if err := operator.Take(ctx, host, first); err != nil {
		t.Fatal(err)
	}
	cache := lagging{Reader: w.cluster.Client}
	w.atHome().get(&cache.claim, hostclaim.Name(host))
	operator.Cached = cache
	if err := operator.Take(ctx, host, first); err != nil {
		t.Fatalf("of the tenant's own claim: %v", err)
	}
	if err := operator.ReleaseAllBut(ctx, "", first); err != nil {
		t.Fatal(err)
	}
	if err := claims(w.cluster.Client).Take(ctx, host, second); err != nil {
		t.Fatal(err)
	}
	for name, process := range map[string]*hostclaim.Claims{"who released it": operator, "who just started": claims(cache)} {
		if err := process.Take(ctx, host, first); !errors.Is(err, hostclaim.ErrTaken) {
			t.Errorf("%s gives the host to two tenants: %v", name, err)
		}
		if holds, err := process.Holds(ctx, host, first); holds || err != nil {
			t.Errorf("%s says that the first holds it: %v, %v", name, holds, err)
		}
	}
}

// plantClaim makes a claim as an operator would for a holder, namespace/name/uid.
func (w *world) plantClaim(host, holder string) {
	w.t.Helper()
	claim := w.claim(host)
	claim.Labels = map[string]string{"app.kubernetes.io/managed-by": "frontdesk-operator"}
	claim.Annotations = map[string]string{hostclaim.HostAnnotation: host}
	claim.Spec.HolderIdentity = &holder
	if err := w.cluster.Client.Create(w.t.Context(), claim); err != nil {
		w.t.Fatal(err)
	}
}
