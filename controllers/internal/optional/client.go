package optional

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Client returns a client that gets optional kinds from their own caches, and does everything else as next
// does. To get a kind that is not served is a meta.NoKindMatchError.
func (a *APIs) Client(next client.Client) client.Client { return &routed{Client: next, apis: a} }

type routed struct {
	client.Client
	apis *APIs
}

func (c *routed) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	gvk := object.GetObjectKind().GroupVersionKind()
	r, optional := c.apis.cacheOf(gvk.GroupKind())
	switch {
	case !optional:
		return c.Client.Get(ctx, key, object, options...)
	case r == nil:
		return &meta.NoKindMatchError{GroupKind: gvk.GroupKind(), SearchedVersions: []string{gvk.Version}}
	default:
		return r.cache.Get(ctx, key, object, options...)
	}
}
