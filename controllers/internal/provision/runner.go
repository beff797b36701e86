package provision

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
)

const (
	// taskTimeout bounds one attempt.
	taskTimeout = time.Minute
	// perServer is how many tasks work on one server at once, with up to two connections each.
	perServer = 4
	// minRetry and maxRetry bound the wait after an attempt that failed, and after which a server that is away is tried again.
	minRetry = time.Second
	maxRetry = time.Minute
	// maxRepeat bounds the wait between two repairs, of which the first follow each other as attempts that fail do.
	maxRepeat = 5 * time.Minute
	// drainGrace is how long a password outlives the last pod that serves it. A request that began before its server switched may
	// still have to connect, and ends within that time.
	drainGrace = 15 * time.Second
	// workingRetry is for what goes on by itself.
	workingRetry = 2 * time.Second
)

// Kind is what a Task does: one of the Engine's methods.
type Kind int

// The kinds.
const (
	KindEnsure Kind = iota
	KindRetire
	KindRelease
	KindDrop
)

// Task is what to do for a tenant. Two that are equal are the same piece of work, which is done once.
type Task struct {
	Kind   Kind
	Server string
	Tenant Identity
	Adopt  bool
	// Serial and Create are for Ensure, Serial and Force for Retire.
	Serial int
	Create bool
	Force  bool
	// Repeat: it is done again and again, because what it mends may break again, or be no matter of ours at all. It ends with Forget.
	Repeat bool
	// Request is what Ensure was asked for by; it changes nothing of the work.
	Request string
}

// Outcome is how a Task stands.
type Outcome struct {
	Task Task
	// Done: it has succeeded. What has not is tried again and again.
	Done bool
	// At is when it had succeeded.
	At time.Time
	// Credential is what Ensure has made.
	Credential Credential
	// Problem is what came of the last attempt.
	Problem *Problem
}

// Runner does tasks in the background. While a server is away, all of its tasks wait and only some try it.
// Make it with NewRunner; it stops when the context of Start ends.
type Runner struct {
	engine  Engine
	servers Servers
	admin   func(context.Context, Server) (Admin, error)
	derive  func(context.Context, Identity, int) (string, error)
	grace   time.Duration
	log     logr.Logger

	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup

	mu    sync.Mutex
	jobs  map[types.NamespacedName]*job
	gates map[string]*gate
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

type job struct {
	cancel  context.CancelFunc
	outcome Outcome
}

// RunnerOptions are what a Runner needs. All but Engine are required.
type RunnerOptions struct {
	Engine  Engine
	Servers Servers
	// Admin reads a server's administrator. Its error is for the operator's log only.
	Admin func(context.Context, Server) (Admin, error)
	// Derive makes the password of a tenant's serial, always the same.
	Derive func(ctx context.Context, tenant Identity, serial int) (string, error)
	Log    logr.Logger
	// DrainGrace is how long to wait before a former password is ended; 0 means 15 seconds.
	DrainGrace time.Duration
}

// NewRunner returns a Runner.
func NewRunner(o RunnerOptions) *Runner {
	ctx, stop := context.WithCancel(context.Background())
	r := &Runner{
		engine: o.Engine, servers: o.Servers, admin: o.Admin, derive: o.Derive, log: o.Log, grace: cmp.Or(o.DrainGrace, drainGrace),
		ctx: ctx, stop: stop, jobs: map[types.NamespacedName]*job{}, gates: map[string]*gate{},
	}
	for _, server := range o.Servers {
		r.gates[server.Name] = &gate{places: make(chan struct{}, perServer)}
	}
	return r
}

// Source tells the controller whose queue takes the tenants with new outcomes.
func (r *Runner) Source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.queue = queue
		return nil
	})
}

// Start blocks until ctx ends, and then until no task is at work. It makes the Runner a manager.Runnable.
func (r *Runner) Start(ctx context.Context) error {
	<-ctx.Done()
	r.mu.Lock()
	r.stop() // under the lock, so that no task starts behind the back of Wait
	r.mu.Unlock()
	r.done.Wait()
	return nil
}

// Run sees to it that a task is being done, instead of whatever was being done for this tenant before, and says how it
// stands. It does not wait: every news starts another pass of the tenant.
func (r *Runner) Run(tenant types.NamespacedName, task Task) Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	current := r.jobs[tenant]
	if current != nil && current.outcome.Task == task {
		return current.outcome
	}
	if current != nil {
		current.cancel()
	}
	ctx, cancel := context.WithCancel(r.ctx)
	next := &job{cancel: cancel, outcome: Outcome{Task: task}}
	r.jobs[tenant] = next
	if r.ctx.Err() == nil {
		r.done.Go(func() { r.work(ctx, tenant, next, task) })
	}
	return next.outcome
}

