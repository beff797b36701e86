package hostclaim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/index"
)

// HostAnnotation on a claim is the host that it is about.
const HostAnnotation = "frontdesk.dev/host"

var (
	// ErrTaken says that another tenant has the host. It does not say which: that is none of the loser's business.
	ErrTaken = errors.New("another tenant of this cluster has the host")
	// ErrBeyondReach says that the claim is of a tenant in a namespace that this installation does not serve, so that
	// nobody can tell whether it still exists and is routed. Only a person can give such a claim up.
	ErrBeyondReach = fmt.Errorf("%w, in a namespace that this operator does not serve", ErrTaken)
)

// Claims takes and releases hosts. All exported fields but Namespaces are required. It is safe for concurrent use.
type Claims struct {
	// Cached answers for Tenants and for claims; the latter with index.ClaimsByHolder.
	Cached client.Reader
	// Live reads past the cache.
	Live   client.Reader
	Writer client.Writer
	// Namespace of the operator, which holds the claims.
	Namespace string
	// Namespaces are those whose Tenants may be read; none means all.
	Namespaces []string
	// Labels of every claim, by which the cache selects them.
	Labels map[string]string

	seen sightings
}

// holder identifies a tenant for all time.
type holder struct {
	types.NamespacedName
	uid types.UID
}

func holderOf(t *v1alpha1.Tenant) holder { return holder{client.ObjectKeyFromObject(t), t.UID} }

func (h holder) String() string { return fmt.Sprintf("%s/%s/%s", h.Namespace, h.Name, h.uid) }

// HolderOf returns who holds a claim; false when it names nobody.
func HolderOf(claim *coordinationv1.Lease) (types.NamespacedName, bool) {
	h, ok := parse(claim)
	return h.NamespacedName, ok
}

func parse(claim *coordinationv1.Lease) (holder, bool) {
	parts := strings.Split(ptr.Deref(claim.Spec.HolderIdentity, ""), "/")
	if len(parts) != 3 {
		return holder{}, false
	}
	return holder{types.NamespacedName{Namespace: parts[0], Name: parts[1]}, types.UID(parts[2])}, true
}

// Name of the claim to a host. Names of objects are shorter than hosts may be.
func Name(host string) string {
	sum := sha256.Sum256([]byte(host))
	return "frontdesk-host-" + hex.EncodeToString(sum[:16])
}

// Take makes the host the tenant's. It returns ErrTaken, or ErrBeyondReach which is one, when it is another's. It asks
// the API server nothing when the cache shows what that has shown before.
func (c *Claims) Take(ctx context.Context, host string, t *v1alpha1.Tenant) error {
	claim, err := c.find(ctx, host)
	if err == nil && claim == nil {
		if err = c.create(ctx, host, t); err == nil || !apierrors.IsAlreadyExists(err) {
			return err
		}
		claim, err = c.live(ctx, host)
	}
	switch {
	case err != nil:
		return err
	case claim == nil:
		return fmt.Errorf("claim host %s: it was claimed and given up just now", host)
	case ptr.Deref(claim.Spec.HolderIdentity, "") == holderOf(t).String():
		return nil
	}
	return c.takeOver(ctx, claim, host, t)
}

// Holds says that the host is the tenant's already.
func (c *Claims) Holds(ctx context.Context, host string, t *v1alpha1.Tenant) (bool, error) {
	claim, err := c.find(ctx, host)
	return claim != nil && ptr.Deref(claim.Spec.HolderIdentity, "") == holderOf(t).String(), err
}

// find returns the claim to a host, or nil when the cache knows of none: to create one then tells the truth. A claim
// that the cache shows and the API server has not is looked at there. It may be one that was given up since, and
// another's by now.
func (c *Claims) find(ctx context.Context, host string) (*coordinationv1.Lease, error) {
	if err := c.seen.survey(ctx, c.list); err != nil {
		return nil, err
	}
	claim := &coordinationv1.Lease{}
	switch err := c.Cached.Get(ctx, c.key(host), claim); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the claim to host %s: %w", host, err)
	case c.seen.knows(claim):
		return claim, nil
	}
	return c.live(ctx, host)
}

// live returns the claim to a host as it is now, or nil when there is none.
func (c *Claims) live(ctx context.Context, host string) (*coordinationv1.Lease, error) {
	claim, at := &coordinationv1.Lease{}, c.seen.now()
	if err := c.Live.Get(ctx, c.key(host), claim); apierrors.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the claim to host %s: %w", host, err)
	}
	c.seen.add(claim, at)
	return claim, nil
}

