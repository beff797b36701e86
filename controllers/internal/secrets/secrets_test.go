package secrets_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/secrets"
)

// counting counts what is read past the cache.
type counting struct {
	client.Reader
	reads int
}

func (c *counting) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	c.reads++
	return c.Reader.Get(ctx, key, into, options...)
}

func TestWhatThisProcessMadeIsReadWhenItIsAnotherVersion(t *testing.T) {
	t.Parallel()
	stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "corner", Name: "key", UID: "one"}, Data: map[string][]byte{"key": []byte("stored")}}
	server := fake.NewClientBuilder().WithObjects(stored).Build()
	key := client.ObjectKeyFromObject(stored)
	if err := server.Get(t.Context(), key, stored); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		version string
		want    string
		reads   int
	}{
		"the version that was made": {stored.ResourceVersion, "made", 0},
		"another since":             {"before", "stored", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			live := &counting{Reader: server}
			reader := &secrets.Reader{Cached: server, Live: live}
			made := stored.DeepCopy()
			made.ResourceVersion, made.Data = test.version, map[string][]byte{"key": []byte("made")}
			reader.Made(made)
			got, err := reader.Get(t.Context(), key)
			if err != nil || got == nil {
				t.Fatalf("%v, %v", got, err)
			}
			if string(got.Data["key"]) != test.want || live.reads != test.reads {
				t.Errorf("it holds %q after %d reads, want %q after %d", got.Data["key"], live.reads, test.want, test.reads)
			}
		})
	}
}

func TestWhatNobodyNamesAnyMoreIsForgotten(t *testing.T) {
	t.Parallel()
	stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "corner", Name: "db", UID: "one"}, Data: map[string][]byte{"url": []byte("postgres://")}}
	server := fake.NewClientBuilder().WithObjects(stored).Build()
	live := &counting{Reader: server}
	reader := &secrets.Reader{Cached: server, Live: live}
	key := client.ObjectKeyFromObject(stored)
	one, two := client.ObjectKey{Namespace: "corner", Name: "one"}, client.ObjectKey{Namespace: "corner", Name: "two"}
	for _, step := range []struct {
		what  string
		names func()
		reads int
	}{
		{"both name it", func() { reader.Names(one, key); reader.Names(two, key) }, 1},
		{"one names another instead", func() { reader.Names(one, client.ObjectKey{Namespace: "corner", Name: "other"}) }, 1},
		{"the other is gone", func() { reader.Names(two) }, 2},
	} {
		step.names()
		if secret, err := reader.Get(t.Context(), key); secret == nil || err != nil {
			t.Fatalf("%s: %v, %v", step.what, secret, err)
		}
		if live.reads != step.reads {
			t.Errorf("%s: it was read %d times, want %d", step.what, live.reads, step.reads)
		}
	}
}
