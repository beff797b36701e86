package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// drift is something that somebody does to an object behind the operator's back, and how to tell that it was undone.
type drift struct {
	name     string
	do       func(ctx context.Context, c client.Client, of client.ObjectKey) error
	repaired func(ctx context.Context, c client.Client, of client.ObjectKey) (bool, error)
}

// altered makes a drift of a change to an object of the tenant; broken says whether it can still be seen.
func altered[T client.Object](name string, empty func() T, suffix string, alter alteration[T], broken func(T) bool) drift {
	named := func(of client.ObjectKey) T {
		object := empty()
		object.SetNamespace(of.Namespace)
		object.SetName(v1alpha1.OwnedNamePrefix + of.Name + suffix)
		return object
	}
	return drift{
		name: name,
		do:   func(ctx context.Context, c client.Client, of client.ObjectKey) error { return alter(ctx, c, named(of)) },
		repaired: func(ctx context.Context, c client.Client, of client.ObjectKey) (bool, error) {
			object := named(of)
			if err := c.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
				return false, client.IgnoreNotFound(err)
			}
			return !broken(object), nil
		},
	}
}

// alteration is a way to write an object, of which only the name is given.
type alteration[T client.Object] func(ctx context.Context, c client.Client, object T) error

// merged is a merge patch, as of `kubectl edit`.
func merged[T client.Object](patch, owner string) alteration[T] {
	return func(ctx context.Context, c client.Client, object T) error {
		return c.Patch(ctx, object, client.RawPatch(mergePatch, []byte(patch)), client.FieldOwner(owner))
	}
}

// forced is a server-side apply by force, which takes fields from the operator. The configuration has a verb for the name.
func forced[T client.Object](configuration string) alteration[T] {
	return func(ctx context.Context, c client.Client, object T) error {
		patch := client.RawPatch(types.ApplyPatchType, fmt.Appendf(nil, configuration, object.GetName()))
		return c.Patch(ctx, object, patch, client.FieldOwner(stranger), client.ForceOwnership)
	}
}

// put writes the whole object back, as of `kubectl replace`.
func put[T client.Object](change func(T)) alteration[T] {
	return func(ctx context.Context, c client.Client, object T) error {
		return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			if err := c.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
				return err
			}
			change(object)
			return c.Update(ctx, object, client.FieldOwner(stranger))
		})
	}
}

// recreated deletes the object and makes another with the same metadata, as of `kubectl replace --force`.
func recreated[T client.Object](change func(T)) alteration[T] {
	return func(ctx context.Context, c client.Client, object T) error {
		if err := c.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		if err := c.Delete(ctx, object); err != nil {
			return err
		}
		change(object)
		object.SetUID("")
		object.SetResourceVersion("")
		object.SetManagedFields(nil)
		return c.Create(ctx, object, client.FieldOwner(stranger))
	}
}

// deleted makes a drift of the deletion of an object of the tenant.
func deleted[T client.Object](name string, empty func() T) drift {
	named := func(of client.ObjectKey) T {
		object := empty()
		object.SetNamespace(of.Namespace)
		object.SetName(v1alpha1.OwnedNamePrefix + of.Name)
		return object
	}
	return drift{
		name: name,
		do:   func(ctx context.Context, c client.Client, of client.ObjectKey) error { return c.Delete(ctx, named(of)) },
		repaired: func(ctx context.Context, c client.Client, of client.ObjectKey) (bool, error) {
			object := named(of)
			err := c.Get(ctx, client.ObjectKeyFromObject(object), object)
			if apierrors.IsNotFound(err) {
				return false, nil
			}
			return err == nil, err
		},
	}
}

const stranger = "somebody-else"

func newOf[T any]() *T { return new(T) }