func (c *Claims) list(ctx context.Context) ([]coordinationv1.Lease, error) {
	var claims coordinationv1.LeaseList
	if err := c.Live.List(ctx, &claims, client.InNamespace(c.Namespace), client.MatchingLabels(c.Labels)); err != nil {
		return nil, fmt.Errorf("list claims to hosts: %w", err)
	}
	return claims.Items, nil
}

func (c *Claims) key(host string) client.ObjectKey {
	return client.ObjectKey{Namespace: c.Namespace, Name: Name(host)}
}

func (c *Claims) create(ctx context.Context, host string, t *v1alpha1.Tenant) error {
	claim, at := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: Name(host), Labels: c.Labels, Annotations: map[string]string{HostAnnotation: host},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To(holderOf(t).String())},
	}, c.seen.now()
	if err := c.Writer.Create(ctx, claim); apierrors.IsAlreadyExists(err) {
		return err
	} else if err != nil {
		return fmt.Errorf("claim host %s: %w", host, err)
	}
	c.seen.add(claim, at)
	return nil
}

// takeOver takes a claim whose holder exists no more. A claim that names nobody is somebody's whom we do not
// know.
func (c *Claims) takeOver(ctx context.Context, claim *coordinationv1.Lease, host string, t *v1alpha1.Tenant) error {
	former, ok := parse(claim)
	switch {
	case !ok:
		return ErrTaken
	case len(c.Namespaces) > 0 && !slices.Contains(c.Namespaces, former.Namespace):
		return ErrBeyondReach
	}
	// The cache may lag behind a tenant that was just made, so that only the API server can say that it is gone.
	for _, reader := range []client.Reader{c.Cached, c.Live} {
		found := &v1alpha1.Tenant{}
		switch err := reader.Get(ctx, former.NamespacedName, found); {
		case err == nil && found.UID == former.uid:
			return ErrTaken
		case client.IgnoreNotFound(err) != nil:
			return fmt.Errorf("look for the holder of host %s: %w", host, err)
		}
	}
	taken, at := claim.DeepCopy(), c.seen.now()
	taken.Spec.HolderIdentity = ptr.To(holderOf(t).String())
	// The resourceVersion is the one that was read: of several who take over only one succeeds.
	if err := c.Writer.Update(ctx, taken); err != nil {
		return fmt.Errorf("take over host %s, whose tenant is gone: %w", host, err)
	}
	c.seen.add(taken, at)
	return nil
}

// Held lists the claims of a tenant, as far as the cache knows.
func (c *Claims) Held(ctx context.Context, t *v1alpha1.Tenant) ([]coordinationv1.Lease, error) {
	var claims coordinationv1.LeaseList
	if err := c.Cached.List(ctx, &claims, client.InNamespace(c.Namespace), client.MatchingFields{index.ClaimsByHolder: holderOf(t).String()}); err != nil {
		return nil, fmt.Errorf("list claims to hosts: %w", err)
	}
	return claims.Items, nil
}

// ReleaseOfGone gives up the hosts of tenants of a name that exist no more.
func (c *Claims) ReleaseOfGone(ctx context.Context, name types.NamespacedName) error {
	var claims coordinationv1.LeaseList
	if err := c.Cached.List(ctx, &claims, client.InNamespace(c.Namespace), client.MatchingLabels(c.Labels), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list claims to hosts: %w", err)
	}
	for i := range claims.Items {
		former, ok := parse(&claims.Items[i])
		if !ok || former.NamespacedName != name {
			continue
		}
		found := &v1alpha1.Tenant{}
		switch err := c.Live.Get(ctx, name, found); {
		case err == nil && found.UID == former.uid:
			continue // the cache lags behind a tenant that was just made
		case client.IgnoreNotFound(err) != nil:
			return fmt.Errorf("look for the holder of host %s: %w", claims.Items[i].Annotations[HostAnnotation], err)
		}
		if err := c.release(ctx, claims.Items[i].DeepCopy()); err != nil {
			return err
		}
	}
	return nil
}

// ReleaseAllBut gives up every host of a tenant but one; "" for all of them.
func (c *Claims) ReleaseAllBut(ctx context.Context, host string, t *v1alpha1.Tenant) error {
	claims, err := c.Held(ctx, t)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if claim.Annotations[HostAnnotation] == host && host != "" {
			continue
		}
		if err := c.release(ctx, &claim); err != nil {
			return err
		}
	}
	return nil
}

// release deletes a claim as it was read: nobody has taken it over since.
func (c *Claims) release(ctx context.Context, claim *coordinationv1.Lease) error {
	c.seen.drop(claim.Name)
	only := client.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion}
	if err := c.Writer.Delete(ctx, claim, only); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("release host %s: %w", claim.Annotations[HostAnnotation], err)
	}
	return nil
}
