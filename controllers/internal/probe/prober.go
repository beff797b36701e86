package probe

import (
	"context"
	"math/rand/v2"
	"net/http"
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	recheckInterval = 30 * time.Second
	// pollInterval keeps a server that answers at once instead of waiting from being flooded.
	pollInterval = 250 * time.Millisecond
	minBackoff   = 250 * time.Millisecond
	maxBackoff   = 5 * time.Second
	maxAtOnce    = 64
)

// Assignment says what to ask of whom for one tenant.
type Assignment struct {
	Tenant types.NamespacedName
	// Revision that the pods should serve.
	Revision string
	// Token for the status endpoint.
	Token string
	// Pods by UID.
	Pods map[types.UID]Pod
}

// Pod is where to ask.
type Pod struct {
	// Address, host:port, of the internal port.
	Address string
	// Ready pods are asked at once when they become so; others have little to say, except why not.
	Ready bool
}

// Answer is what a pod said last.
type Answer struct {
	tenantconfig.Status
	// Err is why it said nothing; Status is then the last one known.
	Err error
}

// Serves says whether the pod serves the revision, by its own account.
func (a Answer) Serves(revision string) bool { return a.Err == nil && a.Revision == revision }

// Refuses says whether the pod has seen the revision and found it bad.
func (a Answer) Refuses(revision string) bool {
	return a.Err == nil && a.Refused != nil && a.Refused.Revision == revision
}

// Prober asks. Make it with New; it stops when the context of Start ends.
type Prober struct {
	http *http.Client
	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup

	// atOnce bounds the questions that want an answer at once: after a start there are thousands, and each takes memory.
	atOnce chan struct{}

	mu      sync.Mutex
	tenants map[types.NamespacedName]map[types.UID]*worker
	queue   workqueue.TypedRateLimitingInterface[reconcile.Request]
	// progressed is told of a tenant whose servers say something new of their campaigns.
	progressed func(types.NamespacedName)
}

// worker asks one pod for one revision. Between two questions it is a timer: a goroutine would hold its stack, a context
// its channel, and there are thousands of pods.
type worker struct {
	tenant          types.NamespacedName
	pod             Pod
	revision, token string

	backoff time.Duration
	stopped bool
	// ctx and cancel are those of the question that is under way; nil while none is.
	ctx    context.Context
	cancel context.CancelFunc
	// next asks again; nil while a question is under way.
	next     *time.Timer
	answer   Answer
	answered bool
}

// stop ends it. The caller holds the lock.
func (w *worker) stop() {
	w.stopped = true
	if w.cancel != nil {
		w.cancel()
	}
	if w.next != nil {
		w.next.Stop()
	}
}

// New returns a Prober that uses the transport; nil means one that suits pods.
func New(transport http.RoundTripper) *Prober {
	if transport == nil {
		transport = podTransport()
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Prober{
		http: &http.Client{
			Transport: transport,
			// A redirect could carry the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		ctx: ctx, stop: stop,
		atOnce:  make(chan struct{}, maxAtOnce),
		tenants: map[types.NamespacedName]map[types.UID]*worker{},
	}
}

// Source tells the controller whose queue takes the tenants with new answers.
func (p *Prober) Source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.queue = queue
		return nil
	})
}

// CampaignSource puts the campaigns of a tenant into a controller's queue when a server of that tenant
// answers for the first time or says something new of them. That is no news of the tenant itself.
func (p *Prober) CampaignSource(campaignsOf func(ctx context.Context, tenant types.NamespacedName) []reconcile.Request) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.progressed = func(tenant types.NamespacedName) {
			for _, request := range campaignsOf(ctx, tenant) {
				queue.Add(request)
			}
		}
		return nil
	})
}

// Start blocks until ctx ends, then stops asking. It makes the Prober a manager.Runnable.
func (p *Prober) Start(ctx context.Context) error {
	<-ctx.Done()
	p.mu.Lock()
	p.stop() // under the lock, so that no worker starts behind the back of Wait
	p.mu.Unlock()
	p.done.Wait()
	return nil
}

