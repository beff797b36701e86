package situation

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// unready is the situation of a tenant with conditions, of which those that are False or True as they should not be are
// in the way.
func unready(engine v1alpha1.DatabaseEngine, conditions ...metav1.Condition) *Situation {
	return &Situation{
		Namespace: "dental", Name: "bright", Current: true, Database: Database{Engine: string(engine), MigrateFrom: "SQLite"},
		Conditions: conditionsOf(conditions), operator: usualOperator,
	}
}

func fails(kind v1alpha1.ConditionType, reason v1alpha1.ConditionReason, message string) metav1.Condition {
	status := metav1.ConditionFalse
	if slices.Contains(adverse, kind) {
		status = metav1.ConditionTrue
	}
	return metav1.Condition{Type: string(kind), Status: status, Reason: string(reason), Message: message}
}

func TestEachReasonHasItsOwnStep(t *testing.T) {
	t.Parallel()
	database := func(reason v1alpha1.ConditionReason, message string) []metav1.Condition {
		return []metav1.Condition{fails(v1alpha1.ConditionDatabaseReady, reason, message)}
	}
	const stalled, degraded = v1alpha1.ConditionStalled, v1alpha1.ConditionDegraded
	for _, test := range []struct {
		name       string
		engine     v1alpha1.DatabaseEngine
		conditions []metav1.Condition
		// says are parts of the one step, commands included, in this order; saysNot are in none.
		says, saysNot []string
	}{
		{"unknown server", "Postgres", database(v1alpha1.ReasonDatabaseServerUnknown, "no server"), []string{"Name another", "no server", "edit tenant bright"}, []string{"logs bright"}},
		{"server away", "Postgres", database(v1alpha1.ReasonDatabaseServerUnavailable, "refused"), []string{"tries again by itself", "wait --for", "kubectl logs -n frontdesk-system"}, []string{"logs bright"}},
		{"server fails", "Postgres", database(v1alpha1.ReasonDatabaseServerFailing, "42501"), []string{"42501", "kubectl logs -n frontdesk-system"}, []string{"logs bright"}},
		{"conflict", "Postgres", database(v1alpha1.ReasonDatabaseConflict, "was made for another tenant"), []string{"another name", "describe tenant bright"}, []string{"logs bright"}},
		{"missing", "Postgres", database(v1alpha1.ReasonDatabaseMissing, "is gone"), []string{"Restore", "delete secret frontdesk-bright-db", "gives the data up"}, []string{"logs bright"}},
		{"no CloudNativePG", "CloudNativePG", database(v1alpha1.ReasonAPINotInstalled, "has no CloudNativePG"), []string{"install what is missing"}, []string{"logs bright"}},
		{"unreachable", "Postgres", database(v1alpha1.ReasonDatabaseUnreachable, "refused"), []string{"password", "frontdesk logs bright"}, nil},
		{"volume of a former tenant", "SQLite", database(v1alpha1.ReasonAdoptionRequired, `PersistentVolumeClaim "frontdesk-bright-data" holds the data`), []string{`"adopt":true`, "delete persistentvolumeclaim frontdesk-bright-data"}, nil},
		{"file of a former tenant", "JSONFile", database(v1alpha1.ReasonAdoptionRequired, `PersistentVolumeClaim "frontdesk-bright-data" holds the data`), []string{"delete persistentvolumeclaim"}, []string{"adopt"}},
		{"cluster of a former tenant", "CloudNativePG", database(v1alpha1.ReasonAdoptionRequired, `Cluster "frontdesk-bright" holds the data`), []string{`"adopt":true`, "delete clusters.postgresql.cnpg.io frontdesk-bright"}, nil},
		{"database of a former tenant", "Postgres", database(v1alpha1.ReasonAdoptionRequired, `database "fd_x" on server "shared" exists already: set adopt, or have it dropped`), []string{"have it dropped", `"adopt":true`}, []string{"kubectl delete"}},
		{"copy that failed", "Postgres", append(database(v1alpha1.ReasonMigrating, "could not be copied"), fails(stalled, v1alpha1.ReasonMigrating, "could not be copied")), []string{"logs job/frontdesk-bright-migrate", "delete job frontdesk-bright-migrate"}, nil},
		{"copy under way", "Postgres", database(v1alpha1.ReasonMigrating, "copies"), []string{"Wait"}, []string{"delete job"}},
		{"fight with nobody known", "SQLite", []metav1.Condition{fails(degraded, v1alpha1.ReasonFightingAnotherController, `Service "frontdesk-bright" is changed again and again by somebody: have that stopped`)}, []string{"by somebody", "get service frontdesk-bright"}, []string{"Wait"}},
		{"object that is refused", "SQLite", []metav1.Condition{fails(degraded, v1alpha1.ReasonApplyFailed, "exceeded quota"), fails(stalled, v1alpha1.ReasonApplyFailed, "exceeded quota")}, []string{"exceeded quota", "get resourcequotas"}, []string{"Wait"}},
		{"object that could not be written", "SQLite", []metav1.Condition{fails(degraded, v1alpha1.ReasonApplyFailed, "timeout")}, []string{"tries again", "timeout", "kubectl logs -n frontdesk-system"}, []string{"get resourcequotas"}},
		{"update that waits behind a halt", "SQLite", []metav1.Condition{{Type: string(v1alpha1.ConditionProgressing), Status: metav1.ConditionFalse, Reason: string(v1alpha1.ReasonRolloutHalted)}}, []string{"helm rollback frontdesk", resumeAnnotation}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			steps := unready(test.engine, test.conditions...).steps()
			if len(steps) != 1 {
				t.Fatalf("there are %d steps: %+v", len(steps), steps)
			}
			text := steps[0].Do + "\n" + strings.Join(steps[0].Commands, "\n")
			rest := text
			for _, part := range test.says {
				_, after, found := strings.Cut(rest, part)
				if !found {
					t.Fatalf("it does not say %q there:\n%s", part, text)
				}
				rest = after
			}
			for _, part := range test.saysNot {
				if strings.Contains(text, part) {
					t.Errorf("it says %q:\n%s", part, text)
				}
			}
		})
	}
}

// The copy did not fail: there may be no Job, and to delete one changes nothing.
func TestAMoveThatWasCalledOffIsToGoOn(t *testing.T) {
	t.Parallel()
	s := unready(v1alpha1.DatabaseEnginePostgres,
		fails(v1alpha1.ConditionDatabaseReady, v1alpha1.ReasonMigrating, "the data has not moved"),
		fails(v1alpha1.ConditionStalled, v1alpha1.ReasonMigrating, "the data has not moved"))
	s.Database.MigrateFrom = ""
	var text strings.Builder
	for _, step := range s.steps() {
		text.WriteString(step.Do + "\n" + strings.Join(step.Commands, "\n") + "\n")
	}
	if got := text.String(); !strings.Contains(got, `"migrateFrom":"SQLite"`) || strings.Contains(got, "delete job") {
		t.Errorf("the steps are:\n%s", got)
	}
}
