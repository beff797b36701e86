//go:build e2e

package e2e

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	_ "modernc.org/sqlite" // reads the file that a tenant left

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// moveToServer is the edit of docs/databases.md.
const moveToServer = "  database: {engine: Postgres, postgres: {server: " + serverName + "}, migrateFrom: SQLite}\n"

// A tenant moves from its volume to a database of the platform while clients book: whatever was acknowledged, up to the
// moment in which the data is copied, the new servers have. What the old one left stays as it was until somebody deletes it.
func TestTenantMovesFromSQLiteToPostgres(t *testing.T) {
	t.Parallel()
	tenant := suite.newTenancy(t, "plain")
	tenant.apply(busyTenant)
	tenant.awaitReady()
	volume, api := tenant.claim(), tenant.api()
	key, start := rand.Text(), slots(t, api, "visit")[0].Start
	first, err := api.Book(t.Context(), key, "visit", start, customer(1))
	if err != nil {
		t.Fatal(err)
	}
	bookings := startBookings(t, api)
	bookings.await(bookedMeanwhile)

	job, began := tenant.watch("jobs", walkthrough.NameOf(tenant.name)+"-migrate"), time.Now()
	tenant.apply(busyTenant + moveToServer + twoPods)
	tenant.awaitCondition(v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonMigrating)
	job()
	stopped := time.Since(began)
	made, _ := bookings.stop() // they cannot but fail, now that there is no server
	tenant.awaitReady()
	t.Logf("%d bookings, then the Job after %s, and Ready again after %s", len(made), stopped.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	if status := tenant.get().Status.Database; status == nil || status.Engine != v1alpha1.DatabaseEnginePostgres || status.SchemaVersion < 1 {
		t.Errorf("Ready, but the status says of the database: %+v", status)
	}
	if diff := cmp.Diff(volume, tenant.claim()); diff != "" {
		t.Errorf("the old claim is not what it was (-before +after):\n%s", diff)
	}
	tenant.wholeCopy(len(made)+1, volume)

	api = tenant.api()
	for _, id := range append(made, first.ID) {
		if read, err := api.Booking(t.Context(), id); err != nil || read.Status != "confirmed" {
			t.Errorf("booking %s was acknowledged, and now is %+v: %v", id, read, err)
		}
	}
	if again, err := api.Book(t.Context(), key, "visit", start, customer(1)); err != nil || again.ID != first.ID {
		t.Errorf("the request that made %s, repeated, makes %s: %v", first.ID, again.ID, err)
	}
	book(t, api, "visit", start, customer(2))
	tenant.forgetsItsVolume(api)
}

// claim is the name of the tenant's volume.
func (s tenancy) claim() (volume string) {
	s.t.Helper()
	var claim corev1.PersistentVolumeClaim
	if err := s.kubectl.Get(s.t.Context(), s.namespace, "persistentvolumeclaim/"+walkthrough.NameOf(s.name)+"-data", &claim); err != nil {
		s.t.Fatal(err)
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.DeletionTimestamp != nil {
		s.t.Errorf("the claim is %s", claim.Status.Phase)
	}
	return claim.Spec.VolumeName
}

// wholeCopy fails unless the Job has ended well, at its first attempt, and has noted as many rows of each table as the old
// file has; among them this many bookings at least, which the new database has.
func (s tenancy) wholeCopy(known int, volume string) {
	s.t.Helper()
	var job batchv1.Job
	if err := s.kubectl.Get(s.t.Context(), s.namespace, "job/"+walkthrough.NameOf(s.name)+"-migrate", &job); err != nil {
		s.t.Fatal(err)
	}
	if job.Status.Succeeded != 1 || job.Status.Failed != 0 {
		s.t.Errorf("of the Job's attempts %d succeeded and %d failed", job.Status.Succeeded, job.Status.Failed)
	}
	target, err := pgx.Connect(s.t.Context(), string(s.databaseSecret().Data["url"]))
	if err != nil {
		s.t.Fatal(err)
	}
	defer target.Close(s.t.Context())
	var noted map[string]struct {
		Rows int `json:"rows"`
	}
	if err := target.QueryRow(s.t.Context(), "SELECT content FROM frontdesk_transfer").Scan(&noted); err != nil {
		s.t.Fatal(err)
	}
	copied, total := map[string]int{}, 0
	for table, content := range noted {
		copied[table] = content.Rows
		total += content.Rows
	}
	if diff := cmp.Diff(s.rowsOnVolume(volume, copied), copied); diff != "" {
		s.t.Errorf("rows of each table (-in the old file +noted by the Job):\n%s", diff)
	}
	var bookings int
	if err := target.QueryRow(s.t.Context(), "SELECT count(*) FROM bookings").Scan(&bookings); err != nil || bookings < copied["bookings"] || copied["bookings"] < known {
		s.t.Errorf("the new database has %d bookings, the Job has noted %d, and %d are known: %v", bookings, copied["bookings"], known, err)
	}
	logs, err := s.kubectl.Run(s.t.Context(), "logs", "-n", s.namespace, "job/"+job.Name)
	if told := fmt.Sprintf(`"tables":%d,"rows":%d`, len(copied), total); err != nil || !strings.Contains(logs, told) {
		s.t.Errorf("the Job's log does not tell %s: %v\n%s", told, err, logs)
	}
}

// rowsOnVolume counts the rows of these tables in the file that the tenant's old server has left.
func (s tenancy) rowsOnVolume(volume string, tables map[string]int) map[string]int {
	s.t.Helper()
	file := filepath.Join(s.cluster.stateDir, "volumes", volume, "frontdesk.db")
	source, err := sql.Open("sqlite", "file:"+file+"?mode=ro&immutable=1")
	if err != nil {
		s.t.Fatal(err)
	}
	defer source.Close()
	found := map[string]int{}
	for table := range tables {
		var rows int
		if err := source.QueryRowContext(s.t.Context(), "SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()).Scan(&rows); err != nil {
			s.t.Fatalf("%s: %v", table, err)
		}
		found[table] = rows
	}
	return found
}

// forgetsItsVolume takes away what is left of the move as docs/databases.md says: migrateFrom, with which the Job goes, and
// then the claim, which Kubernetes keeps as long as a pod names it. No server minds.
func (s tenancy) forgetsItsVolume(api *walkthrough.API) {
	s.t.Helper()
	before := s.containers()
	s.patch("tenant/"+s.name, `{"spec":{"database":{"migrateFrom":null}}}`)
	s.awaitReady()
	if _, err := s.kubectl.Run(s.t.Context(), "delete", "-n", s.namespace, "persistentvolumeclaim/"+walkthrough.NameOf(s.name)+"-data", "--timeout=1m"); err != nil {
		s.t.Fatal(err)
	}
	book(s.t, api, "visit", slots(s.t, api, "visit")[0].Start, customer(3))
	if diff := cmp.Diff(before, s.containers()); diff != "" {
		s.t.Errorf("other containers run (-before +after):\n%s", diff)
	}
}

// A copy that fails leaves SQLite serving, and what is booked then is in the next one, which is made when the Job is
// deleted. A tenant that has moved and goes with its data leaves neither volume nor Job behind.
func TestTenantMovesAtTheSecondAttempt(t *testing.T) {
	t.Parallel()
	logins := suite.database.newLogins(t, "only")
	if err := suite.database.execIn(t.Context(), logins[0].database, "CREATE TABLE bookings (somebody text)"); err != nil {
		t.Fatal(err)
	}
	tenant := newPlainTenant(t)
	api := tenant.api()
	offered := slots(t, api, "visit")
	made := []walkthrough.Booking{book(t, api, "visit", offered[0].Start, customer(1))}

	tenant.apply(secretURL("db", logins[0].url))
	tenant.apply(plainTenant + "  database: {engine: Postgres, postgres: {urlSecretRef: {name: db, key: url}}, migrateFrom: SQLite}\n")
	eventually(t, copyFails, func() error {
		if stalled := meta.FindStatusCondition(tenant.get().Status.Conditions, string(v1alpha1.ConditionStalled)); stalled == nil || stalled.Reason != string(v1alpha1.ReasonMigrating) {
			return fmt.Errorf("Stalled is %+v", stalled)
		}
		return nil
	})
	condition := tenant.awaitCondition(v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonMigrating)
	job := walkthrough.NameOf(tenant.name) + "-migrate"
	if advice := "kubectl delete job -n " + tenant.namespace + " " + job; !strings.Contains(condition.Message, advice) {
		t.Errorf("the message %q does not say: %s", condition.Message, advice)
	}
	tenant.awaitCondition(v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue)
	made = append(made, book(t, api, "visit", offered[1].Start, customer(2)))

	if err := suite.database.execIn(t.Context(), logins[0].database, "DROP TABLE bookings"); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.kubectl.Run(t.Context(), "delete", "job", "-n", tenant.namespace, job); err != nil {
		t.Fatal(err)
	}
	eventually(t, readyTimeout, func() error {
		if now := tenant.get().Status.Database; now == nil || now.Engine != v1alpha1.DatabaseEnginePostgres {
			return fmt.Errorf("the database is %+v", now)
		}
		return nil
	})
	tenant.awaitReady()
	api = tenant.api()
	for _, booking := range made {
		if read, err := api.Booking(t.Context(), booking.ID); err != nil || !read.Start.Equal(booking.Start) {
			t.Errorf("the booking for %s is now %+v: %v", booking.Start, read, err)
		}
	}

	tenant.patch("tenant/"+tenant.name, `{"spec":{"deletionPolicy":"Delete"}}`)
	tenant.has("job.batch/", "persistentvolumeclaim/")
	tenant.delete()
	if err := nothing(tenant.things()); err != nil {
		t.Error(err)
	}
}

// copyFails bounds the wait for the end of a copy that cannot succeed: four attempts, with 10, 20 and 40 s between them.
const copyFails = 3 * time.Minute