// Last is how the tenant's task stands, if there is one.
func (r *Runner) Last(tenant types.NamespacedName) (Outcome, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if current := r.jobs[tenant]; current != nil {
		return current.outcome, true
	}
	return Outcome{}, false
}

// Forget stops what is being done for a tenant.
func (r *Runner) Forget(tenant types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if current := r.jobs[tenant]; current != nil {
		current.cancel()
		delete(r.jobs, tenant)
	}
}

// work tries until the task is done, or is not wanted any more.
func (r *Runner) work(ctx context.Context, tenant types.NamespacedName, j *job, task Task) {
	log := r.log.WithValues("Tenant", tenant, "server", task.Server)
	if task.Kind == KindRetire && !task.Force && !pause(ctx, r.grace) {
		return
	}
	retry, repeat := minRetry, minRetry
	for {
		outcome, ok := r.attempt(ctx, task)
		if !ok {
			return
		}
		if r.record(tenant, j, outcome) && outcome.Problem != nil && outcome.Problem.Err != nil {
			log.Error(outcome.Problem.Err, "Could not work on a tenant's database", "problem", outcome.Problem.Message)
		}
		var wait time.Duration
		switch {
		case outcome.Done && task.Repeat:
			wait, repeat = jittered(repeat), min(2*repeat, maxRepeat)
		case outcome.Done:
			return
		case outcome.Problem.Stalled():
			wait = maxRetry // somebody may mend it where nobody tells us
		case outcome.Problem.Code == Working:
			wait = workingRetry
		default:
			wait, retry = jittered(retry), min(2*retry, maxRetry)
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// pause reports false when ctx ended before the time was over.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// attempt tries once, when the server's gate lets it. It reports false when nobody wants to know any more.
func (r *Runner) attempt(ctx context.Context, task Task) (Outcome, bool) {
	outcome := Outcome{Task: task}
	server, problem := r.servers.Find(task.Server)
	if problem != nil {
		outcome.Problem = problem
		return outcome, true
	}
	gate := r.gates[task.Server]
	var entered bool
	if entered, outcome.Problem = gate.enter(ctx); !entered {
		return outcome, outcome.Problem != nil
	}
	limited, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	outcome.Credential, outcome.Problem = r.do(limited, server, task)
	if ctx.Err() != nil {
		gate.leave(nil)
		return outcome, false // cut off in the middle, which says nothing about the server
	}
	gate.leave(outcome.Problem)
	outcome.Done, outcome.At = outcome.Problem == nil, time.Now().UTC().Truncate(time.Second)
	return outcome, true
}

func (r *Runner) do(ctx context.Context, server Server, task Task) (Credential, *Problem) {
	admin, err := r.admin(ctx, server)
	if err != nil {
		return Credential{}, &Problem{Code: ServerRefuses, Err: err,
			Message: "database server \"" + server.Name + "\" cannot be used: the platform team has to mend its administrator's credential"}
	}
	request := Request{Server: server, Admin: admin, Tenant: task.Tenant, Adopt: task.Adopt}
	switch task.Kind {
	case KindEnsure:
		return r.engine.Ensure(ctx, request, task.Serial, task.Create, func(serial int) (string, error) {
			return r.derive(ctx, task.Tenant, serial)
		})
	case KindRetire:
		return Credential{}, r.engine.Retire(ctx, request, task.Serial, task.Force)
	case KindRelease:
		return Credential{}, r.engine.Release(ctx, request)
	case KindDrop:
		return Credential{}, r.engine.Drop(ctx, request)
	default:
		return Credential{}, &Problem{Code: Failed, Message: "unknown task", Err: errors.New("unknown task")}
	}
}

// record keeps the outcome and wakes the tenant when it says something new, which it reports.
func (r *Runner) record(tenant types.NamespacedName, j *job, outcome Outcome) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs[tenant] != j {
		return false
	}
	before := j.outcome
	j.outcome = outcome
	news = before.Done != outcome.Done || (before.Problem == nil) != (outcome.Problem == nil) ||
		(before.Problem != nil && before.Problem.Message != outcome.Problem.Message)
	if news && r.queue != nil {
		urgency.Add(r.queue, urgency.News, reconcile.Request{NamespacedName: tenant})
	}
	return news
}

func jittered(d time.Duration) time.Duration {
	return d/2 + rand.N(d) //nolint:gosec // jitter
}
