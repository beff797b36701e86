package situation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// steps is what to do next, in the order in which it helps. Each advisor knows one kind of trouble.
func (s *Situation) steps() []Step {
	var all []Step
	for _, advise := range []func(*Situation) []Step{
		adviseOperator, adviseDeletion, adviseSecrets, advisePolicies, adviseConfiguration, adviseConflict, adviseFight, adviseApply,
		adviseDatabase, advisePods, adviseRevision, adviseRollout, adviseRoute, adviseSuspension,
	} {
		all = append(all, advise(s)...)
	}
	if len(all) == 0 && !s.Ready {
		do := "Wait: the operator is working on it."
		if c, stalled := s.failing(v1alpha1.ConditionStalled); stalled {
			do = fmt.Sprintf("Mend what is in the way: %s. The operator goes on by itself.", strings.TrimSuffix(c.Message, "."))
		}
		all = append(all, Step{do, []string{
			s.command("wait --for=condition=Ready tenant/%s --timeout=3m", s.Name), s.command("describe tenant %s", s.Name),
		}})
	}
	return all
}

// command is a kubectl command in the tenant's namespace.
func (s *Situation) command(format string, args ...any) string {
	return fmt.Sprintf("kubectl %s -n %s", fmt.Sprintf(format, args...), s.Namespace)
}

// own is a command of this plugin for the tenant.
func (s *Situation) own(format string, args ...any) string {
	return fmt.Sprintf("kubectl frontdesk %s -n %s", fmt.Sprintf(format, args...), s.Namespace)
}

func adviseOperator(s *Situation) []Step {
	if s.Current {
		return nil
	}
	do := "The operator has not looked at this Tenant yet. If that lasts more than some seconds, see whether it runs."
	if len(s.Conditions) > 0 {
		do = "The operator has not looked at the last edit of this Tenant yet. If that lasts more than some seconds, see whether it runs."
	}
	return []Step{{do, []string{
		"kubectl get deployments -A -l app.kubernetes.io/name=frontdesk,app.kubernetes.io/component=operator",
	}}}
}

func adviseDeletion(s *Situation) []Step {
	if !s.Deleting {
		return nil
	}
	return []Step{{"The Tenant is being deleted: what was made for it goes first.", []string{
		s.command("wait --for=delete tenant/%s --timeout=2m", s.Name),
	}}}
}

// adviseSecrets has one step for each Secret, with all entries that it lacks.
func adviseSecrets(s *Situation) []Step {
	var names []string
	lacks := map[string][]Secret{}
	for _, secret := range s.Secrets {
		if secret.Verdict != Wrong {
			continue
		}
		if !slices.Contains(names, secret.Name) {
			names = append(names, secret.Name)
		}
		lacks[secret.Name] = append(lacks[secret.Name], secret)
	}
	var all []Step
	for _, name := range names {
		all = append(all, s.secretStep(name, lacks[name]))
	}
	return all
}

func (s *Situation) secretStep(name string, lacking []Secret) Step {
	var keys, literals, entries []string
	for _, secret := range lacking {
		keys = append(keys, fmt.Sprintf("%q", secret.Key))
		literals = append(literals, fmt.Sprintf("--from-literal=%s='…'", secret.Key))
		entries = append(entries, fmt.Sprintf("%q:%q", secret.Key, "…"))
	}
	what := "with the key " + keys[0]
	if len(keys) > 1 {
		what = "with the keys " + strings.Join(keys, ", ")
	}
	if lacking[0].Exists {
		return Step{
			fmt.Sprintf("Complete the Secret %s %s, which %s names. The tenant goes on by itself.", name, what, lacking[0].Field),
			[]string{s.command("patch secret %s -p '{\"stringData\":{%s}}'", name, strings.Join(entries, ","))},
		}
	}
	return Step{
		fmt.Sprintf("Create the Secret %s %s, which %s names. The tenant goes on by itself.", name, what, lacking[0].Field),
		[]string{s.command("create secret generic %s %s", name, strings.Join(literals, " "))},
	}
}

func advisePolicies(s *Situation) []Step {
	var all []Step
	for _, policy := range s.Policies {
		if policy.Verdict != Wrong {
			continue
		}
		if c, failing := s.failing(v1alpha1.ConditionConfigurationValid, v1alpha1.ReasonBookingPolicyNotFound); failing && strings.Contains(c.Message, fmt.Sprintf("%q", policy.Name)) {
			all = append(all, Step{
				fmt.Sprintf("Create the BookingPolicy %s, or name one that there is.", policy.Name),
				[]string{s.command("get bookingpolicies"), s.command("edit tenant %s", s.Name)},
			})
			continue
		}
		all = append(all, Step{fmt.Sprintf("Mend the BookingPolicy %s: %s", policy.Name, policy.State), []string{s.command("edit bookingpolicy %s", policy.Name)}})
	}
	return all
}

func adviseConfiguration(s *Situation) []Step {
	c, failing := s.failing(v1alpha1.ConditionConfigurationValid)
	elsewhere := []string{string(v1alpha1.ReasonBookingPolicyNotFound), string(v1alpha1.ReasonBookingPolicyInvalid), string(v1alpha1.ReasonUnknownHolidayCalendar)}
	if !failing || slices.Contains(elsewhere, c.Reason) {
		return nil
	}
	return []Step{{
		"Mend the Tenant's spec: " + c.Message,
		[]string{s.command("edit tenant %s", s.Name), "kubectl frontdesk render -f FILE    # checks files before you apply them"},
	}}
}

func adviseConflict(s *Situation) []Step {
	c, failing := s.failing(v1alpha1.ConditionDegraded, v1alpha1.ReasonNameConflict)
	if !failing {
		return nil
	}
	kind, name := objectIn(c.Message)
	return []Step{{
		fmt.Sprintf("Rename or delete the %s %s, if nobody needs it: the tenant needs the name, and the operator never touches what is not its own.", kind, name),
		[]string{s.command("get %s %s -o yaml", strings.ToLower(kind), name), s.command("delete %s %s", strings.ToLower(kind), name)},
	}}
}

func adviseRevision(s *Situation) []Step {
	if c, failing := s.failing(v1alpha1.ConditionReady, v1alpha1.ReasonRevisionRefused); failing {
		return []Step{{"The server does not take the configuration: " + c.Message, []string{s.own("logs %s --level warn", s.Name)}}}
	}
	return nil
}

func adviseRoute(s *Situation) []Step {
	c, failing := s.failing(v1alpha1.ConditionRouteAccepted)
	if !failing || c.Verdict != Wrong {
		return nil
	}
	do := "See to the route: " + c.Message
	switch v1alpha1.ConditionReason(c.Reason) {
	case v1alpha1.ReasonHostNotAllowed:
		do = "Choose a host that the platform allows in this namespace, or ask the platform's team for this one: " + c.Message
	case v1alpha1.ReasonHostTaken:
		do = "Choose another host, or have the other tenant let go of it: " + c.Message
	}
	return []Step{{do, []string{s.command("edit tenant %s", s.Name)}}}
}

func adviseSuspension(s *Situation) []Step {
	if !s.Suspended || s.Deleting {
		return nil
	}
	return []Step{{"To let it serve again, resume it.", []string{s.own("resume %s --wait", s.Name)}}}
}
