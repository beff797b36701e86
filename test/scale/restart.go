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
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// drift is something that somebody does to an object behind the operator's back, and how to tell that it was undone.
type drift struct {
	name     string
	do       func(ctx context.Context, c client.Client, of client.ObjectKey) error
	repaired func(ctx context.Context, c client.Client, of client.ObjectKey) (bool, error)
}

// patched makes a drift of a merge patch to an object of the tenant; broken says whether it can still be seen.
func patched[T client.Object](name string, empty func() T, suffix, patch, owner string, broken func(T) bool) drift {
	named := func(of client.ObjectKey) T {
		object := empty()
		object.SetNamespace(of.Namespace)
		object.SetName(v1alpha1.OwnedNamePrefix + of.Name + suffix)
		return object
	}
	return drift{
		name: name,
		do: func(ctx context.Context, c client.Client, of client.ObjectKey) error {
			return c.Patch(ctx, named(of), client.RawPatch(mergePatch, []byte(patch)), client.FieldOwner(owner))
		},
		repaired: func(ctx context.Context, c client.Client, of client.ObjectKey) (bool, error) {
			object := named(of)
			if err := c.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
				return false, client.IgnoreNotFound(err)
			}
			return !broken(object), nil
		},
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
	patched("a Deployment's grace period", newOf[appsv1.Deployment], "",
		`{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}`, stranger,
		func(d *appsv1.Deployment) bool {
			return d.Spec.Template.Spec.TerminationGracePeriodSeconds == nil || *d.Spec.Template.Spec.TerminationGracePeriodSeconds == 1
		}),
	patched("a Service's selector", newOf[corev1.Service], "",
		`{"spec":{"selector":{"app.kubernetes.io/name":"other"}}}`, stranger,
		func(s *corev1.Service) bool { return s.Spec.Selector["app.kubernetes.io/name"] == "other" }),
	patched("a Secret's key added", newOf[corev1.Secret], configSecretName,
		`{"stringData":{"planted":"value"}}`, stranger,
		func(s *corev1.Secret) bool { return len(s.Data["planted"]) > 0 }),
	patched("a NetworkPolicy opened", newOf[networkingv1.NetworkPolicy], "",
		`{"spec":{"ingress":[{}]}}`, stranger,
		func(p *networkingv1.NetworkPolicy) bool {
			return len(p.Spec.Ingress) == 1 && len(p.Spec.Ingress[0].From) == 0 && len(p.Spec.Ingress[0].Ports) == 0
		}),
	patched("an autoscaler's maximum, in the operator's name", newOf[autoscalingv2.HorizontalPodAutoscaler], "",
		`{"spec":{"maxReplicas":99}}`, "frontdesk-operator",
		func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return h.Spec.MaxReplicas == 99 }),
	patched("managed fields stripped, and a label gone", newOf[corev1.ServiceAccount], "",
		`{"metadata":{"managedFields":[{}],"labels":{"app.kubernetes.io/part-of":null}}}`, stranger,
		func(a *corev1.ServiceAccount) bool { return a.Labels["app.kubernetes.io/part-of"] == "" }),
	deleted("a Service deleted", newOf[corev1.Service]),
	deleted("a Deployment deleted", newOf[appsv1.Deployment]),
	deleted("a PodDisruptionBudget deleted", newOf[policyv1.PodDisruptionBudget]),
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
