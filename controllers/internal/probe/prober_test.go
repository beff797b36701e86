package probe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const pod types.UID = "pod-1"

var shop = types.NamespacedName{Namespace: "corner", Name: "shop"}

// fakeServer answers with what it is told to.
type fakeServer struct {
	mu     sync.Mutex
	status tenantconfig.Status
	code   int
	asked  []string
}

func (f *fakeServer) set(code int, status tenantconfig.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.code, f.status = code, status
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.Header.Get("Authorization")+" "+r.URL.Query().Get("until"))
	if f.code == http.StatusTemporaryRedirect {
		w.Header().Set("Location", "http://elsewhere.invalid/")
	}
	w.WriteHeader(f.code)
	_ = json.NewEncoder(w).Encode(f.status)
}

func start(t *testing.T) (*probe.Prober, *fakeServer, string, priorityqueue.PriorityQueue[reconcile.Request]) {
	t.Helper()
	fake := &fakeServer{code: http.StatusOK}
	server := httptest.NewServer(fake)
	prober := probe.New(&http.Transport{DisableKeepAlives: true})
	queue := priorityqueue.New[reconcile.Request]("test")
	if err := prober.Source().Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = prober.Start(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		queue.ShutDown()
		server.CloseClientConnections()
		server.Close()
	})
	return prober, fake, strings.TrimPrefix(server.URL, "http://"), queue
}

// awaken waits until the queue holds the tenant.
func awaken(t *testing.T, queue priorityqueue.PriorityQueue[reconcile.Request]) {
	t.Helper()
	woken := make(chan reconcile.Request)
	go func() {
		request, _ := queue.Get()
		queue.Done(request)
		woken <- request
	}()
	select {
	case request := <-woken:
		if request.NamespacedName != shop {
			t.Fatalf("woke %s", request)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("an answer woke nobody")
	}
}

func TestAnswersWakeTheTenant(t *testing.T) {
	t.Parallel()
	prober, fake, address, queue := start(t)
	fake.set(http.StatusOK, tenantconfig.Status{Revision: "old"})
	assignment := probe.Assignment{Tenant: shop, Revision: "new", Token: "secret", Pods: map[types.UID]probe.Pod{pod: {Address: address, Ready: true}}}
	if answers := prober.Assign(assignment); len(answers) != 0 {
		t.Fatalf("a pod answered before it was asked: %v", answers)
	}
	awaken(t, queue)
	if answer := prober.Assign(assignment)[pod]; answer.Serves("new") || answer.Revision != "old" {
		t.Fatalf("the answer is %+v", answer)
	}
	fake.set(http.StatusOK, tenantconfig.Status{Revision: "old", Refused: &tenantconfig.Refusal{Revision: "new", Message: "no"}})
	awaken(t, queue)
	if answer := prober.Assign(assignment)[pod]; !answer.Refuses("new") {
		t.Fatalf("the answer is %+v", answer)
	}

	fake.mu.Lock()
	defer fake.mu.Unlock()
	if fake.asked[0] != "Bearer secret " {
		t.Errorf("the first question was %q; it should not wait", fake.asked[0])
	}
	if fake.asked[1] != "Bearer secret new" {
		t.Errorf("the second question was %q; it should wait for the wanted revision", fake.asked[1])
	}
}

func TestErrorsAreAnswersInWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		code int
		want string
	}{
		{"refused token", http.StatusUnauthorized, "answered 401"},
		{"redirect is not followed", http.StatusTemporaryRedirect, "answered 307 Temporary Redirect"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			prober, fake, address, queue := start(t)
			fake.set(test.code, tenantconfig.Status{})
			assignment := probe.Assignment{Tenant: shop, Revision: "new", Pods: map[types.UID]probe.Pod{pod: {Address: address, Ready: true}}}
			prober.Assign(assignment)
			awaken(t, queue)
			answer := prober.Assign(assignment)[pod]
			if answer.Err == nil || !strings.HasPrefix(answer.Err.Error(), test.want) {
				t.Errorf("the error is %v, want %s", answer.Err, test.want)
			}
		})
	}
}

