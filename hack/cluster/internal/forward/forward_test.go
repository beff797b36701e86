package forward_test

import (
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/forward"
)

func TestParseTarget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want forward.Target
		ok   bool
	}{
		{"shop/web:80", forward.Target{Namespace: "shop", Service: "web", Port: "80"}, true},
		{"shop/web:http", forward.Target{Namespace: "shop", Service: "web", Port: "http"}, true},
		{in: "web:80"}, {in: "shop/web"}, {in: "/web:80"}, {in: "shop/:80"}, {in: "shop/web:"}, {in: "a/b:c:d"}, {in: ""},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := forward.ParseTarget(tt.in)
			if (err == nil) != tt.ok || got != tt.want {
				t.Fatalf("got %+v, %v; want %+v, accepted=%v", got, err, tt.want, tt.ok)
			}
			if tt.ok && got.String() != tt.in {
				t.Errorf("printed again: got %q", got.String())
			}
		})
	}
}