// drifts are made while no operator runs, each to another tenant.
var drifts = []drift{
	altered("a Deployment's grace period, by a PUT", newOf[appsv1.Deployment], "",
		put(func(d *appsv1.Deployment) { d.Spec.Template.Spec.TerminationGracePeriodSeconds = ptr.To(int64(1)) }),
		func(d *appsv1.Deployment) bool {
			return d.Spec.Template.Spec.TerminationGracePeriodSeconds == nil || *d.Spec.Template.Spec.TerminationGracePeriodSeconds == 1
		}),
	altered("a Service's selector, applied by force", newOf[corev1.Service], "",
		forced[*corev1.Service](`{"apiVersion":"v1","kind":"Service","metadata":{"name":%q},"spec":{"selector":{"app.kubernetes.io/name":"other"}}}`),
		func(s *corev1.Service) bool { return s.Spec.Selector["app.kubernetes.io/name"] == "other" }),
	altered("a Secret's key added", newOf[corev1.Secret], configSecretName,
		merged[*corev1.Secret](`{"stringData":{"planted":"value"}}`, stranger),
		func(s *corev1.Secret) bool { return len(s.Data["planted"]) > 0 }),
	altered("a NetworkPolicy opened", newOf[networkingv1.NetworkPolicy], "",
		merged[*networkingv1.NetworkPolicy](`{"spec":{"ingress":[{}]}}`, stranger),
		func(p *networkingv1.NetworkPolicy) bool {
			return len(p.Spec.Ingress) == 1 && len(p.Spec.Ingress[0].From) == 0 && len(p.Spec.Ingress[0].Ports) == 0
		}),
	altered("an autoscaler's maximum, in the operator's name", newOf[autoscalingv2.HorizontalPodAutoscaler], "",
		merged[*autoscalingv2.HorizontalPodAutoscaler](`{"spec":{"maxReplicas":99}}`, "frontdesk-operator"),
		func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return h.Spec.MaxReplicas == 99 }),
	altered("managed fields stripped, and a label gone", newOf[corev1.ServiceAccount], "",
		merged[*corev1.ServiceAccount](`{"metadata":{"managedFields":[{}],"labels":{"app.kubernetes.io/part-of":null}}}`, stranger),
		func(a *corev1.ServiceAccount) bool { return a.Labels["app.kubernetes.io/part-of"] == "" }),
	altered("a PodDisruptionBudget replaced by another", newOf[policyv1.PodDisruptionBudget], "",
		recreated(func(b *policyv1.PodDisruptionBudget) { b.Spec.MaxUnavailable = ptr.To(intstr.FromInt32(0)) }),
		func(b *policyv1.PodDisruptionBudget) bool {
			return b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.IntValue() == 0
		}),
	deleted("a Service deleted", newOf[corev1.Service]),
	deleted("a Deployment deleted", newOf[appsv1.Deployment]),
}

// plant makes every kind of drift, and sees that it is there: what was never broken is no repair.
func (c *cluster) plant(ctx context.Context) error {
	for i, d := range drifts {
		if err := d.do(ctx, c.client, place(i)); err != nil {
			return fmt.Errorf("make a drift (%s): %w", d.name, err)
		}
		if whole, err := d.repaired(ctx, c.client, place(i)); err != nil || whole {
			return fmt.Errorf("%s had no effect: %w", d.name, cmp.Or(err, errNoDrift))
		}
	}
	return nil
}

var errNoDrift = errors.New("the object is as the operator left it")

// awaitRepairs waits until every drift is undone. One that was is not looked at again: the questions cost what is measured.
func (c *cluster) awaitRepairs(ctx context.Context) error {
	left := maps.Collect(slices.All(drifts))
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, convergePatience, true, func(ctx context.Context) (bool, error) {
		for i, d := range left {
			done, err := d.repaired(ctx, c.client, place(i))
			if err != nil {
				return false, err
			}
			if done {
				delete(left, i)
			}
		}
		return len(left) == 0, nil
	})
	if err == nil {
		return nil
	}
	for i, d := range left {
		err = errors.Join(err, fmt.Errorf("not repaired at %s: %s", place(i), d.name))
	}
	return err
}

// checkRepairs says which drifts are there again.
func (c *cluster) checkRepairs(ctx context.Context) error {
	var broken error
	for i, d := range drifts {
		whole, err := d.repaired(ctx, c.client, place(i))
		if err != nil {
			return err
		}
		if !whole {
			broken = errors.Join(broken, fmt.Errorf("repaired at %s, and broken again: %s", place(i), d.name))
		}
	}
	return broken
}

const (
	// passesMetric counts the passes of all controllers.
	passesMetric = "controller_runtime_reconcile_total"
	// reportedMetric counts the tenants on which a pass has reported since the operator leads.
	reportedMetric = "frontdesk_rollout_tenants"
)

// awaitPasses waits until the operator has looked at n tenants and has nothing left to do, twice in a row: what is news to it
// waits for a moment in no queue that can be seen.
func (o *operator) awaitPasses(ctx context.Context, n int) error {
	calm := 0
	return wait.PollUntilContextTimeout(ctx, 150*time.Millisecond, convergePatience, true, func(ctx context.Context) (bool, error) {
		reported, err := o.metric(ctx, reportedMetric)
		if err != nil {
			return false, nil //nolint:nilerr // it is still starting
		}
		waiting, err := o.metric(ctx, "workqueue_depth")
		calm++
		if reported < float64(n) || waiting > 0 {
			calm = 0
		}
		return calm == 2, err
	})
}
