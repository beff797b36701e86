// Package secrets reads the few Secrets that tenants name without caching all that exist.
//
// The cache holds only the metadata of Secrets: enough to know which exist and when one changes. The
// content of a Secret that is asked for is read live, once for each of its versions, and kept in
// memory until it changes, is released, or no tenant names it any more; those of our own that are read are filled in at a start.
// A Secret that nobody names costs its name.
package secrets

import (
	"context"
	"fmt"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Reader reads Secrets. It is safe for concurrent use.
type Reader struct {
	// Cached answers for metadata of Secrets.
	Cached client.Reader
	// Live reads past the cache.
	Live client.Reader

	mu   sync.Mutex
	kept map[types.NamespacedName]*corev1.Secret
	// named are the Secrets that each tenant names; none of a tenant that names none.
	named map[types.NamespacedName][]types.NamespacedName
}

// Metadata is the form in which Secrets are watched and cached.
func Metadata() *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return object
}

// Get returns the Secret, or nil when the cache knows of none: its watch will tell when one appears.
func (r *Reader) Get(ctx context.Context, key types.NamespacedName) (*corev1.Secret, error) {
	metadata := Metadata()
	if err := r.Cached.Get(ctx, key, metadata); apierrors.IsNotFound(err) {
		r.Release(key)
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", key.Name, err)
	}
	r.mu.Lock()
	kept := r.kept[key]
	r.mu.Unlock()
	if kept != nil && kept.UID == metadata.UID && kept.ResourceVersion == metadata.ResourceVersion {
		return kept, nil
	}
	return r.GetLive(ctx, key)
}

// GetLive returns the Secret as it is now, or nil when there is none.
func (r *Reader) GetLive(ctx context.Context, key types.NamespacedName) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := r.Live.Get(ctx, key, secret); apierrors.IsNotFound(err) {
		r.Release(key)
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", key.Name, err)
	}
	return r.keep(secret), nil
}

// Made notes a Secret that was not there before and that this process has just made, as it is in the API server now: what it
// holds is known, and need not be read. Its resourceVersion tells whether it is still so.
func (r *Reader) Made(secret *corev1.Secret) { r.keep(secret) }

// page is how many Secrets Fill reads at once: what is not wanted of them is garbage.
const page = 250

// Fill reads at once those of the selected Secrets that are wanted, by name, in namespaces; none means all. It is for a
// start, after which each of thousands would be asked for by itself.
func (r *Reader) Fill(ctx context.Context, selected client.ListOption, wanted func(name string) bool, namespaces ...string) error {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		for next := ""; ; {
			var list corev1.SecretList
			if err := r.Live.List(ctx, &list, selected, client.InNamespace(namespace), client.Limit(page), client.Continue(next)); err != nil {
				return fmt.Errorf("read Secrets: %w", err)
			}
			for i := range list.Items {
				if wanted(list.Items[i].Name) {
					r.keep(list.Items[i].DeepCopy()) // by itself, so that the page goes
				}
			}
			if next = list.Continue; next == "" {
				break
			}
		}
	}
	return nil
}

// keep remembers a Secret, and returns what it remembers.
func (r *Reader) keep(secret *corev1.Secret) *corev1.Secret {
	key := client.ObjectKeyFromObject(secret)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(secret.Data, corev1.TLSPrivateKeyKey) // of a certificate only the public part is ever looked at
	// The rest is often more than the content, and of no use here.
	secret.ObjectMeta = metav1.ObjectMeta{
		Namespace: key.Namespace, Name: key.Name, UID: secret.UID, ResourceVersion: secret.ResourceVersion,
		Annotations: secret.Annotations, OwnerReferences: secret.OwnerReferences,
	}
	if r.kept == nil {
		r.kept = map[types.NamespacedName]*corev1.Secret{}
	}
	r.kept[key] = secret
	return secret
}

// Names notes which Secrets a tenant names now. The content of one that it named before, and that no tenant names any more, is
// forgotten.
func (r *Reader) Names(tenant types.NamespacedName, secrets ...types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.named[tenant]
	if slices.Equal(before, secrets) {
		return
	}
	if r.named == nil {
		r.named = map[types.NamespacedName][]types.NamespacedName{}
	}
	if r.named[tenant] = secrets; len(secrets) == 0 {
		delete(r.named, tenant)
	}
	for _, key := range before {
		if !r.isNamed(key) {
			delete(r.kept, key)
		}
	}
}

// isNamed says that a tenant names the Secret. The caller holds the lock.
func (r *Reader) isNamed(key types.NamespacedName) bool {
	for _, secrets := range r.named {
		if slices.Contains(secrets, key) {
			return true
		}
	}
	return false
}

// Release forgets the content of a Secret.
func (r *Reader) Release(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, key)
}
