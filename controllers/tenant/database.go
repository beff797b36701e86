package tenant

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

// databaseReady is True when the servers reach the database, by their own account.
func (s *scope) databaseReady(w workload) conditions.Condition {
	const t = v1alpha1.ConditionDatabaseReady
	reason, pending := s.clusterPending()
	switch {
	case s.adoptionRequired():
		return conditions.False(t, v1alpha1.ReasonAdoptionRequired, s.adoptionAdvice())
	case s.server != nil && s.server.blocks():
		return conditions.False(t, reasonOf(s.server.problem.Code), s.server.problem.Message)
	case pending != "":
		return conditions.False(t, reason, pending)
	case s.migration != migrationNone:
		return s.migrationCondition()
	case s.tenant.Spec.RunState == v1alpha1.RunStateSuspended:
		return conditions.Unknown(t, v1alpha1.ReasonSuspended, "nobody asks the database while the tenant is suspended")
	}
	answers := s.answersOf(w.ready)
	for _, answer := range s.answersOf(s.pods) {
		if !answer.Database.Reachable && (answer.Revision != "" || answer.Database.Message != "") {
			return conditions.False(t, v1alpha1.ReasonDatabaseUnreachable, "the server cannot reach the database: "+answer.Database.Message)
		}
	}
	switch {
	case len(answers) > 0:
		return conditions.True(t, v1alpha1.ReasonDatabaseReachable, fmt.Sprintf("%s answers%s", s.tenant.Spec.Database.Engine, s.server.note()))
	case s.claim != nil && s.claim.Status.Phase == corev1.ClaimPending:
		return conditions.False(t, v1alpha1.ReasonProvisioning, fmt.Sprintf("PersistentVolumeClaim %q is not bound to a volume yet", s.claim.Name))
	default:
		return conditions.Unknown(t, v1alpha1.ReasonProvisioning, "no server has said yet whether it reaches the database")
	}
}

// adoptionAdvice says what can be done about a former tenant's data.
func (s *scope) adoptionAdvice() string {
	data := s.blockingData()
	if s.formerCluster != nil && data == client.Object(s.formerCluster) {
		return fmt.Sprintf("Cluster %q was made for a tenant of this name by an earlier release, under a name that cannot be used any more: "+
			"move its data to Cluster %q as docs/databases.md says, or delete it to start empty", data.GetName(), clusterName(s.tenant))
	}
	kind := claimKind.Kind
	if data == client.Object(s.cluster) {
		kind = clusterKind.Kind
	}
	found := fmt.Sprintf("%s %q holds the data of a former tenant of this name: ", kind, data.GetName())
	if s.tenant.Spec.Database.Engine == v1alpha1.DatabaseEngineJSONFile { // whose schema has no adopt
		return found + "give this one another name, or delete it to start empty"
	}
	return found + "set spec.database.adopt to true to take it over, or delete it to start empty"
}

// blocks says that a tenant cannot go on as its spec says. A server that is away is nothing to those who have a
// credential already: they keep serving, and whether they reach it they say themselves.
func (d *serverDatabase) blocks() bool {
	return d.problem != nil && (d.credential == nil || d.problem.Stalled())
}

// note says what is under way behind a database that works.
func (d *serverDatabase) note() string {
	switch {
	case d == nil || d.credential == nil:
		return ""
	case d.problem != nil:
		return "; its password is being rotated: " + d.problem.Message
	case d.credential.Retiring() != 0:
		return "; its password is being rotated: the former one works until every pod has the new one"
	}
	return ""
}

var databaseReasons = map[provision.Code]v1alpha1.ConditionReason{
	provision.ServerUnknown:     v1alpha1.ReasonDatabaseServerUnknown,
	provision.ServerNotAllowed:  v1alpha1.ReasonDatabaseServerNotAllowed,
	provision.ServerUnavailable: v1alpha1.ReasonDatabaseServerUnavailable,
	provision.ServerRefuses:     v1alpha1.ReasonDatabaseServerUnavailable,
	provision.AdoptionRequired:  v1alpha1.ReasonAdoptionRequired,
	provision.Foreign:           v1alpha1.ReasonDatabaseConflict,
	provision.Missing:           v1alpha1.ReasonDatabaseMissing,
	provision.Working:           v1alpha1.ReasonProvisioning,
}

func reasonOf(code provision.Code) v1alpha1.ConditionReason {
	if reason, known := databaseReasons[code]; known {
		return reason
	}
	return v1alpha1.ReasonDatabaseServerFailing
}

// databaseStatus is what the servers last said; it is kept while nobody answers.
func (s *scope) databaseStatus(ready []corev1.Pod) *v1alpha1.DatabaseStatus {
	answers := s.answersOf(ready)
	if len(answers) == 0 {
		return s.tenant.Status.Database
	}
	status := &v1alpha1.DatabaseStatus{
		Engine: v1alpha1.DatabaseEngine(answers[0].Database.Engine), SchemaVersion: answers[0].Database.SchemaVersion,
	}
	for _, answer := range answers[1:] {
		status.SchemaVersion = min(status.SchemaVersion, answer.Database.SchemaVersion)
	}
	return status
}
