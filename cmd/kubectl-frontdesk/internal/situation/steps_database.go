package situation

import (
	"fmt"
	"strings"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// databaseAdvice is what to do for the reasons of DatabaseReady whose cause is the tenant's own, or a server's that
// the platform's team looks after. Each is followed by what the condition says.
var databaseAdvice = map[v1alpha1.ConditionReason]struct {
	do       string
	commands func(*Situation) []string
}{
	v1alpha1.ReasonDatabaseServerUnknown: {
		"Name another database server, or have the platform's team define this one",
		func(s *Situation) []string { return []string{s.command("edit tenant %s", s.Name)} },
	},
	v1alpha1.ReasonDatabaseServerNotAllowed: {
		"Name a database server that is open to this namespace, or have the platform's team open this one",
		func(s *Situation) []string { return []string{s.command("edit tenant %s", s.Name)} },
	},
	v1alpha1.ReasonDatabaseServerUnavailable: {
		"Have the platform's team look at the database server and at the Secret of its administrator, if it does not pass: the operator tries again by itself",
		func(s *Situation) []string {
			return []string{s.command("wait --for=condition=DatabaseReady tenant/%s --timeout=5m", s.Name), s.operatorLogs()}
		},
	},
	v1alpha1.ReasonDatabaseServerFailing: {
		"Have the platform's team look at the database server: it does not do what the operator asks of it",
		func(s *Situation) []string { return []string{s.operatorLogs()} },
	},
	v1alpha1.ReasonDatabaseConflict: {
		"Have what is in the way renamed or removed where it is, or give the tenant another name; adopting does not take it over",
		func(s *Situation) []string { return []string{s.command("describe tenant %s", s.Name)} },
	},
	v1alpha1.ReasonDatabaseMissing: {
		"Restore the database from a backup. Only if its data is given up: deleting the Secret makes an empty one",
		func(s *Situation) []string {
			return []string{s.command("delete secret frontdesk-%s-db", s.Name) + "    # gives the data up"}
		},
	},
	v1alpha1.ReasonAPINotInstalled: {
		"Have the platform's team install what is missing, or choose another engine",
		func(s *Situation) []string { return []string{s.command("edit tenant %s", s.Name)} },
	},
	v1alpha1.ReasonDatabaseUnreachable: {
		"See that the database runs, that the servers have a way to it, and that its password is still the one that they were given",
		func(s *Situation) []string { return []string{s.own("logs %s --level warn", s.Name)} },
	},
}

func adviseDatabase(s *Situation) []Step {
	c, failing := s.failing(v1alpha1.ConditionDatabaseReady)
	if !failing {
		return nil
	}
	switch reason := v1alpha1.ConditionReason(c.Reason); reason {
	case v1alpha1.ReasonAdoptionRequired:
		return s.adoptionSteps(c)
	case v1alpha1.ReasonMigrating:
		return s.migrationSteps(c)
	default:
		advice, known := databaseAdvice[reason]
		if !known {
			return nil
		}
		return []Step{{advice.do + ": " + strings.TrimSuffix(c.Message, ".") + ".", advice.commands(s)}}
	}
}

// adoptionSteps offers both ways. Where the data is, the message says: a volume or a Cluster in the tenant's namespace,
// or a database on a server of the platform, which is that team's to drop.
func (s *Situation) adoptionSteps(c Condition) []Step {
	var commands []string
	if s.Database.Engine != string(v1alpha1.DatabaseEngineJSONFile) { // whose schema has no adopt
		commands = append(commands, s.command("patch tenant %s --type=merge -p '{\"spec\":{\"database\":{\"adopt\":true}}}'", s.Name)+"    # takes it over")
	}
	switch kind, name := objectIn(c.Message); kind {
	case "PersistentVolumeClaim":
		commands = append(commands, s.command("delete persistentvolumeclaim %s", name)+"    # gives the data up, and starts empty")
	case "Cluster":
		commands = append(commands, s.command("delete clusters.postgresql.cnpg.io %s", name)+"    # gives the data up, and starts empty")
	}
	return []Step{{"Decide about the data of the former tenant of this name: " + c.Message, commands}}
}

// migrationSteps has something to say only of a move that was called off before its end, and of a copy that failed: one that is
// under way needs nobody.
func (s *Situation) migrationSteps(c Condition) []Step {
	if _, stalled := s.failing(v1alpha1.ConditionStalled, v1alpha1.ReasonMigrating); !stalled {
		return nil
	}
	if s.Database.MigrateFrom == "" {
		return []Step{{
			"Put migrateFrom back until the data has moved: " + c.Message + ".",
			[]string{s.command("patch tenant %s --type=merge -p '{\"spec\":{\"database\":{\"migrateFrom\":\"SQLite\"}}}'", s.Name)},
		}}
	}
	job := fmt.Sprintf("frontdesk-%s-migrate", s.Name)
	return []Step{{
		"See why the data could not be copied, mend that, then delete the Job to have it tried again. Until then the old database serves.",
		[]string{s.command("logs job/%s", job), s.command("delete job %s", job)},
	}}
}
