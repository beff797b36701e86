package tenant

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

const (
	// databaseCAFile is the entry of the bundle with the certificate of a server's authority.
	databaseCAFile = "database-ca.pem"
	// retireBy is how long after a rotation connections with the former password may go on before they are ended.
	retireBy = time.Hour
)

// serverDatabase is what a pass knows of a database on a server of the platform.
type serverDatabase struct {
	server provision.Server
	// credential is nil when there is none yet.
	credential *provision.Credential
	// problem is why there is none, or what the step that is under way waits for; nil when nothing is.
	problem *provision.Problem
	// again is when a rotation is due; 0 when none is.
	again time.Duration
}

func onServer(t *v1alpha1.Tenant) bool {
	return t.Spec.Database.Postgres != nil && t.Spec.Database.Postgres.Server != ""
}

func identityOf(t *v1alpha1.Tenant) provision.Identity {
	return provision.Identity{Namespace: t.Namespace, Name: t.Name, UID: string(t.UID)}
}

// loadServerDatabase reads the credential, and sees to what the database needs next. It does not wait: the work
// is done in the background, and its outcome starts another pass.
func (r *Reconciler) loadServerDatabase(ctx context.Context, s *scope) error {
	if !onServer(s.tenant) {
		return nil
	}
	s.server = &serverDatabase{}
	have, err := r.readCredential(ctx, s)
	if err != nil {
		return err
	}
	s.server.credential = have
	server, problem := r.Platform.DatabaseServers.For(string(s.tenant.Spec.Database.Postgres.Server), s.tenant.Namespace)
	if problem != nil {
		s.server.problem = problem
		r.Databases.Forget(client.ObjectKeyFromObject(s.tenant))
		return nil
	}
	s.server.server = server
	r.takeOutcome(s)
	r.advance(s) //nolint:contextcheck // the work outlives the pass
	return nil
}

// readCredential reads the Secret of an earlier pass. Before it says that there is none it asks the API server itself,
// because the cache may lag behind.
func (r *Reconciler) readCredential(ctx context.Context, s *scope) (*provision.Credential, error) {
	key := s.key(databaseSecretName(s.tenant))
	secret, err := r.Secrets.Get(ctx, key)
	if err == nil && secret == nil {
		secret, err = r.Secrets.GetLive(ctx, key)
	}
	if err != nil || secret == nil || !metav1.IsControlledBy(secret, s.tenant) {
		return nil, err
	}
	return parseCredential(secret), nil
}

// takeOutcome puts into the credential what the last task has achieved.
func (r *Reconciler) takeOutcome(s *scope) {
	outcome, found := r.Databases.Last(client.ObjectKeyFromObject(s.tenant))
	if !found || !outcome.Done || outcome.Task.Tenant != identityOf(s.tenant) {
		return
	}
	have, made := s.server.credential, outcome.Credential
	made.RotatedAt, made.Request = outcome.At, outcome.Task.Request
	switch {
	case outcome.Task.Kind == provision.KindRetire && have != nil && outcome.Task.Serial == have.Retiring():
		have.Retired = outcome.Task.Serial
	case outcome.Task.Kind != provision.KindEnsure:
	case have == nil:
		// What was there before is unknown: at the least, the other login is ended once more.
		made.Retired = max(made.Serial-2, 0)
		s.server.credential = &made
	case made.Serial > have.Serial:
		made.Retired = made.Serial - 2
		s.server.credential = &made
	case made.Serial == have.Serial:
		have.Password = made.Password
	}
}

func rotationRequest(t *v1alpha1.Tenant) string { return t.Annotations[rotateAnnotation] }

// advance has the next step done.
func (r *Reconciler) advance(s *scope) {
	key := client.ObjectKeyFromObject(s.tenant)
	step, again := provision.Plan(provision.Situation{
		Have: s.server.credential, Rotation: s.server.server.Rotation(), Request: rotationRequest(s.tenant),
		Everywhere: s.credentialIsEverywhere(), LockedOut: s.lockedOut(), Tenant: identityOf(s.tenant), Now: time.Now(),
	})
	s.server.again = again
	task := provision.Task{
		Kind: provision.KindEnsure, Server: s.server.server.Name, Tenant: identityOf(s.tenant),
		Adopt: ptr.Deref(s.tenant.Spec.Database.Adopt, false), Request: rotationRequest(s.tenant),
	}
	switch have := s.server.credential; step {
	case provision.StepNone:
		r.Databases.Forget(key)
		if have != nil && have.Retiring() != 0 {
			s.server.again = retireBy // no message tells that a pod is given up
		}
		return
	case provision.StepCreate:
		task.Create = true
	case provision.StepRepair:
		task.Serial, task.Repeat = have.Serial, true
	case provision.StepRotate:
		task.Serial = have.Serial + 1
	case provision.StepRetire:
		task = provision.Task{Kind: provision.KindRetire, Server: task.Server, Tenant: task.Tenant, Serial: have.Retiring()}
		overdue := time.Until(have.RotatedAt.Add(retireBy))
		task.Force = overdue <= 0
		s.server.again = max(overdue, 0)
	}
	outcome := r.Databases.Run(key, task)
	s.server.problem = outcome.Problem
	if !outcome.Done && outcome.Problem == nil && s.server.credential == nil {
		s.server.problem = &provision.Problem{Code: provision.Working, Message: fmt.Sprintf("the database is being made on server %q", task.Server)}
	}
}

// credentialIsEverywhere says that every pod that there is serves the revision with the credential. One that ends
// may still connect, and one that starts may have mounted what was there before.
func (s *scope) credentialIsEverywhere() bool {
	if s.stored == "" || s.server.credential == nil || s.storedSerial != strconv.Itoa(s.server.credential.Serial) {
		return false
	}
	for i := range s.pods {
		if pod := &s.pods[i]; !s.hasEnded(pod) && !s.known[pod.UID].Serves(s.stored) {
			return false
		}
	}
	return true
}

// hasEnded says that a pod connects to nothing any more. Of one that was to be gone long ago nobody hears, because its node
// is lost: it must not keep a former password for good.
func (s *scope) hasEnded(pod *corev1.Pod) bool {
	lost := pod.DeletionTimestamp != nil && s.now.Sub(pod.DeletionTimestamp.Time) > retireBy
	return lost || isOver(pod)
}

// lockedOut says that a server which has its configuration cannot reach its database.
func (s *scope) lockedOut() bool {
	for _, pod := range s.pods {
		answer, known := s.known[pod.UID]
		if known && answer.Err == nil && !answer.Database.Reachable && answer.Database.Message != "" {
			return true
		}
	}
	return false
}

// bundleDatabase puts what a server needs to connect into a bundle, and reports false while there is nothing.
func (s *scope) bundleDatabase(bundle map[string][]byte) bool {
	d := s.server
	switch {
	case d == nil:
		return true
	case d.credential == nil || d.server.Name == "":
		return false
	}
	bundle[string(document.DatabaseURLKey)] = []byte(s.databaseURL())
	if d.server.CACertificate != "" {
		bundle[databaseCAFile] = []byte(d.server.CACertificate)
	}
	return true
}

func (s *scope) databaseURL() string {
	return s.server.server.URL(identityOf(s.tenant), *s.server.credential, path.Join(configFolder, databaseCAFile))
}