// Assign makes the Prober ask exactly these pods for this revision, and returns what they said last.
// A pod that has not answered yet is missing in the result.
func (p *Prober) Assign(a Assignment) map[types.UID]Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	workers := p.tenants[a.Tenant]
	if workers == nil {
		workers = map[types.UID]*worker{}
		p.tenants[a.Tenant] = workers
	}
	for pod, w := range workers {
		if _, wanted := a.Pods[pod]; !wanted {
			w.stop()
			delete(workers, pod)
		}
	}
	answers := map[types.UID]Answer{}
	for uid, pod := range a.Pods {
		w := workers[uid]
		if w == nil || w.pod != pod || w.revision != a.Revision || w.token != a.Token {
			w = p.replace(w, &worker{tenant: a.Tenant, pod: pod, revision: a.Revision, token: a.Token, backoff: minBackoff})
			workers[uid] = w
		}
		if w.answered {
			answers[uid] = w.answer
		}
	}
	return answers
}

// Forget stops asking the pods of a tenant.
func (p *Prober) Forget(tenant types.NamespacedName) {
	p.Assign(Assignment{Tenant: tenant})
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tenants, tenant)
}

// replace starts a worker, which begins with what the former one knew. The caller holds the lock.
func (p *Prober) replace(old, next *worker) *worker {
	if old != nil {
		old.stop()
		// The errors of a pod that was starting are no news of one that is ready.
		if old.pod == next.pod || old.answer.Err == nil {
			next.answer, next.answered = old.answer, old.answered
		}
	}
	p.begin(next, next.answered) // of a pod that was never heard of, anything is news
	return next
}

// begin has a pod asked. Without wait the question is answered at once. The caller holds the lock.
func (p *Prober) begin(w *worker, wait bool) {
	w.next = nil
	if w.stopped || p.ctx.Err() != nil {
		return
	}
	w.ctx, w.cancel = context.WithCancel(p.ctx)
	p.done.Go(func() { p.run(w, wait) })
}

// run asks once, and sees to it that it is done again.
func (p *Prober) run(w *worker, wait bool) {
	answer := p.inTurn(w, wait)
	p.mu.Lock()
	defer p.mu.Unlock()
	w.cancel()
	w.ctx, w.cancel = nil, nil
	if w.stopped || p.ctx.Err() != nil {
		return
	}
	p.record(w, answer)
	w.next = time.AfterFunc(w.pause(answer), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.begin(w, true)
	})
}

// inTurn asks when fewer than maxAtOnce others are being asked. A question that may wait for its answer waits for nobody.
// The time for the answer begins when it is asked: who stands in line behind those who say nothing has not failed.
func (p *Prober) inTurn(w *worker, wait bool) Answer {
	limit := askTimeout
	if !wait {
		select {
		case p.atOnce <- struct{}{}:
			defer func() { <-p.atOnce }()
		case <-w.ctx.Done():
			return Answer{Err: w.ctx.Err()} // nobody wants to know any more
		}
		limit = atOnceTimeout
	}
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	return p.ask(ctx, w, wait)
}

// pause is how long to wait after an answer.
func (w *worker) pause(answer Answer) time.Duration {
	switch {
	case answer.Err != nil:
		pause := w.backoff
		w.backoff = min(2*w.backoff, maxBackoff)
		return pause
	case answer.Serves(w.revision), answer.Refuses(w.revision):
		w.backoff = minBackoff
		return recheckInterval + rand.N(recheckInterval/5) //nolint:gosec // jitter
	default:
		return pollInterval
	}
}

// record keeps the answer and wakes the tenant's reconcile when it says something new. The caller holds the lock.
func (p *Prober) record(w *worker, answer Answer) {
	before, known := w.answer, w.answered
	if answer.Err != nil {
		answer.Status = before.Status
	}
	w.answer, w.answered = answer, true
	if p.queue != nil && (!known || !sameNews(before, answer)) {
		urgency.Add(p.queue, urgency.News, reconcile.Request{NamespacedName: w.tenant})
	}
	if p.progressed != nil && (!known || !reflect.DeepEqual(before.Campaigns, answer.Campaigns)) {
		p.progressed(w.tenant)
	}
}

func sameNews(a, b Answer) bool {
	if (a.Err == nil) != (b.Err == nil) || (a.Err != nil && a.Err.Error() != b.Err.Error()) {
		return false
	}
	a.Campaigns, b.Campaigns = nil, nil
	return reflect.DeepEqual(a.Status, b.Status)
}

// Known returns what the pods of a tenant said last, without asking anything new.
func (p *Prober) Known(tenant types.NamespacedName) map[types.UID]Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	answers := map[types.UID]Answer{}
	for pod, w := range p.tenants[tenant] {
		if w.answered {
			answers[pod] = w.answer
		}
	}
	return answers
}
