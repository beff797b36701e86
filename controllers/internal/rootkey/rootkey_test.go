package rootkey_test

import (
	"bytes"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rootkey"
)

func TestDeriveKeepsThingsApart(t *testing.T) {
	t.Parallel()
	root := rootkey.Key(bytes.Repeat([]byte{7}, 32))
	base := metav1.ObjectMeta{Namespace: "corner", Name: "shop", UID: "1"}
	derive := func(key rootkey.Key, purpose rootkey.Purpose, object metav1.ObjectMeta) string {
		secret, err := key.Derive(purpose, &object)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	first := derive(root, rootkey.StatusToken, base)
	if len(first) != 43 {
		t.Errorf("%d characters are not 256 bits in base64", len(first))
	}
	if again := derive(root, rootkey.StatusToken, base); again != first {
		t.Error("the same derivation gives another secret")
	}
	for name, other := range map[string]string{
		"another purpose":   derive(root, rootkey.SessionKey, base),
		"another root":      derive(bytes.Repeat([]byte{8}, 32), rootkey.StatusToken, base),
		"another UID":       derive(root, rootkey.StatusToken, metav1.ObjectMeta{Namespace: "corner", Name: "shop", UID: "2"}),
		"another name":      derive(root, rootkey.StatusToken, metav1.ObjectMeta{Namespace: "corner", Name: "shoe", UID: "1"}),
		"another namespace": derive(root, rootkey.StatusToken, metav1.ObjectMeta{Namespace: "centre", Name: "shop", UID: "1"}),
	} {
		if other == first {
			t.Errorf("%s gives the same secret", name)
		}
	}
}
