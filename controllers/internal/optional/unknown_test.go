package optional_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

// An API server that fails for a while does not say that it lacks a kind, however long it takes.
func TestAFailedLookTellsNothing(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	for _, once := range []bool{false, true} {
		for _, served := range []bool{false, true} {
			t.Run(fmt.Sprintf("once=%v, served=%v", once, served), func(t *testing.T) {
				t.Parallel()
				valves := kindOf("valves", "Valve", true)
				valves.Group = fmt.Sprintf("once%v-served%v.example.com", once, served)
				install(t, cluster, valves)
				if !served {
					uninstall(t, cluster, valves)
				}
				faulty := rest.CopyConfig(cluster.Config)
				failures := breakDown(faulty, "/apis/"+valves.GroupVersion().String())
				o := startWith(t, cluster, faulty, once, valves)
				if !served && !once {
					eventually(t, "to know that there is no definition", func() error { return o.unlessAbsent(valves) })
					return // without a definition the API server need not be asked
				}
				// More often than a definition that was just made needs to be served.
				eventually(t, "to ask again and again", func() error {
					if n := failures.Load(); n < 9 {
						return fmt.Errorf("%d looks have failed", n)
					}
					return nil
				})
				if !o.isAbsent(valves) || !o.isUnknown(valves) {
					t.Errorf("it counts as absent: %v, as unknown: %v", o.isAbsent(valves), o.isUnknown(valves))
				}
				failures.Store(mended)
				o.expect(everything)
				eventually(t, "to know", func() error {
					if served && o.isAbsent(valves) {
						return fmt.Errorf("it counts as absent")
					}
					if !served {
						return o.unlessAbsent(valves)
					}
					return nil
				})
			})
		}
	}
}

func (o *operator) unlessAbsent(kind optional.Kind) error {
	if !o.isAbsent(kind) || o.isUnknown(kind) {
		return fmt.Errorf("it counts as absent: %v, as unknown: %v", o.isAbsent(kind), o.isUnknown(kind))
	}
	return nil
}

// mended ends a breakDown.
const mended = -1

// breakDown has requests for a path fail, counts them, and ends when the count is mended.
func breakDown(restConfig *rest.Config, path string) *atomic.Int64 {
	var failures atomic.Int64
	restConfig.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.URL.Path == path && failures.Load() != mended {
				failures.Add(1)
				return &http.Response{Request: request, StatusCode: http.StatusInternalServerError, Body: http.NoBody}, nil
			}
			return next.RoundTrip(request)
		})
	})
	return &failures
}
