//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// noDeployments is a quota that keeps Deployments out of a namespace.
const noDeployments = `
apiVersion: v1
kind: ResourceQuota
metadata: {name: no-deployments}
spec: {hard: {count/deployments.apps: "0"}}
`

// One operator is killed when everything is half done, and the one that takes over is killed as well. Whoever comes then
// finishes what they have left. In the end each tenant has what one has that nobody disturbed, and has it once; nobody
// writes any more; and of what is deleted nothing is left.
func TestKilledOperators(t *testing.T) {
	t.Parallel()
	database := newDatabaseServer(t)
	where := newSite(t, "e2e-kill")
	values, err := database.serve(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	where.offerOptionalAPIs(t)
	where.install(t, append(values, hostSuffixes...)...)
	onVolume, onServer := where.newTenancy(t, "plain"), where.newTenancy(t, "plain")
	leaving := where.newTenancy(t, "plain")
	onVolume.provision("")
	onServer.provision(onPlatformServer)
	leaving.provision(onPlatformServer)
	undisturbed := []tenancy{onVolume, onServer}
	for _, tenant := range slices.Concat(undisturbed, []tenancy{leaving}) {
		tenant.awaitReady()
	}
	leaving.has("httproute.gateway.networking.k8s.io/", "podmonitor.monitoring.coreos.com/", "lease.coordination.k8s.io/frontdesk-host-")
	before := containersOf(undisturbed)

	first := where.leaderProcess(t)
	barred, served := killHalfway(t, first, database, leaving)
	where.awaitOtherLeader(t, first.leader)
	second := where.leaderProcess(t)
	deployed := killAtDeployment(t, second, where.newTenancy(t, "plain"))
	where.awaitOtherLeader(t, second.leader)

	leaving.awaitGone(database)
	barred.awaitWhole(database, onVolume)
	deployed.awaitWhole(database, onVolume)
	served.awaitWhole(database, onServer)
	if diff := cmp.Diff(before, containersOf(undisturbed)); diff != "" {
		t.Errorf("other containers run of tenants that nobody disturbed (-before +after):\n%s", diff)
	}
	fleet := slices.Concat(undisturbed, []tenancy{barred.tenancy, deployed.tenancy, served.tenancy})
	part(t, "then nothing is written", fleet, steadyStateWritesNothing)
	part(t, "and nothing is left", fleet, func(_ *testing.T, fleet []tenancy) {
		for _, tenant := range fleet {
			tenant.beginDeletion()
		}
		for _, tenant := range fleet {
			tenant.awaitGone(database)
		}
	})
}

// killHalfway kills the operator while it drops the database of a tenant that is deleted, makes the database of another
// one, and has made some of a third one's objects, but not its Deployment. Each is held there until it is dead. The
// database server then ends what the dead operator had asked it for.
func killHalfway(t *testing.T, operator operatorProcess, database *databaseServer, leaving tenancy) (barred, served interrupted) {
	t.Helper()
	release := database.hold(t)
	leaving.beginDeletion()
	dropping := `DROP DATABASE IF EXISTS "` + prefixOf(leaving.namespace)
	database.awaitHeld(t, dropping)
	served.tenancy, barred.tenancy = leaving.newTenancy(t, "plain"), leaving.newTenancy(t, "plain")
	barred.apply(noDeployments)
	secrets := barred.watch("secrets", walkthrough.KeySecretOf(barred.name))
	served.provision(onPlatformServer)
	barred.provision("")
	secrets()
	database.awaitHeld(t, dropping, `CREATE DATABASE "`+prefixOf(served.namespace))
	operator.kill(t)

	t.Logf("%s was killed; there are %q, %q and %q", operator.leader, barred.everything(database), served.everything(database), leaving.everything(database))
	barred.key = barred.readKey()
	release()
	if _, err := barred.kubectl.Run(t.Context(), "delete", "-n", barred.namespace, "resourcequota", "--all"); err != nil {
		t.Fatal(err)
	}
	return barred, served
}

// killAtDeployment kills the operator as soon as it has made a tenant's Deployment, before it can have heard of a pod.
func killAtDeployment(t *testing.T, operator operatorProcess, tenant tenancy) interrupted {
	t.Helper()
	deployment := tenant.watch("deployments", walkthrough.NameOf(tenant.name))
	tenant.provision("")
	deployment()
	operator.kill(t)

	i := interrupted{tenancy: tenant, key: tenant.readKey()}
	t.Logf("%s was killed; there are %q", operator.leader, i.things())
	if meta.IsStatusConditionTrue(tenant.get().Status.Conditions, string(v1alpha1.ConditionReady)) {
		t.Fatal("the operator was killed too late: the tenant is Ready")
	}
	return i
}

// interrupted is a tenant whose operator was killed while it made it.
type interrupted struct {
	tenancy
	// key is the API key that it had then, or empty.
	key string
}

// awaitWhole waits until the tenant is Ready. It must have what the other one of the same spec has, which nobody disturbed,
// and the key that it had before, and take bookings.
func (i interrupted) awaitWhole(database *databaseServer, undisturbed tenancy) {
	i.t.Helper()
	i.awaitReady()
	eventually(i.t, time.Minute, func() error {
		if diff := cmp.Diff(undisturbed.everything(database), i.everything(database)); diff != "" {
			return fmt.Errorf("what there is of a tenant (-undisturbed +whose operator was killed):\n%s", diff)
		}
		return nil
	})
	if key := i.readKey(); i.key != "" && key != i.key {
		i.t.Error("the API key is another one now")
	}
	api := i.api()
	book(i.t, api, "visit", slots(i.t, api, "visit")[0].Start, customer(1))
}

// provision applies a plain tenant, with more lines in its spec, that is exposed and whose data goes with it.
func (s tenancy) provision(more string) {
	s.t.Helper()
	s.apply(plainTenant + more + s.exposed("gateway: {name: public}") + "  deletionPolicy: Delete\n")
}

func (s tenancy) readKey() string {
	s.t.Helper()
	key, err := s.kubectl.SecretValue(s.t.Context(), s.namespace, walkthrough.KeySecretOf(s.name), walkthrough.KeySecretKey)
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// awaitGone waits until the Tenant has gone, and nothing is left of it.
func (s tenancy) awaitGone(database *databaseServer) {
	s.t.Helper()
	s.awaitDeleted()
	if err := nothing(s.everything(database)); err != nil {
		s.t.Error(err)
	}
}

// madeUp is what is different about the names of two tenants' things: endings that Kubernetes chooses, that of the claim to
// a host, and a database's own name.
var madeUp = regexp.MustCompile(`^((?:pod|replicaset\.apps|endpointslice\.discovery\.k8s\.io)/frontdesk-plain-|lease\.coordination\.k8s\.io/frontdesk-host-).*|fd_\w+_[a-z2-7]{16}`)

// everything lists what there is of the tenant, in the cluster and on the database server.
func (s tenancy) everything(database *databaseServer) []string {
	s.t.Helper()
	var all []string
	for _, name := range append(s.things(), database.ofNamespace(s.t, s.namespace)...) {
		all = append(all, madeUp.ReplaceAllString(name, "${1}…"))
	}
	return all
}
