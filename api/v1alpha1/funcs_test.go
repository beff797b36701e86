package v1alpha1_test

import (
	"bufio"
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func newLineReader(data []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(data)) }

func TestDurationParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[v1alpha1.Duration]time.Duration{
		"": 0, "0s": 0, "30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "90s": 90 * time.Second,
		"1h1m1s1ms": time.Hour + time.Minute + time.Second + time.Millisecond, "99999h": 99999 * time.Hour,
	} {
		if got, err := text.Parse(); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []v1alpha1.Duration{"1", "m", "-1m", "1.5h", "1d", "1h1h1h1h1h", "100000h", "1h ", "1µs"} {
		if got, err := text.Parse(); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestBookingPolicyNames(t *testing.T) {
	t.Parallel()
	tenant := &v1alpha1.Tenant{Spec: v1alpha1.TenantSpec{
		BookingPolicyRef: v1alpha1.LocalReference{Name: "shop"},
		Resources: []v1alpha1.Resource{
			{ID: "a"},
			{ID: "b", BookingPolicyRef: &v1alpha1.LocalReference{Name: "part-time"}},
			{ID: "c", BookingPolicyRef: &v1alpha1.LocalReference{Name: "shop"}},
		},
	}}
	if diff := cmp.Diff([]string{"part-time", "shop"}, tenant.BookingPolicyNames()); diff != "" {
		t.Error(diff)
	}
}
