package hostclaim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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

// ErrTaken says that another tenant has the host. It does not say which: that is none of the loser's business.
var ErrTaken = errors.New("another tenant of this cluster has the host")

// Claims takes and releases hosts. All fields are required.
type Claims struct {
	// Cached answers for Tenants and for claims; the latter with index.ClaimsByHolder.
	Cached client.Reader
	// Live reads past the cache.
	Live   client.Reader
	Writer client.Writer
	// Namespace of the operator, which holds the claims.
	Namespace string
	// Labels of every claim, by which the cache selects them.
	Labels map[string]string
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

// Take makes the host the tenant's. It returns ErrTaken when it is another's, and asks the API server nothing
// when the cache shows that it is the tenant's already, or that its holder exists.
func (c *Claims) Take(ctx context.Context, host string, t *v1alpha1.Tenant) error {
	claim := &coordinationv1.Lease{}
	key := client.ObjectKey{Namespace: c.Namespace, Name: Name(host)}
	err := c.Cached.Get(ctx, key, claim)
	if apierrors.IsNotFound(err) {
		if err = c.create(ctx, host, t); err == nil || !apierrors.IsAlreadyExists(err) {
			return err
		}
		err = c.Live.Get(ctx, key, claim)
	}
	if err != nil {
		return fmt.Errorf("read the claim to host %s: %w", host, err)
	}
	if ptr.Deref(claim.Spec.HolderIdentity, "") == holderOf(t).String() {
		return nil
	}
	return c.takeOver(ctx, claim, host, t)
}

func (c *Claims) create(ctx context.Context, host string, t *v1alpha1.Tenant) error {
	claim := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: Name(host), Labels: c.Labels, Annotations: map[string]string{HostAnnotation: host},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To(holderOf(t).String())},
	}
	if err := c.Writer.Create(ctx, claim); apierrors.IsAlreadyExists(err) {
		return err
	} else if err != nil {
		return fmt.Errorf("claim host %s: %w", host, err)
	}
	return nil
}

// takeOver takes a claim whose holder exists no more. A claim that names nobody is somebody's whom we do not
// know.
func (c *Claims) takeOver(ctx context.Context, claim *coordinationv1.Lease, host string, t *v1alpha1.Tenant) error {
	former, ok := parse(claim)
	if !ok {
		return ErrTaken
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
	claim.Spec.HolderIdentity = ptr.To(holderOf(t).String())
	// The resourceVersion is the one that was read: of several who take over only one succeeds.
	if err := c.Writer.Update(ctx, claim); err != nil {
		return fmt.Errorf("take over host %s, whose tenant is gone: %w", host, err)
	}
	return nil
}

// Held lists the claims of a tenant.
func (c *Claims) Held(ctx context.Context, t *v1alpha1.Tenant) ([]coordinationv1.Lease, error) {
	var claims coordinationv1.LeaseList
	if err := c.Cached.List(ctx, &claims, client.InNamespace(c.Namespace), client.MatchingFields{index.ClaimsByHolder: holderOf(t).String()}); err != nil {
		return nil, fmt.Errorf("list claims to hosts: %w", err)
	}
	return claims.Items, nil
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
		only := client.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion}
		if err := c.Writer.Delete(ctx, &claim, only); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("release host %s: %w", claim.Annotations[HostAnnotation], err)
		}
	}
	return nil
}
