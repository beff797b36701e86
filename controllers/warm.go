package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/secrets"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// errCold is why a process is not ready.
var errCold = errors.New("the caches are not filled yet")

// warmth tells when a process has read what there is, and could lead at once. An upgrade that waits for it replaces a
// leader by one that goes on where the other ended, instead of one that reads a thousand tenants first.
type warmth struct {
	cache cache.Cache
	apis  *optional.APIs
	// secrets are read in namespaces, or all of them.
	secrets    *secrets.Reader
	namespaces []string
	warm       atomic.Bool
}

// Warmup returns when the caches are filled. The manager calls it before it tries to lead.
func (w *warmth) Warmup(ctx context.Context) error {
	for _, object := range watched() {
		if _, err := w.cache.GetInformer(ctx, object); err != nil {
			return fmt.Errorf("fill the cache of %T: %w", object, err)
		}
	}
	if err := w.apis.WaitForSync(ctx); err != nil {
		return err
	}
	if err := w.secrets.Fill(ctx, client.MatchingLabelsSelector{Selector: ours()}, tenant.ReadsSecret, w.namespaces...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not read the Secrets of all tenants at once; each is read when it is needed")
	}
	w.warm.Store(true)
	return nil
}

// Start makes it a manager.Runnable; there is nothing left to do for a leader.
func (w *warmth) Start(context.Context) error { return nil }

// check is a healthz.Checker.
func (w *warmth) check(*http.Request) error {
	if !w.warm.Load() {
		return errCold
	}
	return nil
}

func addReadiness(manager ctrl.Manager, apis *optional.APIs, read *secrets.Reader, namespaces []string) error {
	w := &warmth{cache: manager.GetCache(), apis: apis, secrets: read, namespaces: namespaces}
	if err := errors.Join(manager.Add(w), manager.AddReadyzCheck("caches", w.check)); err != nil {
		return fmt.Errorf("add the readiness check: %w", err)
	}
	return nil
}

// watched are the kinds that the controllers watch, in the form in which they are cached: another form of one would be
// another cache.
func watched() []client.Object {
	objects := []client.Object{
		&v1alpha1.Tenant{}, &v1alpha1.BookingPolicy{}, &v1alpha1.Campaign{},
		&appsv1.Deployment{}, &batchv1.Job{}, &corev1.PersistentVolumeClaim{}, &corev1.Pod{}, &coordinationv1.Lease{}, &corev1.ConfigMap{},
	}
	for _, kind := range []schema.GroupVersionKind{
		corev1.SchemeGroupVersion.WithKind("Service"),
		corev1.SchemeGroupVersion.WithKind("ServiceAccount"),
		corev1.SchemeGroupVersion.WithKind("Secret"),
		policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"),
		networkingv1.SchemeGroupVersion.WithKind("Ingress"),
		networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"),
		autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"),
	} {
		metadata := &metav1.PartialObjectMetadata{}
		metadata.SetGroupVersionKind(kind)
		objects = append(objects, metadata)
	}
	return objects
}
