package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

const (
	// rawPrefix begins the namespaces of objects that no operator made.
	rawPrefix = "raw-"
	// rawManager stands in their label, so that the operator's cache does not hold them.
	rawManager = "scale-raw"
	// modelNamespace and modelTenant are what the copies are made from.
	modelNamespace, modelTenant = "scale-model", "tenant-model"
)

// model lets the operator make one tenant and returns its objects as text, for copies under other names.
func (c *cluster) model(ctx context.Context) ([]string, error) {
	if err := c.applyYAML(ctx, fmt.Appendf(nil, surroundings, modelNamespace)); err != nil {
		return nil, err
	}
	if err := c.applyYAML(ctx, fmt.Appendf(nil, business, modelNamespace, modelTenant)); err != nil {
		return nil, err
	}
	if _, err := c.awaitTenants(ctx, 1, time.Minute, ready); err != nil {
		return nil, err
	}
	made := &v1alpha1.Tenant{}
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: modelNamespace, Name: modelTenant}, made); err != nil {
		return nil, err
	}
	var objects []string
	for _, item := range made.Status.Inventory {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(schema.GroupVersionKind{Group: item.Group, Version: item.Version, Kind: item.Kind})
		if err := c.client.Get(ctx, client.ObjectKey{Namespace: modelNamespace, Name: item.Name}, object); err != nil {
			return nil, err
		}
		text, err := json.Marshal(asApplied(object))
		if err != nil {
			return nil, err
		}
		objects = append(objects, string(text))
	}
	claims, err := c.modelClaims(ctx)
	if err != nil {
		return nil, err
	}
	return append(objects, claims...), c.remove(ctx, modelNamespace)
}

// modelClaims are the model's claims to hosts, which the operator makes in its own namespace. Copies are made in the
// tenant's, and go with it.
func (c *cluster) modelClaims(ctx context.Context) ([]string, error) {
	var claims coordinationv1.LeaseList
	ours := client.MatchingLabels{tenant.ManagedByLabel: tenant.ManagedBy}
	if err := c.client.List(ctx, &claims, client.InNamespace(operatorNamespace), ours); err != nil {
		return nil, err
	}
	var texts []string
	for i := range claims.Items {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&claims.Items[i])
		if err != nil {
			return nil, err
		}
		claim := &unstructured.Unstructured{Object: content}
		claim.SetGroupVersionKind(coordinationv1.SchemeGroupVersion.WithKind("Lease"))
		claim.SetName(fmt.Sprintf("host-%d-%s", i, modelTenant))
		claim.SetNamespace(modelNamespace)
		text, err := json.Marshal(asApplied(claim))
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// asApplied drops what the API server adds.
func asApplied(object *unstructured.Unstructured) map[string]any {
	labels := object.GetLabels()
	labels[tenant.ManagedByLabel] = rawManager
	slim := &unstructured.Unstructured{Object: object.DeepCopy().Object}
	for _, path := range [][]string{{"status"}, {"metadata"}, {"spec", "clusterIP"}, {"spec", "clusterIPs"}} {
		unstructured.RemoveNestedField(slim.Object, path...)
	}
	slim.SetName(object.GetName())
	slim.SetNamespace(object.GetNamespace())
	slim.SetLabels(labels)
	slim.SetAnnotations(object.GetAnnotations())
	return slim.Object
}

// rawResult is how long it took without an operator.
type rawResult struct {
	applied, available time.Duration
	// cpu is the API server's processor time until all were available, in seconds.
	cpu float64
}

// applyRaw applies the model's objects under n names and waits until all pods are ready.
func (c *cluster) applyRaw(ctx context.Context, n int, model []string) (rawResult, error) {
	var namespaces []string
	for i := 0; i < n; i += perNamespace {
		namespaces = append(namespaces, rawPrefix+place(i).Namespace)
	}
	for _, name := range namespaces {
		if err := c.client.Create(ctx, namespace(name)); err != nil {
			return rawResult{}, err
		}
	}
	spent, err := c.cpu(ctx)
	if err != nil {
		return rawResult{}, err
	}
	began := time.Now()
	err = each(ctx, n, func(ctx context.Context, i int) error {
		rename := strings.NewReplacer(modelTenant, place(i).Name, modelNamespace, rawPrefix+place(i).Namespace)
		for _, text := range model {
			object := &unstructured.Unstructured{}
			if err := json.Unmarshal([]byte(rename.Replace(text)), &object.Object); err != nil {
				return err
			}
			if err := c.apply(ctx, object); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return rawResult{}, err
	}
	result := rawResult{applied: time.Since(began)}
	if err := c.awaitRaw(ctx, n); err != nil {
		return rawResult{}, err
	}
	result.available = time.Since(began)
	used, err := c.cpu(ctx)
	if err != nil {
		return rawResult{}, err
	}
	result.cpu = used - spent
	return result, c.remove(ctx, namespaces...)
}

func (c *cluster) awaitRaw(ctx context.Context, n int) error {
	return c.awaitDeployments(ctx, n, rawManager, func(*appsv1.Deployment) bool { return true })
}

// awaitImage waits until n tenants run only pods of an image.
func (c *cluster) awaitImage(ctx context.Context, n int, image string) error {
	return c.awaitDeployments(ctx, n, tenant.ManagedBy, func(d *appsv1.Deployment) bool {
		return d.Spec.Template.Spec.Containers[0].Image == image
	})
}

// awaitDeployments watches until n Deployments of a manager are as wanted and have all their pods, and no others.
func (c *cluster) awaitDeployments(ctx context.Context, n int, manager string, wanted func(*appsv1.Deployment) bool) error {
	ctx, cancel := context.WithTimeout(ctx, convergePatience)
	defer cancel()
	var list appsv1.DeploymentList
	ours := client.MatchingLabels{tenant.ManagedByLabel: manager}
	if err := c.client.List(ctx, &list, ours); err != nil {
		return err
	}
	fine := map[client.ObjectKey]bool{}
	note := func(d *appsv1.Deployment) {
		replicas := ptr.Deref(d.Spec.Replicas, 1)
		if wanted(d) && d.Status.ObservedGeneration == d.Generation && d.Status.AvailableReplicas == replicas &&
			d.Status.UpdatedReplicas == replicas && d.Status.Replicas == replicas {
			fine[client.ObjectKeyFromObject(d)] = true
			return
		}
		delete(fine, client.ObjectKeyFromObject(d))
	}
	for i := range list.Items {
		note(&list.Items[i])
	}
	changes, err := c.client.Watch(ctx, &appsv1.DeploymentList{}, ours, &client.ListOptions{Raw: from(list.ResourceVersion)})
	if err != nil {
		return err
	}
	defer changes.Stop()
	for len(fine) < n {
		select {
		case event := <-changes.ResultChan():
			if d, is := event.Object.(*appsv1.Deployment); is {
				note(d)
			}
		case <-ctx.Done():
			return fmt.Errorf("%d of %d Deployments are as wanted: %w", len(fine), n, ctx.Err())
		}
	}
	return nil
}

// remove deletes namespaces and waits until they are gone.
func (c *cluster) remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := c.client.Delete(ctx, namespace(name)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return wait.PollUntilContextTimeout(ctx, time.Second, convergePatience, true, func(ctx context.Context) (bool, error) {
		for _, name := range names {
			if err := c.client.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{}); !apierrors.IsNotFound(err) {
				return false, err
			}
		}
		return true, nil
	})
}