func TestUnreachablePodKeepsItsWords(t *testing.T) {
	t.Parallel()
	prober, _, _, queue := start(t)
	assignment := probe.Assignment{Tenant: shop, Revision: "new", Pods: map[types.UID]probe.Pod{pod: {Address: "127.0.0.1:1"}}}
	prober.Assign(assignment)
	awaken(t, queue)
	first := prober.Assign(assignment)[pod].Err
	if first == nil || !strings.Contains(first.Error(), "port 1") {
		t.Fatalf("the error is %v", first)
	}
	if strings.Contains(first.Error(), "->") {
		t.Errorf("the error names a local port, which changes each time: %v", first)
	}
}

// crowd keeps everybody waiting who asks it, and counts them.
type crowd struct {
	mu        sync.Mutex
	now, most int
	leave     chan struct{}
}

func (c *crowd) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.now--
		c.mu.Unlock()
	}()
	select {
	case <-c.leave:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	answer := httptest.NewRecorder()
	_ = json.NewEncoder(answer).Encode(tenantconfig.Status{Revision: "a"})
	return answer.Result(), nil
}

func (c *crowd) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func TestThousandsAreAskedInTurn(t *testing.T) {
	const pods, atOnce = 200, 64
	network := &crowd{leave: make(chan struct{})}
	prober := probe.New(network)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- prober.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	all := map[types.UID]probe.Pod{}
	for i := range pods {
		all[types.UID(fmt.Sprint(i))] = probe.Pod{Address: "10.0.0.1:80"}
	}
	assignment := probe.Assignment{Tenant: shop, Revision: "a", Pods: all}
	prober.Assign(assignment)
	eventually(t, "the first are asked", func() bool { return network.waiting() == atOnce })
	if answers := prober.Known(shop); len(answers) != 0 {
		t.Errorf("%d pods have answered that were not asked", len(answers))
	}
	close(network.leave)
	eventually(t, "all have answered", func() bool { return len(prober.Known(shop)) == pods })
	for name, answer := range prober.Known(shop) {
		if !answer.Serves("a") {
			t.Errorf("pod %s: %+v", name, answer)
		}
	}
	network.mu.Lock()
	defer network.mu.Unlock()
	if network.most > atOnce {
		t.Errorf("%d were asked at once", network.most)
	}
}

// eventually fails the test when a condition does not come about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) { return holds(), nil })
	if err != nil {
		t.Fatalf("never: %s", what)
	}
}

func TestForgottenPodsAreNotAsked(t *testing.T) {
	t.Parallel()
	prober, fake, address, queue := start(t)
	fake.set(http.StatusOK, tenantconfig.Status{Revision: "new"})
	prober.Assign(probe.Assignment{Tenant: shop, Revision: "new", Pods: map[types.UID]probe.Pod{pod: {Address: address, Ready: true}}})
	awaken(t, queue)
	prober.Forget(shop)
	if answers := prober.Known(shop); len(answers) != 0 {
		t.Errorf("a forgotten tenant is remembered: %v", answers)
	}
}

// A reconcile that is still under way when the operator stops starts nothing that nobody waits for.
func TestNothingIsAskedAfterTheEnd(t *testing.T) {
	t.Parallel()
	prober := probe.New(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var assigning sync.WaitGroup
	for i := range 8 {
		assigning.Go(func() {
			name := types.NamespacedName{Namespace: "corner", Name: string(rune('a' + i))}
			prober.Assign(probe.Assignment{Tenant: name, Pods: map[types.UID]probe.Pod{pod: {Address: "127.0.0.1:1"}}})
		})
	}
	if err := prober.Start(ctx); err != nil {
		t.Fatal(err)
	}
	assigning.Wait()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
