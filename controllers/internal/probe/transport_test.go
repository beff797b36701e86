package probe_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// A connection that waits for the next question, half a minute later, would be one for each pod of the fleet.
func TestNoConnectionOutlivesItsQuestion(t *testing.T) {
	t.Parallel()
	states := make(chan http.ConnState, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(tenantconfig.Status{Revision: "new"})
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) { states <- state }
	server.Start()
	t.Cleanup(server.Close)
	prober := probe.New(nil)
	t.Cleanup(func() { prober.Forget(shop) })
	prober.Assign(probe.Assignment{
		Tenant: shop, Revision: "new", Pods: map[types.UID]probe.Pod{pod: {Address: server.Listener.Addr().String(), Ready: true}},
	})
	deadline := time.After(10 * time.Second)
	for {
		select {
		case state := <-states:
			if state == http.StateIdle {
				t.Fatal("the connection is kept")
			}
			if state == http.StateClosed {
				return
			}
		case <-deadline:
			t.Fatal("the connection was not closed")
		}
	}
}
